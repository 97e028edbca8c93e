package codectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
)

func TestAGoodCodecPasses(t *testing.T) {
	Run(t, codec.JSON(), "", "x", "é\n")
	Run[any](t, codec.Text(), "x")
}

// pairOf makes a codec that is broken in ways Pair would prevent.
type pairOf struct {
	load func(io.Reader, *string) error
	dump func(io.Writer, string) error
}

func (c pairOf) Load(r io.Reader, v any) error { return c.load(r, v.(*string)) }

func (c pairOf) Dump(w io.Writer, v any) error {
	if p, ok := v.(*string); ok {
		v = *p
	}
	return c.dump(w, v.(string))
}

func loadJSON(r io.Reader, v *string) error { return codec.JSON().Load(r, v) }
func dumpJSON(w io.Writer, v string) error  { return codec.JSON().Dump(w, v) }

// Each rule is shown a codec that breaks it, and must say so.
func TestEachRuleCanFail(t *testing.T) {
	var calls atomic.Int64
	broken := map[string]struct {
		c    codec.Codec
		says string
	}{
		"RoundTrip": {pairOf{loadJSON, func(w io.Writer, v string) error { return dumpJSON(w, strings.ToUpper(v)) }}, "another value"},
		"Deterministic": {pairOf{loadJSON, func(w io.Writer, v string) error {
			_, err := fmt.Fprintf(w, "%*s%q", calls.Add(1), "", v)
			return err
		}}, "other bytes"},
		"DumpTakesPointers": {pointerless{}, "Dump failed"},
		"SeesWhatIsCutOff": {pairOf{func(r io.Reader, v *string) error {
			data, err := io.ReadAll(r)
			*v = strings.Trim(string(data), `"`)
			return err
		}, func(w io.Writer, v string) error { _, err := fmt.Fprintf(w, "%s\"", v); return err }}, "was cut off"},
		"SeesWhatIsAdded": {pairOf{func(r io.Reader, v *string) error {
			return json.NewDecoder(r).Decode(v)
		}, dumpJSON}, "after the value"},
		"ReportsReaderAndWriter": {pairOf{func(r io.Reader, v *string) error {
			data, _ := io.ReadAll(r)
			return codec.JSON().Load(bytes.NewReader(data), v)
		}, dumpJSON}, "the reader's error"},
		"SurvivesDamage": {pairOf{func(r io.Reader, v *string) error {
			if err := loadJSON(r, v); err != nil {
				panic(err)
			}
			return nil
		}, dumpJSON}, "panicked"},
		"ConcurrentUse": {pairOf{func(r io.Reader, v *string) error {
			if calls.Add(1)%7 == 0 {
				panic("shared state")
			}
			return loadJSON(r, v)
		}, dumpJSON}, "several goroutines"},
	}
	for _, r := range rules[string]() {
		if r.name == "KeepsNoInput" {
			continue // strings can't alias; see below
		}
		b, ok := broken[r.name]
		if !ok {
			t.Errorf("no codec breaks %s", r.name)
			continue
		}
		if err := checked(r, b.c, "hello"); err == nil || !strings.Contains(err.Error(), b.says) {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}

// pointerless is JSON that refuses pointers.
type pointerless struct{}

func (pointerless) Load(r io.Reader, v any) error { return codec.JSON().Load(r, v) }

func (pointerless) Dump(w io.Writer, v any) error {
	if _, ok := v.(*string); ok {
		return fmt.Errorf("a pointer")
	}
	return codec.JSON().Dump(w, v)
}

// aliasing keeps the bytes it was given, and scribbling changes them.
type aliasing struct{ scribble bool }

func (c aliasing) Load(r io.Reader, v any) error {
	data := r.(*codec.Source).Bytes()
	if c.scribble && len(data) > 0 {
		data[0]++
	}
	*v.(*[]byte) = data
	return nil
}

func (aliasing) Dump(w io.Writer, v any) error { _, err := w.Write(v.([]byte)); return err }

func TestKeepingOrChangingTheInputIsSeen(t *testing.T) {
	for scribble, says := range map[bool]string{false: "keeps bytes of the input", true: "changes the bytes"} {
		if err := keepsNoInput(aliasing{scribble}, []byte("abc")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v", err)
		}
	}
}

func TestTheOtherWaysARuleCanFail(t *testing.T) {
	unwritable := pairOf{loadJSON, func(io.Writer, string) error { return fmt.Errorf("no") }}
	for _, r := range rules[string]() {
		if err := checked(r, unwritable, "x"); err == nil {
			t.Errorf("%s accepts a codec that can't dump", r.name)
		}
	}
	unreadable := pairOf{func(io.Reader, *string) error { return fmt.Errorf("no") }, dumpJSON}
	for _, check := range []func(codec.Codec, string) error{roundTrip[string], keepsNoInput[string]} {
		if check(unreadable, "x") == nil {
			t.Error("a codec that can't load what it wrote is accepted")
		}
	}
	silent := pairOf{loadJSON, func(w io.Writer, v string) error { _ = dumpJSON(w, v); return nil }}
	if err := reportsReaderAndWriter(silent, "x"); err == nil || !strings.Contains(err.Error(), "the writer's error") {
		t.Errorf("%v", err)
	}
	both := prefixed{}
	if err := dumpTakesPointers(both, "x"); err == nil || !strings.Contains(err.Error(), "otherwise than the value") {
		t.Errorf("%v", err)
	}
}

// prefixed dumps pointers in another way than values.
type prefixed struct{}

func (prefixed) Load(r io.Reader, v any) error { return codec.JSON().Load(r, v) }

func (prefixed) Dump(w io.Writer, v any) error { _, err := fmt.Fprintf(w, "%T", v); return err }
