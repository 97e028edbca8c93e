package codec_test

import (
	"encoding/json"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

// loadAs loads text into a T.
func loadAs[T any](c codec.Codec, text string) (v T, err error) {
	err = c.Load(strings.NewReader(text), &v)
	return v, err
}

func TestLoadGivesTheValue(t *testing.T) {
	tests := []struct {
		name string
		c    codec.Codec
		text string
		want any
	}{
		{"JSON", codec.JSON(), " {\"a\": [1, \"x\"]} \n", map[string]any{"a": []any{json.Number("1"), "x"}}},
		{"JSON null", codec.JSON(), "null", nil},
		{"JSON after a BOM", codec.JSON(), "\ufeff1", json.Number("1")},
		{"JSON keeps every digit", codec.JSON(), "[12345678901234567890123, 0.10, 1E400]",
			[]any{json.Number("12345678901234567890123"), json.Number("0.10"), json.Number("1E400")}},
		{"JSON blank", codec.JSON(codec.AllowEmpty()), " \n\t\r\n", nil},
		{"JSONC", codec.JSONC(), "// one\n{\"a\": /* two\n*/ [1, 2, // three\n], \"u\": \"http://x/*,]*/\\\"//\",\r\n/**/}//", map[string]any{
			"a": []any{json.Number("1"), json.Number("2")}, "u": `http://x/*,]*/"//`}},
		{"JSONC comments alone", codec.JSONC(codec.AllowEmpty()), "// nothing\n/* here */", nil},
		{"JSONC invalid UTF-8 in a comment", codec.JSONC(), "/* \xff */ 1", json.Number("1")},
		{"YAML", codec.YAML(), "\ufeffa: [1, x]\n", map[string]any{"a": []any{1, "x"}}},
		{"YAML blank", codec.YAML(), "", nil},
		{"YAML comments alone", codec.YAML(codec.AllowEmpty()), "# nothing\n", nil},
		{"YAML ended by dots", codec.YAML(), "---\na: 1\n...\n", map[string]any{"a": 1}},
		{"YAML anchors and merges", codec.YAML(), "x: &x {a: 1}\ny: {<<: *x, b: 2}", map[string]any{
			"x": map[string]any{"a": 1}, "y": map[string]any{"a": 1, "b": 2}}},
		{"YAML uint64", codec.YAML(), "18446744073709551615", uint64(math.MaxUint64)},
		{"TOML", codec.TOML(), "\ufeffa = [1, 'x']\n", map[string]any{"a": []any{int64(1), "x"}}},
		{"TOML blank", codec.TOML(codec.AllowEmpty()), "", map[string]any{}},
		{"Text", codec.Text(), "a\r\n\x00", "a\r\n\x00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := loadAs[any](test.c, test.text)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%#v, %v; want %#v", got, err, test.want)
			}
		})
	}
}

type narrow struct {
	A int    `json:"a" yaml:"a" toml:"a"`
	U uint64 `json:"u" yaml:"u" toml:"u"`
}

