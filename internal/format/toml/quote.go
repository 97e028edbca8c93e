package toml

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// keyText gives the key for a part as it is spelled.
func keyText(spelled string) string {
	switch {
	case len(spelled) < 2:
		return spelled
	case spelled[0] == '\'':
		return spelled[1 : len(spelled)-1]
	case spelled[0] != '"':
		return spelled
	}
	// If this is no string, the comparison with the decoded value finds it.
	key, _ := decodeScalar(spelled).(string)
	return key
}

// quoteKey spells a key, with quotes if it needs them, or always.
func quoteKey(key string, always bool) string {
	bare := key != ""
	for i := range len(key) {
		bare = bare && isBare(key[i])
	}
	if bare && !always {
		return key
	}
	return basic(key)
}

// basic spells a string in double quotes.
func basic(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		default:
			escaped(&b, r, true)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func escaped(b *strings.Builder, r rune, quote bool) {
	switch {
	case r == '"' && quote:
		b.WriteString(`\"`)
	case r == '\\':
		b.WriteString(`\\`)
	case r == '\b':
		b.WriteString(`\b`)
	case r == '\f':
		b.WriteString(`\f`)
	case r == '\r':
		b.WriteString(`\r`)
	case r < ' ' || r == 0x7f:
		fmt.Fprintf(b, `\u%04X`, r)
	default:
		b.WriteRune(r)
	}
}

// multiline spells a string in three double quotes, with its line breaks as line breaks.
func multiline(s string) string {
	var b strings.Builder
	b.WriteString(`"""` + "\n")
	quotes := 0
	for _, r := range s {
		if r == '"' {
			quotes++
		} else {
			quotes = 0
		}
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case quotes == 3:
			b.WriteString(`\"`)
			quotes = 0
		default:
			escaped(&b, r, false)
		}
	}
	if quotes > 0 {
		return strings.TrimSuffix(b.String(), `"`) + `\""""`
	}
	return b.String() + `"""`
}

// literal spells a string in single quotes, if that is possible.
func literal(s string) (string, bool) {
	for _, r := range s {
		if r == '\'' || r < ' ' && r != '\t' || r == 0x7f {
			return "", false
		}
	}
	return "'" + s + "'", true
}

// str spells a string in the style of like, if there is one.
func (w *writer) str(s, like string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("a string is not valid UTF-8")
	}
	if w.style != edit.Follow {
		return basic(s), nil
	}
	lines := strings.Contains(s, "\n") && w.layout.brk == "\n"
	switch {
	case strings.HasPrefix(like, "'''") && lines && !strings.Contains(s, "'''") && !strings.HasSuffix(s, "'"):
		if _, ok := literal(strings.NewReplacer("\n", "", "'", "").Replace(s)); ok {
			return "'''\n" + s + "'''", nil
		}
		return multiline(s), nil
	case len(like) > 3 && (strings.HasPrefix(like, `"""`) || strings.HasPrefix(like, "'''")) && lines:
		return multiline(s), nil
	case strings.HasPrefix(like, "'"):
		if text, ok := literal(s); ok {
			return text, nil
		}
	}
	return basic(s), nil
}

// scalar spells a value in the style of like, if both have the same kind.
func (w *writer) scalar(n *edit.Node, like string) (string, error) {
	follow := w.style == edit.Follow
	switch n.Type {
	case edit.TypeString:
		return w.str(n.Value, like)
	case edit.TypeInt:
		if follow {
			return edit.SpellInt(n.Value, like), nil
		}
		return n.Value, nil
	case edit.TypeFloat:
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return float(f), nil
		}
		return n.Value, nil
	case edit.TypeTime:
		if follow && len(like) > 10 && len(n.Value) > 10 && n.Value[10] == 'T' && (like[10] == ' ' || like[10] == 't') {
			return n.Value[:10] + like[10:11] + n.Value[11:], nil
		}
		return n.Value, nil
	case edit.TypeBool:
		return n.Value, nil
	}
	return "", fmt.Errorf("TOML has no %s", strings.TrimPrefix(n.Type, "!!"))
}
