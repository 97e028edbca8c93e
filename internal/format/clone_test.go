package format

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"testing"
	"time"
)

type linked struct {
	Name string
	Next *linked
	Any  any
}

func TestACloneOfAValueThatHoldsItselfEnds(t *testing.T) {
	v := &linked{Name: "a"}
	v.Next = v
	m := map[string]any{}
	m["self"] = m
	v.Any = m
	c := Clone(v)
	if c == v || c.Next != c || c.Name != "a" {
		t.Errorf("the copy is %p with %p in it, of %p", c, c.Next, v)
	}
	c.Any.(map[string]any)["more"] = 1
	if len(m) != 1 {
		t.Error("the copy shares its map")
	}
}

type hidden struct{ Depth int }

// numbers are types that decode themselves, and what embeds.
type numbers struct {
	*Sides
	hidden
	Big   big.Int
	Ref   *big.Int
	At    *url.URL
	Raw   json.RawMessage
	Addr  netip.Addr
	Since time.Time
	Zone  *time.Location `json:"-"`
	own   map[string]int
}

// Sides is embedded by a pointer.
type Sides struct{ Left, Right string }

func newNumbers() numbers {
	return numbers{
		Sides: &Sides{"l", "r"}, hidden: hidden{3}, Big: *big.NewInt(1 << 40), Ref: big.NewInt(1 << 41),
		At: &url.URL{Scheme: "https", Host: "h"}, Raw: json.RawMessage(`{"a":1}`), Addr: netip.MustParseAddr("::1"),
		Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), Zone: time.Local, own: map[string]int{"a": 1},
	}
}

// decoding is as much of a format as LoadOver needs.
type decoding struct{ Codec }

func (decoding) Load(text []byte, v any) error { return json.Unmarshal(text, v) }

func TestTypesThatDecodeThemselvesKeepAndLoseTheirDefaults(t *testing.T) {
	f := Format{Settings: Settings{Format: "json"}, Codec: decoding{}}
	def := newNumbers()
	for text, change := range map[string]func(n *numbers){
		`{}`:                     func(*numbers) {},
		`{"Left":"x","Depth":0}`: func(n *numbers) { n.Left, n.Depth = "x", 0 },
		`{"Big":0,"Ref":7,"Raw":[],"Addr":"::2"}`: func(n *numbers) {
			n.Big, n.Ref, n.Raw, n.Addr = *big.NewInt(0), big.NewInt(7), json.RawMessage("[]"), netip.MustParseAddr("::2")
		},
		`{"Big":7,"Ref":null,"At":null,"Sides":null,"Since":"0001-01-01T00:00:00Z"}`: func(n *numbers) {
			n.Big, n.Ref, n.At, n.Since = *big.NewInt(7), nil, nil, time.Time{}
		},
	} {
		got, want := Clone(def), newNumbers()
		if err := f.LoadOver([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		change(&want)
		if got.Big.Cmp(&want.Big) != 0 {
			t.Errorf("%s: Big is %v, want %v", text, &got.Big, &want.Big)
		}
		got.Big, want.Big = big.Int{}, big.Int{}
		if got.Ref != nil && want.Ref != nil && got.Ref.Cmp(want.Ref) == 0 {
			got.Ref, want.Ref = nil, nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
		if again := newNumbers(); !reflect.DeepEqual(def, again) {
			t.Fatalf("%s: the defaults became %+v", text, def)
		}
	}
}
