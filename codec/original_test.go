package codec

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/editing"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// loadAndEdit is what a handle does for one Update of an int to n, and reports whether
// the text was taken for the handle's own without an encoding.
func loadAndEdit(t *testing.T, c Codec, text string, n int, last *editing.LastWrite) (out string, known bool) {
	t.Helper()
	type config struct{ N, M int }
	var v config
	e := c.(editor)
	o, err := e.load([]byte(text), 0, &v, last)
	testkit.Must(t, err)
	v.N = n
	enc, err := e.dumpStable(v)
	testkit.Must(t, err)
	var w bytes.Buffer
	testkit.Must(t, o.edit(&w, enc, reflect.TypeFor[config]()))
	return w.String(), len(o.was) > 0 && &o.was[0] == &o.text[0]
}

func TestWhatAHandleWroteItselfIsNotEncodedToCompareIt(t *testing.T) {
	var last editing.LastWrite
	text := "{\n  \"N\": 1,\n  \"M\": 7\n}\n"
	text, known := loadAndEdit(t, JSON(), text, 2, &last)
	if known {
		t.Error("a text that was not written here is known")
	}
	text, known = loadAndEdit(t, JSON(), text, 3, &last)
	if want := "{\n  \"N\": 3,\n  \"M\": 7\n}\n"; !known || text != want {
		t.Errorf("known: %t, got\n%s", known, text)
	}
	if _, known = loadAndEdit(t, JSON(Indent(4)), text, 4, &last); known {
		t.Error("a codec that indents otherwise knows the text")
	}
	commented := "{\n  // why\n  \"N\": 3, \"X\": 1, \"M\": 7\n}\n"
	if got, known := loadAndEdit(t, JSONC(), commented, 4, &last); known || got != "{\n  // why\n  \"N\": 4, \"X\": 1, \"M\": 7\n}\n" {
		t.Errorf("known: %t, got\n%s", known, got)
	}
}

func TestAKnownTextStillHasToDecode(t *testing.T) {
	var last editing.LastWrite
	e := JSON().(editor)
	last.Set(e.style(), []byte("{"))
	if _, err := e.load([]byte("{"), 0, new(struct{}), &last); !errors.Is(err, errors.ErrDecode) {
		t.Errorf("%v, want ErrDecode", err)
	}
}
