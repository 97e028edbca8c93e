package format_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// valueMaker makes random types, values and changes of values.
type valueMaker struct {
	r       *rand.Rand
	format  string
	deletes bool // a change took something away
}

type RandomBase struct {
	ID   int
	Name string `yaml:"name"`
}

type randomTree struct {
	V    int                    `yaml:"v"`
	Kids []randomTree           `yaml:"kids" json:",omitempty" toml:",omitempty"`
	Next *randomTree            `yaml:"next"`
	By   map[string]*randomTree `yaml:"by,omitempty" json:"by" toml:"by"`
}

// randomZero is left out by omitzero in a way of its own.
type randomZero struct{ X, Y int }

func (z randomZero) IsZero() bool { return z.X == z.Y }

// randomPair encodes and decodes itself as a text.
type randomPair struct{ a, b string }

func (p randomPair) MarshalText() ([]byte, error) { return []byte(p.a + "/" + p.b), nil }
func (p *randomPair) UnmarshalText(text []byte) error {
	p.a, p.b, _ = strings.Cut(strings.ToLower(string(text)), "/")
	return nil
}

// randomSelf decodes itself: all of it depends on N.
type randomSelf struct {
	N int            `json:"n" yaml:"n" toml:"n"`
	M map[string]int `json:"m" yaml:"m" toml:"m"`
}

func (s *randomSelf) UnmarshalJSON(text []byte) error {
	type plain randomSelf
	err := json.Unmarshal(text, (*plain)(s))
	return s.after(err)
}

func (s *randomSelf) UnmarshalYAML(n *yaml.Node) error {
	type plain randomSelf
	return s.after(n.Decode((*plain)(s)))
}

func (s *randomSelf) after(err error) error {
	if s.N == 0 {
		s.M = nil
	}
	return err
}

type randomName string

var randomScalars = []reflect.Type{
	reflect.TypeFor[int](), reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[bool](),
	reflect.TypeFor[float64](), reflect.TypeFor[float32](), reflect.TypeFor[uint16](), reflect.TypeFor[int8](), reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](),
	reflect.TypeFor[any](), reflect.TypeFor[any](), reflect.TypeFor[randomName](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[[]byte](),
}

