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

// Retold is a library's error with another text: without the prefix or the position, which the
// error around it has already.
type Retold struct {
	Text string
	Err  error
}

// maxText limits the text of a library's error, in bytes, since some errors quote a whole file.
const maxText = 1000

func (e *Retold) Error() string {
	if len(e.Text) <= maxText {
		return e.Text
	}
	return strings.ToValidUTF8(e.Text[:maxText/2]+" … "+e.Text[len(e.Text)-maxText/2:], "")
}
func (e *Retold) Unwrap() error { return e.Err }

// DecodeFailure gives a decode error at an offset in data; -1 means that the offset is unknown.
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

// LineFailure gives a decode error with the line that the text of a library's error names. For some
// syntax errors yaml.v3 names the line before.
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

// EncodeFailure gives an encode error that names the Go type. advice says what to do.
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

// Guard runs fn and turns a panic of fn into an error, which wraps the panic value if that is an
// error. A runtime.Goexit is not stopped, since recover returns nil for it.
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

// WithoutBOM removes a leading byte order mark of UTF-8, and gives its length.
func WithoutBOM(data []byte) ([]byte, int64) {
	rest, found := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	if found {
		return rest, 3
	}
	return rest, 0
}

// Shift adds the length of a byte order mark that was removed to the offset of a decode error.
func Shift(err error, by int64) error {
	if e, ok := errors.AsType[*errors.DecodeError](err); ok && e.Offset >= 0 {
		e.Offset += by
	}
	return err
}

// Addressable gives a pointer to v's value, so that encoders find methods with pointer receivers. A
// pointer is returned as it is, except a pointer to an interface: its value is used, since an
// encoder would not find the value's methods.
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

// NotUTF8 gives a decode error at the first byte of data that is not valid UTF-8.
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

// Indirect follows pointers and interfaces, at most CycleDepth of them, since they may form a cycle.
func Indirect(v reflect.Value) reflect.Value {
	for range CycleDepth {
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface || v.IsNil() {
			break
		}
		v = v.Elem()
	}
	return v
}

// Blank reports whether data holds nothing but the white space of JSON.
func Blank(data []byte) bool {
	for _, b := range data {
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return false
		}
	}
	return true
}
