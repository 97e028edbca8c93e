package format

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
)

// Retold is an error with another text: a library's error without the prefix or
// position that the error around it states already.
type Retold struct {
	Text string
	Err  error
}

// maxText is how many bytes of a library's error are told: some quote a whole file.
const maxText = 1000

func (e *Retold) Error() string {
	if len(e.Text) <= maxText {
		return e.Text
	}
	return strings.ToValidUTF8(e.Text[:maxText/2]+" … "+e.Text[len(e.Text)-maxText/2:], "")
}
func (e *Retold) Unwrap() error { return e.Err }

// DecodeFailure is a decode error at an offset in data; -1 is an unknown one.
func DecodeFailure(format string, data []byte, offset int64, err error) error {
	e := &errors.DecodeError{Format: format, Offset: offset, Err: err}
	if offset >= 0 && offset <= int64(len(data)) {
		before := data[:offset]
		e.Line = 1 + bytes.Count(before, []byte{'\n'})
		e.Column = len(before) - bytes.LastIndexByte(before, '\n')
	}
	return e
}

var (
	prefix = regexp.MustCompile(`^(json|yaml|toml|unmarshal errors): *`)
	atLine = regexp.MustCompile(`^line (\d+)(?:: | )`)
)

// LineFailure is a decode error of a library that tells the line in its text
// alone. For some syntax errors yaml.v3 tells the line before.
func LineFailure(format string, err error) error {
	e := &errors.DecodeError{Format: format, Offset: -1}
	text := err.Error()
	for prefix.MatchString(text) {
		text = strings.TrimSpace(prefix.ReplaceAllString(text, ""))
	}
	if m := atLine.FindStringSubmatch(text); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	e.Err = &Retold{Text: strings.ReplaceAll(text, "\n  ", "; "), Err: err}
	return e
}

// EncodeFailure is an encode error; it names the Go type, advice says what to do.
func EncodeFailure(format string, v any, err error, advice string) error {
	text := fmt.Sprintf("%s: %s", TypeName(v), prefix.ReplaceAllString(err.Error(), ""))
	if advice != "" {
		text += "; " + advice
	}
	return &errors.EncodeError{Format: format, Err: &Retold{Text: text, Err: err}}
}

// TypeName is the Go type of a value, as errors name it.
func TypeName(v any) string {
	if v == nil {
		return "nil"
	}
	return reflect.TypeOf(v).String()
}

// Guard runs fn and turns a panic of fn into its error, keeping a panic value
// that is an error. A runtime.Goexit goes on, since recover sees none.
func Guard(fn func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("panic: %w", p)
		default:
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return fn()
}

// WithoutBOM drops a leading byte order mark of UTF-8, and says how long it was.
func WithoutBOM(data []byte) ([]byte, int64) {
	rest, found := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	if found {
		return rest, 3
	}
	return rest, 0
}

// Shift moves a decode error's offset past a byte order mark that its decoder
// was not shown.
func Shift(err error, by int64) error {
	if e, ok := errors.AsType[*errors.DecodeError](err); ok && e.Offset >= 0 {
		e.Offset += by
	}
	return err
}

// Addressable gives a pointer to v's value, so that encoders find methods with
// pointer receivers. A pointer is taken as it is, but for one to an interface,
// which would hide the value again.
func Addressable(v any) any {
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer && rv.Elem().Kind() == reflect.Interface {
		v = rv.Elem().Interface()
		rv = reflect.ValueOf(v)
	}
	if !rv.IsValid() || rv.Kind() == reflect.Pointer {
		return v
	}
	p := reflect.New(rv.Type())
	p.Elem().Set(rv)
	return p.Interface()
}

// NotUTF8 is a decode error at the first byte of data that is no UTF-8.
func NotUTF8(format string, data []byte) error {
	at := 0
	for at < len(data) {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return DecodeFailure(format, data, int64(at), errors.New("not valid UTF-8; save the file in that encoding"))
}

// Indirect follows pointers and interfaces, though not those that go in a circle for ever.
func Indirect(v reflect.Value) reflect.Value {
	for range CycleDepth {
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface || v.IsNil() {
			break
		}
		v = v.Elem()
	}
	return v
}

// Blank reports whether data is white space alone, as JSON has it.
func Blank(data []byte) bool {
	for _, b := range data {
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return false
		}
	}
	return true
}
