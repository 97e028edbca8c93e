package codec_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func positive(p point) error {
	if p.X < 0 {
		return errTouchy
	}
	if p.X == 0 {
		panic("zero")
	}
	return nil
}

func TestValidateChecksBothWays(t *testing.T) {
	c := codec.Validate(codec.JSON(), positive)
	if v, err := loadAs[point](c, `{"X": 1}`); err != nil || v.X != 1 {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := loadAs[any](c, `{"X": 1}`); err != nil || v != any(point{X: 1}) {
		t.Errorf("a handle of any: %#v, %v", v, err)
	}
	for _, v := range []any{point{X: 1}, &point{X: 1}, ptr(any(point{X: 1}))} {
		if text, err := dumped(c, v); err != nil || !strings.Contains(text, `"X": 1`) {
			t.Errorf("%q, %v", text, err)
		}
	}
	_, direct := loadAs[point](c, `{"X": -1}`)
	_, viaAny := loadAs[any](c, `{"X": -1}`)
	for _, err := range []error{direct, viaAny} {
		if !errors.Is(err, errors.ErrDecode) || !errors.Is(err, errTouchy) || err.Error() != "not valid codec_test.point: touchy" {
			t.Errorf("%v", err)
		}
	}
	if text, err := dumped(c, point{X: -1}); !errors.Is(err, errors.ErrEncode) || !errors.Is(err, errTouchy) || text != "" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := loadAs[point](c, `{}`); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "panic: zero") {
		t.Errorf("%v", err)
	}
	if _, err := loadAs[point](c, `{`); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "not valid json") {
		t.Errorf("%v", err)
	}
	if _, err := loadAs[int](c, `1`); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "codec_test.point and the handle holds a int") {
		t.Errorf("%v", err)
	}
	if _, err := dumped(c, 1); !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "the handle holds a int") {
		t.Errorf("%v", err)
	}
}

func TestValidateOfAnInterfaceServesEveryTypeThatHasIt(t *testing.T) {
	c := codec.Validate(codec.JSON(), func(s fmt.Stringer) error {
		if s.String() == "0s" {
			return errTouchy
		}
		return nil
	})
	if _, err := loadAs[reflect.Kind](c, `2`); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]error{`0`: errors.ErrDecode, `x`: errors.ErrDecode} {
		if _, err := loadAs[int](c, text); !errors.Is(err, want) {
			t.Errorf("%v", err)
		}
	}
	_, err := loadAs[zeroSeconds](c, `0`)
	testkit.WantIs(t, "it", err, errTouchy)
}

type zeroSeconds int

func (zeroSeconds) String() string { return "0s" }

func TestValidateKeepsTheEditor(t *testing.T) {
	check := func(s string) error {
		if s == "bad" {
			return errTouchy
		}
		return nil
	}
	plain := codec.Pair(func(io.Reader) (string, error) { return "", nil }, func(io.Writer, string) error { return nil })
	if _, ok := codec.Validate(plain, check).(codec.Editor); ok {
		t.Error("it made an editor of a plain codec")
	}
	c := codec.Validate(codec.Gzip(appending{codec.Text()}), check).(codec.Editor)
	old, err := dumped(c, "a")
	testkit.Must(t, err)
	var out bytes.Buffer
	testkit.Must(t, c.Edit(&out, []byte(old), "b"))
	if got, err := loadAs[string](c, out.String()); err != nil || got != "ab" {
		t.Errorf("%q, %v", got, err)
	}
	out.Reset()
	if err := c.Edit(&out, []byte(old), "bad"); !errors.Is(err, errors.ErrEncode) || !errors.Is(err, errTouchy) || out.Len() > 0 {
		t.Errorf("%v", err)
	}
}
