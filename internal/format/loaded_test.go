package format_test

import (
	"reflect"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// counted counts the texts that are loaded with the intention to encode what they hold.
type counted struct {
	format.Codec
	opened *int
}

func (c counted) Open(text []byte, t reflect.Type) format.Opened {
	*c.opened++
	return c.Codec.Open(text, t)
}

// loadAndEdit is what a handle does for one Update of an int to n, and reports whether
// the text was taken for the handle's own without an encoding.
func loadAndEdit(t *testing.T, c format.Codec, text string, n int, last *format.LastWrite) (out string, known bool) {
	t.Helper()
	type config struct{ N, M int }
	var v config
	var opened int
	e := format.Editor{Codec: counted{c, &opened}}
	o, err := e.Load([]byte(text), &v, last)
	testkit.Must(t, err)
	known = opened == 0
	v.N = n
	enc, err := e.Dump(v)
	testkit.Must(t, err)
	edited, _, err := o.Edit(enc, reflect.TypeFor[config]())
	testkit.Must(t, err)
	return string(edited), known
}

func TestWhatAHandleWroteItselfIsNotEncodedToCompareIt(t *testing.T) {
	var last format.LastWrite
	text := "{\n  \"N\": 1,\n  \"M\": 7\n}\n"
	text, known := loadAndEdit(t, json.New(settings("json")), text, 2, &last)
	if known {
		t.Error("a text that was not written here is known")
	}
	text, known = loadAndEdit(t, json.New(settings("json")), text, 3, &last)
	if want := "{\n  \"N\": 3,\n  \"M\": 7\n}\n"; !known || text != want {
		t.Errorf("known: %t, got\n%s", known, text)
	}
	if _, known = loadAndEdit(t, json.New(format.Settings{Format: "json", Indent: 4}), text, 4, &last); known {
		t.Error("a codec that indents otherwise knows the text")
	}
	commented := "{\n  // why\n  \"N\": 3, \"X\": 1, \"M\": 7\n}\n"
	if got, known := loadAndEdit(t, json.NewWithComments(settings("jsonc")), commented, 4, &last); known || got != "{\n  // why\n  \"N\": 4, \"X\": 1, \"M\": 7\n}\n" {
		t.Errorf("known: %t, got\n%s", known, got)
	}
}

func TestAKnownTextStillHasToDecode(t *testing.T) {
	var last format.LastWrite
	var opened int
	last.Set("json 2", []byte("{"))
	_, err := format.Editor{Codec: counted{json.New(settings("json")), &opened}}.Load([]byte("{"), new(struct{}), &last)
	if !errors.Is(err, errors.ErrDecode) || opened > 0 {
		t.Errorf("%v, want ErrDecode; the text is known: %t", err, opened == 0)
	}
}