func TestDecodeErrorsSayWhere(t *testing.T) {
	const none = int64(-1)
	tests := []struct {
		name         string
		c            codec.Codec
		text         string
		format       string
		line, column int
		offset       int64
		says         string
	}{
		{"JSON syntax", codec.JSON(), "{\n \"a\": }", "json", 2, 7, 8, "invalid character '}'"},
		{"JSON syntax after a BOM", codec.JSON(), "\ufeff{\n \"a\": }", "json", 2, 7, 11, "invalid character '}'"},
		{"JSON cut short", codec.JSON(), "{\n \"a\": 1", "json", 2, 8, 9, "unexpected end"},
		{"JSON cut in a string", codec.JSON(), "{\"a", "json", 1, 4, 3, "unexpected end"},
		{"JSON followed by bytes", codec.JSON(), "{}\n{}", "json", 2, 1, 3, "after top-level value"},
		{"JSON type", codec.JSON(), "{\n\"a\": \"x\"}", "json", 2, 9, 10, "cannot unmarshal string"},
		{"JSON number too large", codec.JSON(), "{\"a\": 1e3}", "json", 1, 10, 9, "number 1e3"},
		{"JSON blank", codec.JSON(), " \n", "json", 2, 1, 2, "codec.AllowEmpty"},
		{"JSON invalid UTF-8", codec.JSON(), "{\"a\xff\": 1}", "json", 1, 4, 3, "not valid UTF-8"},
		{"JSON unknown key", codec.JSON(codec.Strict()), "{\"b\": 1}", "json", 0, 0, none, `unknown field "b"`},
		{"JSONC after a comment", codec.JSONC(), "/* x */ // y\n{\"a\": x}", "jsonc", 2, 7, 19, "invalid character 'x'"},
		{"JSONC endless comment", codec.JSONC(), "{}\n /* x", "jsonc", 2, 2, 4, "no end"},
		{"JSONC blank", codec.JSONC(), "// x\n", "jsonc", 2, 1, 5, "blank"},
		{"JSONC two commas", codec.JSONC(), "[1,,]", "jsonc", 1, 4, 3, "invalid character ','"},
		{"JSONC only a comma", codec.JSONC(), "[,]", "jsonc", 1, 2, 1, "invalid character ','"},
		{"JSONC comma for a value", codec.JSONC(), "{\"a\":,}", "jsonc", 1, 6, 5, "invalid character ','"},
		{"JSONC comma at the end", codec.JSONC(), "{},", "jsonc", 1, 3, 2, "invalid character ','"},
		{"JSONC slash", codec.JSONC(), "{}/", "jsonc", 1, 3, 2, "invalid character '/'"},
		{"YAML syntax", codec.YAML(), "a: 1\nb: [", "yaml", 2, 0, none, "did not find"},
		{"YAML type", codec.YAML(), "\na: x\nu: y\n", "yaml", 2, 0, none, "cannot unmarshal !!str"},
		{"YAML duplicate key", codec.YAML(), "a: 1\na: 2\n", "yaml", 2, 0, none, "already defined"},
		{"YAML second document", codec.YAML(), "a: 1\n---\na: 2\n", "yaml", 2, 1, none, "second document"},
		{"YAML broken second document", codec.YAML(), "a: 1\n---\na: ]\n", "yaml", 2, 0, none, "did not find"},
		{"YAML control character", codec.YAML(), "a: \x00", "yaml", 0, 0, none, "control characters"},
		{"YAML unknown key", codec.YAML(codec.Strict()), "a: 1\nb: 2\n", "yaml", 2, 0, none, "field b not found"},
		{"TOML syntax", codec.TOML(), "a = 1\nb = = 2", "toml", 2, 5, 10, "expected value"},
		{"TOML syntax after a BOM", codec.TOML(), "\ufeffa = 1\nb = = 2", "toml", 2, 5, 13, "expected value"},
		{"TOML type", codec.TOML(), "u = 1\na = 'x'", "toml", 2, 0, none, "incompatible types"},
		{"TOML unknown key", codec.TOML(codec.Strict()), "a = 1\n[b]\nc = 1", "toml", 0, 0, none, "no field for b, b.c"},
		{"TOML negative in unsigned", codec.TOML(), "u = -1", "toml", 0, 0, none, "U is -1 in the file"},
		{"TOML in UTF-16", codec.TOML(), "\xff\xfe", "toml", 1, 1, 0, "not valid UTF-8"},
		{"Text of a struct", codec.Text(), "x", "text", 0, 0, none, "codec_test.narrow can't be loaded"},
		{"Gzip of plain text", codec.Gzip(codec.JSON()), "{}", "gzip", 0, 0, none, "EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadAs[narrow](test.c, test.text)
			e, ok := errors.AsType[*errors.DecodeError](err)
			if !ok || !errors.Is(err, errors.ErrDecode) {
				t.Fatalf("not a decode error: %v", err)
			}
			if e.Format != test.format || e.Line != test.line || e.Column != test.column || e.Offset != test.offset {
				t.Errorf("%s, line %d, column %d, offset %d; want %s, %d, %d, %d\n%v",
					e.Format, e.Line, e.Column, e.Offset, test.format, test.line, test.column, test.offset, err)
			}
			if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), ": "+test.format+": ") {
				t.Errorf("the text is %q", err)
			}
		})
	}
}

func TestTheLibrarysErrorIsInTheChain(t *testing.T) {
	_, err := loadAs[narrow](codec.JSON(), `{"a": "x"}`)
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok || typ.Field != "a" {
		t.Errorf("%v", err)
	}
	_, err = loadAs[narrow](codec.YAML(), "a: x")
	if _, ok := errors.AsType[*yaml.TypeError](err); !ok {
		t.Errorf("%v", err)
	}
}

// touchy is a type whose own methods misbehave.
type touchy struct{}

var errTouchy = errors.New("touchy")

