package edit

import (
	"strconv"
	"strings"
	"time"
)

// SpellInt spells the decimal integer value like another integer of the same format: in the same base,
// with as many digits, and with the digits in groups if like has groups. A leading zero is the octal
// notation of YAML 1.1.
func SpellInt(value, like string) string {
	v, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return value
	}
	prefix, base := basePrefix(like)
	switch {
	case base != 10 && v >= 0:
		spelled := strings.ReplaceAll(like[len(prefix):], "_", "")
		digits := strconv.FormatInt(v, base)
		if strings.ContainsAny(spelled, "ABCDEF") {
			digits = strings.ToUpper(digits)
		}
		return prefix + strings.Repeat("0", max(0, len(spelled)-len(digits))) + digits
	case base != 10 || !strings.Contains(like, "_"):
		return value
	}
	digits, negative := strings.CutPrefix(value, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "_" + digits[i:]
	}
	if negative {
		return "-" + digits
	}
	return digits
}

// basePrefix gives the prefix of an integer that names its base, and the base.
func basePrefix(spelled string) (prefix string, base int) {
	if len(spelled) < 2 || spelled[0] != '0' {
		return "", 10
	}
	switch spelled[1] {
	case 'x':
		return spelled[:2], 16
	case 'o':
		return spelled[:2], 8
	case 'b':
		return spelled[:2], 2
	}
	return "0", 8
}

// SpellTime spells value, a time in the notation of RFC 3339, with the same parts as like, if no part
// of value is lost: a date stays a date.
func SpellTime(value, like string) string {
	v, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return value
	}
	for _, layout := range []string{
		time.DateOnly,
		"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02t15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02T15:04:05.999999999", "2006-01-02t15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	} {
		if old, err := time.Parse(layout, like); err != nil || old.Format(layout) != like {
			continue
		}
		text := v.Format(layout)
		if again, err := time.Parse(layout, text); err == nil && again.Equal(v) && sameOffset(again, v) {
			return text
		}
	}
	return value
}

func sameOffset(a, b time.Time) bool {
	_, x := a.Zone()
	_, y := b.Zone()
	return x == y
}

// localTime removes the offset from the time value if like is a time without an offset. A program
// that decodes a local date into a time.Time gives it an offset that the text does not have.
func localTime(value, like string) string {
	v, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return value
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05.999999999", "15:04:05.999999999"} {
		if _, err := time.Parse(layout, like); err != nil {
			continue
		}
		text := v.Format(layout)
		if again, err := time.Parse(layout, text); err == nil && again.Format(time.TimeOnly) == v.Format(time.TimeOnly) {
			return text
		}
	}
	return value
}
