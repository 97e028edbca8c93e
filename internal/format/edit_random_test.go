package format_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/yaml"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// TestRandomEditsByOutlineAreEditsOfTheWhole changes values of random types in random texts with
// comments, unknown keys and keys in another case. The edit must give what it gives without
// outlines and excerpts, and that must load as the value that was asked for. No comment and
// no unknown key may be gone unless something was deleted, or the report says so.
func TestRandomEditsByOutlineAreEditsOfTheWhole(t *testing.T) {
	rounds := effort.Of(30, 200, 1500)
	tried := make(map[string]int)
	for round := range rounds {
		for _, c := range []format.Format{json.New(settings("json")), json.NewWithComments(settings("jsonc")), yaml.New(settings("yaml")), toml.New(settings("toml"))} {
			how := oneRandomEdit(t, format.Editor{Format: c}, uint64(round))
			tried[c.Settings.Format+" "+how]++
		}
	}
	t.Log(tried)
}

func oneRandomEdit(t *testing.T, e format.Editor, seed uint64) (how string) {
	t.Helper()
	name := e.Format.Settings.Format
	r := rand.New(rand.NewPCG(seed, 11))
	g := &valueMaker{r: r, format: name}
	typ := g.record(3)
	if r.IntN(6) == 0 {
		typ = reflect.TypeFor[map[string]any]()
	}
	first := reflect.New(typ)
	first.Elem().Set(g.value(typ, 4))
	enc, err := e.Dump(first.Elem().Interface())
	if err != nil {
		return "not encoded"
	}
	doc, err := e.Format.Grammar.Parse(enc)
	if err != nil {
		t.Errorf("seed %d: %s: %v\n%s", seed, typ, err, enc)
		return
	}
	w := newTextMaker(r, name, doc)
	text := w.document(doc.Root, typ)

	v := reflect.New(typ)
	o, err := e.Load(bytes.Clone(text), v.Interface(), nil)
	if err != nil {
		return "not loaded"
	}
	was, wasErr := e.Format.Codec.Encode(v.Elem().Interface())
	for range 1 + r.IntN(3) {
		g.change(v.Elem(), 5)
	}
	enc, err = e.Dump(v.Elem().Interface())
	if err != nil {
		return "not encoded"
	}
	if wasErr != nil || bytes.Equal(was, enc) || bytes.Equal(was, text) {
		return "no edit"
	}
	failed := func(what string, args ...any) {
		t.Errorf("seed %d, %s: %s\n%s\nold:\n%s\nis:\n%s\nwanted:\n%s", seed, name, fmt.Sprintf(what, args...), typ, text, was, enc)
	}
	out, report, err := o.Edit(enc, typ)
	whole, full, wholeErr := editWhole(e, text, was, enc, typ)
	switch {
	case (err == nil) != (wholeErr == nil):
		failed("%v, and %v without outlines", err, wholeErr)
		return
	case err != nil:
		return "refused"
	case full.Rung >= edit.Restyled && report.Rung <= full.Rung && len(report.Gone()) <= len(full.Gone()):
		// A part that is left out can't be written in another style.
	case !bytes.Equal(out, whole) || report.Rung != full.Rung || !slices.Equal(report.Gone(), full.Gone()):
		failed("got %v:\n%s\nwithout outlines %v %v:\n%s", report, out, full.Rung, full.Gone(), whole)
		return
	}
	got := reflect.New(typ)
	if err := e.Format.Codec.Load(out, got.Interface()); err != nil {
		failed("%v:\n%s", err, out)
		return
	}
	again, err := e.Dump(got.Elem().Interface())
	testkit.Must(t, err)
	if !edit.SameData(e.Format.Grammar, again, enc) {
		failed("holds something else:\n%s", out)
	}
	if len(report.Gone()) == 0 && !g.deletes {
		for _, mark := range w.marks {
			if !strings.Contains(string(out), mark) {
				failed("%s is gone, %v:\n%s", mark, report, out)
			}
		}
	}
	return report.Rung.String()
}

// editWhole is an edit that reads everything and leaves nothing out.
func editWhole(e format.Editor, text, was, enc []byte, t reflect.Type) ([]byte, edit.Report, error) {
	f := struct{ edit.Format }{e.Format.Grammar}
	return edit.Edit(f, text, was, enc, edit.Options{Check: func(doc *edit.Document) error {
		v := reflect.New(t)
		if err := e.Format.Codec.Load(doc.Text, v.Interface()); err != nil {
			return err
		}
		is, err := e.Dump(v.Elem().Interface())
		if err == nil && !edit.SameData(e.Format.Grammar, is, enc) {
			err = errors.New("another value")
		}
		return err
	}})
}
