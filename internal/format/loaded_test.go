package format_test

import (
	stdjson "encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/yaml"
	"github.com/holdfast-go/holdfast/internal/testkit"
	yamlv3 "gopkg.in/yaml.v3"
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

func counting(f format.Format, opened *int) format.Format {
	f.Codec = counted{f.Codec, opened}
	return f
}

// loadAndEdit is what a handle does for one Update of an int to n, and reports whether
// the text was taken for the handle's own without an encoding.
func loadAndEdit(t *testing.T, c format.Format, text string, n int, last *format.LastWrite) (out string, known bool) {
	t.Helper()
	type config struct{ N, M int }
	var v config
	var opened int
	e := format.Editor{Format: counting(c, &opened)}
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

// updateAny is an Update of a map, as a handle does it.
func updateAny(t *testing.T, c format.Format, text string, last *format.LastWrite, change func(v map[string]any)) (out string, known bool) {
	t.Helper()
	var v map[string]any
	var opened int
	e := format.Editor{Format: counting(c, &opened)}
	o, err := e.Load([]byte(text), &v, last)
	testkit.Must(t, err)
	known = opened == 0
	change(v)
	enc, err := e.Dump(v)
	testkit.Must(t, err)
	last.Encoded(enc, v)
	edited, _, err := o.Edit(enc, reflect.TypeFor[map[string]any]())
	testkit.Must(t, err)
	return string(edited), known
}

// arrayWithComment writes a comment into TOML.
type arrayWithComment struct{}

func (arrayWithComment) MarshalTOML() ([]byte, error) { return []byte("[1, # one\n 2]"), nil }

func TestWhatAValueInAnInterfaceWroteInItsOwnWayStaysWhenTheHandleWritesAgain(t *testing.T) {
	type ordered struct{ B, A int }
	for _, c := range []struct {
		codec format.Format
		own   string
		value any
	}{
		{yaml.New(settings("yaml")), "a: 1\n", &yamlv3.Node{Kind: yamlv3.ScalarNode, Value: "5", HeadComment: "# why"}},
		{yaml.New(settings("yaml")), "a: 1\n", struct {
			List []int `yaml:",flow"`
		}{[]int{1, 2}}},
		{yaml.New(settings("yaml")), "a: 1\n", stdjson.Number("1e3")},
		{toml.New(settings("toml")), "a = 1\n", arrayWithComment{}},
		{json.New(settings("json")), "{\n  \"a\": 1\n}\n", ordered{1, 2}},
		{json.NewWithComments(settings("jsonc")), "{\n  \"a\": 1\n}\n", []any{ordered{1, 2}}},
	} {
		var last format.LastWrite
		text, _ := updateAny(t, c.codec, c.own, &last, func(v map[string]any) { v["x"] = c.value })
		got, known := updateAny(t, c.codec, text, &last, func(v map[string]any) { v["a"] = 2 })
		if want := strings.Replace(text, "1", "2", 1); known || got != want {
			t.Errorf("known: %t, got\n%s\nwant\n%s", known, got, want)
		}
	}
}

func TestAMapThatTheHandleWroteItselfIsNotEncodedToCompareIt(t *testing.T) {
	for _, c := range []struct {
		codec format.Format
		own   string
	}{
		{yaml.New(settings("yaml")), "a: 1\n"},
		{toml.New(settings("toml")), "a = 1\n"},
		{json.New(settings("json")), "{\n  \"a\": 1\n}\n"},
	} {
		var last format.LastWrite
		add := func(v map[string]any) {
			v["b"] = map[string]any{"list": []any{1.5, "x", true}}
			v["n"] = len(v)
		}
		text, known := updateAny(t, c.codec, c.own, &last, add)
		if known {
			t.Error("a text that was not written here is known")
		}
		if _, known = updateAny(t, c.codec, text, &last, add); !known {
			t.Errorf("the text is not known:\n%s", text)
		}
	}
}

func TestAKnownTextStillHasToDecode(t *testing.T) {
	var last format.LastWrite
	var opened int
	last.Set("json 2", []byte("{"))
	_, err := format.Editor{Format: counting(json.New(settings("json")), &opened)}.Load([]byte("{"), new(struct{}), &last)
	if !errors.Is(err, errors.ErrDecode) || opened > 0 {
		t.Errorf("%v, want ErrDecode; the text is known: %t", err, opened == 0)
	}
}

// An excerpt proves no less than the whole text does.
func TestAnEditIsRefusedIfAnEmptyMapInItLoadsAsNone(t *testing.T) {
	type inner struct {
		M map[string]int `json:",omitempty"`
	}
	type config struct {
		N  int
		In inner `json:",omitzero"`
	}
	for _, c := range []struct {
		codec format.Format
		text  string
	}{
		{json.NewWithComments(settings("jsonc")), "{\n  \"N\": 1 // c\n}\n"},
		{json.New(settings("json")), "{ \"N\": 1 }\n"},
	} {
		var v config
		e := format.Editor{Format: c.codec}
		o, err := e.Load([]byte(c.text), &v, nil)
		testkit.Must(t, err)
		v.In.M = map[string]int{}
		enc, err := e.Dump(v)
		testkit.Must(t, err)
		if got, _, err := o.Edit(enc, reflect.TypeFor[config]()); !errors.Is(err, errors.ErrEncode) {
			t.Errorf("%v, want ErrEncode; got\n%s", err, got)
		}
	}
}
