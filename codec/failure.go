package codec

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
)

// retold is an error with another text: a library's error without the prefix or
// position that the error around it states already.
type retold struct {
	text string
	err  error
}

// maxText is how many bytes of a library's error are told: some quote a whole file.
const maxText = 1000

func (e *retold) Error() string {
	if len(e.text) <= maxText {
		return e.text
	}
	return strings.ToValidUTF8(e.text[:maxText/2]+" … "+e.text[len(e.text)-maxText/2:], "")
}
func (e *retold) Unwrap() error { return e.err }

// decodeFailure is a decode error at an offset in data; -1 is an unknown one.
func decodeFailure(format string, data []byte, offset int64, err error) error {
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

// lineFailure is a decode error of a library that tells the line in its text
// alone. For some syntax errors yaml.v3 tells the line before.
func lineFailure(format string, err error) error {
	e := &errors.DecodeError{Format: format, Offset: -1}
	text := err.Error()
	for prefix.MatchString(text) {
		text = strings.TrimSpace(prefix.ReplaceAllString(text, ""))
	}
	if m := atLine.FindStringSubmatch(text); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	e.Err = &retold{text: strings.ReplaceAll(text, "\n  ", "; "), err: err}
	return e
}

// encodeFailure is an encode error; it names the Go type, advice says what to do.
func encodeFailure(format string, v any, err error, advice string) error {
	text := fmt.Sprintf("%s: %s", typeName(v), prefix.ReplaceAllString(err.Error(), ""))
	if advice != "" {
		text += "; " + advice
	}
	return &errors.EncodeError{Format: format, Err: &retold{text: text, err: err}}
}

func typeName(v any) string {
	if v == nil {
		return "nil"
	}
	return reflect.TypeOf(v).String()
}

// guard runs fn and turns a panic of fn into its error, keeping a panic value
// that is an error. A runtime.Goexit goes on, since recover sees none.
func guard(fn func() error) (err error) {
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

// emit passes a complete text to the caller's writer, whose error stays its own.
func emit(w io.Writer, text []byte) error {
	n, err := w.Write(text)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	return err
}

// withoutBOM drops a leading byte order mark of UTF-8, and says how long it was.
func withoutBOM(data []byte) ([]byte, int64) {
	rest, found := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	if found {
		return rest, 3
	}
	return rest, 0
}

// shift moves a decode error's offset past a byte order mark that its decoder
// was not shown.
func shift(err error, by int64) error {
	if e, ok := errors.AsType[*errors.DecodeError](err); ok && e.Offset >= 0 {
		e.Offset += by
	}
	return err
}

// addressable gives a pointer to v's value, so that encoders find methods with
// pointer receivers. A pointer is taken as it is, but for one to an interface,
// which would hide the value again.
func addressable(v any) any {
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

// notUTF8 is a decode error at the first byte of data that is no UTF-8.
func notUTF8(format string, data []byte) error {
	at := 0
	for at < len(data) {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return decodeFailure(format, data, int64(at), errors.New("not valid UTF-8; save the file in that encoding"))
}

// indirect follows pointers and interfaces, though not those that go in a circle for ever.
func indirect(v reflect.Value) reflect.Value {
	for range cycleDepth {
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface || v.IsNil() {
			break
		}
		v = v.Elem()
	}
	return v
}