func (*touchy) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"panic"`:
		panic(errTouchy)
	case `"inner"`:
		return json.Unmarshal([]byte(`{"a": }`), new(any))
	}
	return errTouchy
}

func (*touchy) UnmarshalYAML(*yaml.Node) error { panic(errTouchy) }
func (*touchy) UnmarshalTOML(any) error        { panic("touchy") }

func TestAPanicOfAUsersMethodIsADecodeError(t *testing.T) {
	if _, err := loadAs[map[string]touchy](codec.YAML(), "a: 1"); !errors.Is(err, errors.ErrDecode) || !errors.Is(err, errTouchy) {
		t.Errorf("%v", err)
	}
	if _, err := loadAs[map[string]touchy](codec.TOML(), "a = 1"); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "panic: touchy") {
		t.Errorf("%v", err)
	}
}

func TestAUsersMethodMayFailOrPanic(t *testing.T) {
	for text, want := range map[string]error{`"panic"`: errTouchy, `"other"`: errTouchy, `"inner"`: errors.ErrDecode} {
		_, err := loadAs[map[string]touchy](codec.JSON(), `{"x": `+text+`}`)
		e, ok := errors.AsType[*errors.DecodeError](err)
		if !ok || !errors.Is(err, want) || e.Offset != -1 {
			t.Errorf("%s: %v, offset of an inner text: %v", text, err, e)
		}
	}
}

func TestYAMLAliasBombsAreRefused(t *testing.T) {
	var text strings.Builder
	text.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		prev := "*a" + string(rune('0'+(i-1)%10+(i-1)/10*('a'-'0'))) + ", "
		name := string(rune('0' + i%10 + i/10*('a'-'0')))
		text.WriteString("a" + name + ": &a" + name + " [" + strings.Repeat(prev, 10) + "]\n")
	}
	start := time.Now()
	_, err := loadAs[any](codec.YAML(), text.String())
	if !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "excessive aliasing") {
		t.Errorf("%v", err)
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("it took %v", d)
	}
}

// touchless takes whatever its table holds.
type touchless struct{}

func (*touchless) UnmarshalTOML(any) error { return nil }

func TestStrictTOMLKnowsWhatIsInsideInterfaces(t *testing.T) {
	type inner struct {
		N int `toml:"n"`
	}
	type embedded struct{ E int }
	type strict struct {
		embedded
		Free   any                `toml:"free"`
		Raw    map[string]any     `toml:"raw"`
		ByName map[string]*inner  `toml:"by_name"`
		List   []inner            `toml:"list"`
		When   time.Time          `toml:"when"`
		Skip   int                `toml:"-"`
		Deep   map[string][]inner `toml:"deep"`
		Own    touchless          `toml:"own"`
		Late   toml.Primitive     `toml:"late"`
		Scalar int                `toml:"scalar"`
	}
	known := "E = 1\nwhen = 2020-01-01T00:00:00Z\n[free.a.b]\nc = 1\n[raw.x]\ny = 1\n[by_name.k]\nN = 1\n[[list]]\nn = 1\n[[deep.x]]\nn=2\n[own]\nx = 1\n[late]\ny = {z = 1}\n"
	v, err := loadAs[strict](codec.TOML(codec.Strict()), known)
	if err != nil || v.List[0].N != 1 || v.E != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	for text, name := range map[string]string{
		"x = 1": "x", "Skip = 1": "Skip", "[by_name.k]\nz = 1": "by_name.k.z", "[[list]]\nz = 1": "list.z", "[[deep.x]]\nz = 1": "deep.x.z",
	} {
		if _, err := loadAs[strict](codec.TOML(codec.Strict()), text); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := loadAs[strict](codec.TOML(), text); err != nil {
			t.Errorf("%q without Strict: %v", text, err)
		}
	}
	if _, err := loadAs[any](codec.TOML(codec.Strict()), known); err != nil {
		t.Error(err)
	}
}

func TestTypesWithoutInterfacesLoadTheirNumbersDirectly(t *testing.T) {
	type tree struct {
		N    float64
		Next *tree
		Raw  json.RawMessage
	}
	v, err := loadAs[tree](codec.JSON(), `{"N": 1.5, "Next": {"N": 2}, "Raw": [1,  2]}`)
	if err != nil || v.N != 1.5 || v.Next.N != 2 || string(v.Raw) != "[1,  2]" {
		t.Errorf("%+v, %v", v, err)
	}
	type mixed struct {
		I any
		F float64
	}
	m, err := loadAs[map[string][]mixed](codec.JSON(), `{"a": [{"I": 12345678901234567890, "F": 1}]}`)
	if err != nil || m["a"][0].I != json.Number("12345678901234567890") || m["a"][0].F != 1 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestTextLoadsIntoPointersAndTextUnmarshalers(t *testing.T) {
	s, err := loadAs[*string](codec.Text(), "x")
	if err != nil || *s != "x" {
		t.Errorf("%v, %v", s, err)
	}
	when, err := loadAs[*time.Time](codec.Text(), "2020-01-02T03:04:05Z")
	if err != nil || when.Year() != 2020 {
		t.Errorf("%v, %v", when, err)
	}
	for name, load := range map[string]func() error{
		"a bad time":   func() error { _, err := loadAs[*time.Time](codec.Text(), "x"); return err },
		"an int":       func() error { _, err := loadAs[int](codec.Text(), "1"); return err },
		"a pointer":    func() error { _, err := loadAs[*int](codec.Text(), "1"); return err },
		"an interface": func() error { _, err := loadAs[io.Reader](codec.Text(), "1"); return err },
	} {
		testkit.WantIs(t, name, load(), errors.ErrDecode)
	}
}