func (g *valueMaker) typ(depth int) reflect.Type {
	if depth <= 0 {
		if g.format[0] == 'j' && g.r.IntN(8) == 0 {
			return []reflect.Type{reflect.TypeFor[json.Number](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[*big.Int]()}[g.r.IntN(3)]
		}
		return randomScalars[g.r.IntN(len(randomScalars))]
	}
	switch g.r.IntN(14) {
	case 0, 1:
		return reflect.SliceOf(g.typ(depth - 1))
	case 2:
		return reflect.SliceOf(g.record(depth - 1))
	case 3:
		return reflect.ArrayOf(g.r.IntN(4), g.typ(depth-1))
	case 4, 5:
		return reflect.MapOf(reflect.TypeFor[string](), g.typ(depth-1))
	case 6:
		keys := []reflect.Type{reflect.TypeFor[randomName](), reflect.TypeFor[randomPair](), reflect.TypeFor[int]()}
		if g.format == "toml" {
			return reflect.MapOf(keys[0], g.typ(depth-1))
		}
		return reflect.MapOf(keys[g.r.IntN(3)], g.typ(depth-1))
	case 7, 8, 9:
		return g.record(depth - 1)
	case 10:
		return reflect.PointerTo(g.record(depth - 1))
	case 11:
		return reflect.PointerTo(reflect.PointerTo(g.typ(depth - 1)))
	case 12:
		own := []reflect.Type{reflect.TypeFor[randomTree](), reflect.TypeFor[randomZero](), reflect.TypeFor[randomPair](), reflect.TypeFor[randomSelf](),
			reflect.TypeFor[map[string]any](), reflect.TypeFor[[]any]()}
		if g.r.IntN(4) == 0 {
			return own[2+g.r.IntN(4)]
		}
		return own[[]int{0, 0, 1, 4, 5}[g.r.IntN(5)]]
	}
	return g.typ(0)
}

var randomOptions = []string{"", "", "", "", ",omitempty", ",omitzero", ",string", ",flow"}

// record makes a struct.
func (g *valueMaker) record(depth int) reflect.Type {
	var fields []reflect.StructField
	names := []string{"Name", "ID", "Alpha", "Beta", "Gamma", "name", "items", "b c", "ä", "Key", "List", "V"}
	g.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	used := map[string]bool{}
	for i := range g.r.IntN(6) + 1 {
		name := names[i]
		if g.format != "json" && used[strings.ToLower(name)] {
			continue
		}
		used[strings.ToLower(name)] = true
		option := randomOptions[g.r.IntN(len(randomOptions))]
		tags := fmt.Sprintf(`json:"%s%s" toml:"%s%s" yaml:"%s%s"`, name, strings.ReplaceAll(option, ",flow", ""),
			name, strings.ReplaceAll(strings.ReplaceAll(option, ",flow", ""), ",string", ""), strings.ToLower(name), strings.ReplaceAll(strings.ReplaceAll(option, ",omitzero", ""), ",string", ""))
		fields = append(fields, reflect.StructField{Name: fmt.Sprint("F", i), Type: g.typ(depth), Tag: reflect.StructTag(tags)})
	}
	if g.r.IntN(8) == 0 && !used["id"] && !used["name"] || g.format == "json" && g.r.IntN(8) == 0 {
		base := reflect.TypeFor[RandomBase]()
		if g.r.IntN(2) == 0 {
			base = reflect.PointerTo(base)
		}
		fields = append(fields, reflect.StructField{Name: "RandomBase", Type: base, Anonymous: true, Tag: `yaml:",inline"`})
	}
	return reflect.StructOf(fields)
}

func (g *valueMaker) text() string {
	if g.r.IntN(3) > 0 {
		return []string{"", "a", "b", "key-1", "a.b", "1", "true", "ä", "x y", "~", "1e3", "a: b", "# no", "2024-01-02", "Name", "name", "NAME", "ID"}[g.r.IntN(18)]
	}
	var s []rune
	for range g.r.IntN(6) {
		s = append(s, []rune{'\n', '\t', rune(0x20 + g.r.IntN(0x5F)), rune(0xA0 + g.r.IntN(0x400)), '"', '\'', '\\', '#', ':', '[', '\uFEFF', '\u0085', '\u2028', 0x1F600, 'x', 'y'}[g.r.IntN(16)])
	}
	return string(s)
}

// key is a key that the decoder can read wherever it is; that of TOML loses some empty ones.
func (g *valueMaker) key() string {
	if s := g.text(); s != "" || g.format != "toml" {
		return s
	}
	return "empty"
}

func (g *valueMaker) mapKey(t reflect.Type) reflect.Value {
	if t.Kind() == reflect.String {
		return reflect.ValueOf(g.key()).Convert(t)
	}
	return g.value(t, 0)
}

func (g *valueMaker) plain(depth int) any {
	kinds := 8
	if depth <= 0 {
		kinds = 5
	}
	switch g.r.IntN(kinds) {
	case 0:
		return g.text()
	case 1:
		return g.r.IntN(10)
	case 2:
		return g.r.IntN(2) == 0
	case 3:
		return float64(g.r.IntN(1000))/8 + 0.0625
	case 4:
		if g.format == "toml" {
			return "x"
		}
		return nil
	case 5:
		list := []any{}
		for range g.r.IntN(4) {
			list = append(list, g.plain(depth-1))
		}
		return list
	}
	m := map[string]any{}
	for range g.r.IntN(4) {
		m[g.key()] = g.plain(depth - 1)
	}
	return m
}

func (g *valueMaker) value(t reflect.Type, depth int) reflect.Value {
	v := reflect.New(t).Elem()
	switch t {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(g.r.Int64N(1<<31), g.r.Int64N(2)*g.r.Int64N(1e9)).UTC()))
		return v
	case reflect.TypeFor[json.Number]():
		v.SetString([]string{"0", "1", "-7", "1.50", "1e3", "-0"}[g.r.IntN(6)])
		return v
	case reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte([]string{"0", `{"a":1,"A":2}`, `[1,2.0,{"x":null}]`, `"s"`, `{"b":{"c":[1]},"a":1}`}[g.r.IntN(5)]))
		return v
	case reflect.TypeFor[*big.Int]():
		v.Set(reflect.ValueOf(big.NewInt(g.r.Int64())))
		return v
	case reflect.TypeFor[netip.Addr]():
		v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{10, 0, 0, byte(g.r.IntN(5))})))
		return v
	case reflect.TypeFor[randomPair]():
		v.Set(reflect.ValueOf(randomPair{[]string{"a", "b", "c"}[g.r.IntN(3)], "x"}))
		return v
	}
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(g.r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int64:
		v.SetInt(int64(g.r.IntN(6)) - 1)
	case reflect.Uint16:
		v.SetUint(uint64(g.r.IntN(7)))
	case reflect.Float32, reflect.Float64:
		v.SetFloat([]float64{0, 1, -1.5, 1e6, 1e21, 1e-7, math.Copysign(0, -1), 0.1}[g.r.IntN(8)])
	case reflect.String:
		v.SetString(g.text())
	case reflect.Interface:
		if x := g.plain(depth); x != nil {
			v.Set(reflect.ValueOf(x))
		} else {
			v.Set(reflect.ValueOf("nil"))
		}
	case reflect.Pointer:
		if depth > 0 && g.r.IntN(5) > 0 {
			v.Set(reflect.New(t.Elem()))
			v.Elem().Set(g.value(t.Elem(), depth-1))
		}
	case reflect.Slice:
		n := g.r.IntN(6)
		if depth <= 0 {
			n = 0
		}
		v.Set(reflect.MakeSlice(t, n, n))
		for i := range n {
			v.Index(i).Set(g.value(t.Elem(), depth-1))
		}
	case reflect.Array:
		for i := range t.Len() {
			v.Index(i).Set(g.value(t.Elem(), depth-1))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		for range g.r.IntN(5) * min(1, max(depth, 0)) {
			v.SetMapIndex(g.mapKey(t.Key()), g.value(t.Elem(), depth-1))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if v.Field(i).CanSet() {
				v.Field(i).Set(g.value(t.Field(i).Type, depth-1))
			}
		}
	}
	return v
}
