package edit

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func str(s string) *Node { return NewScalar(TypeString, s) }

func num(i int) *Node { return NewScalar(TypeInt, strconv.Itoa(i)) }

func named(anchor string, n *Node) *Node {
	n.Anchor = anchor
	return n
}

func alias(n *Node) *Node { return &Node{Kind: Alias, Value: n.Anchor, Target: n} }

func merging(source *Node, n *Node) *Node {
	n.Entries = append([]Entry{{Key: NewScalar("!!merge", "<<"), Value: source, Merge: true}}, n.Entries...)
	return n
}

// relink gives the tree as a parser would: every alias refers to the node that
// has its anchor now. It fails on an alias without anchor.
func relink(n *Node, anchors map[string]*Node) (*Node, error) {
	if n.Kind == Alias {
		target := anchors[n.Value]
		if target == nil {
			return nil, errors.New("unknown anchor " + n.Value)
		}
		return alias(target), nil
	}
	c := &Node{Kind: n.Kind, Type: n.Type, Value: n.Value, Text: n.Text, Anchor: n.Anchor}
	if c.Anchor != "" {
		anchors[c.Anchor] = c
	}
	for _, e := range n.Entries {
		var err error
		if e.Key != nil {
			if e.Key, err = relink(e.Key, anchors); err != nil {
				return nil, err
			}
		}
		if e.Value, err = relink(e.Value, anchors); err != nil {
			return nil, err
		}
		c.Entries = append(c.Entries, e)
	}
	return c, nil
}

// settleTree does with trees what a climber does with texts.
func settleTree(t *testing.T, root, want *Node) *Node {
	t.Helper()
	for range 20 {
		doc := &Document{Root: root, Indirect: true}
		now, err := doc.Effective()
		testkit.Must(t, err)
		ops := Diff(now, want)
		if len(ops) == 0 {
			return root
		}
		if root, err = relink(plan(doc, ops, way{removal: drop}).root.Result(), map[string]*Node{}); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the operations do not come to an end")
	return nil
}

// shared has a map that is merged into one and stands in another.
func shared() *Node {
	base := named("base", mapping("image", str("a"), "limits", mapping("cpu", num(1), "mem", num(2))))
	return mapping("base", base, "web", merging(alias(base), mapping("port", num(80))), "job", mapping("unit", alias(base)))
}

func TestEffectiveResolvesAliasesMergesAndRepeatedKeys(t *testing.T) {
	a, b := named("a", mapping("x", num(1), "z", num(3))), named("b", mapping("x", num(2), "y", num(2)))
	both := &Node{Kind: List, Entries: []Entry{{Value: alias(a)}, {Value: alias(b)}}}
	doc := &Document{Indirect: true, Root: mapping("a", a, "b", b, "m", merging(both, mapping("z", num(9), "k", num(1), "k", num(2))), "s", merging(num(1), mapping()))}
	got, err := doc.Effective()
	testkit.Must(t, err)
	want := mapping("a", mapping("x", num(1), "z", num(3)), "b", mapping("x", num(2), "y", num(2)),
		"m", mapping("z", num(9), "k", num(2), "x", num(1), "y", num(2)), "s", mapping())
	if !Same(got, want) {
		t.Errorf("%d differences", len(Diff(got, want)))
	}
}

func TestEffectiveRefusesWhatHasNoEnd(t *testing.T) {
	own := named("own", list("a"))
	own.Entries = append(own.Entries, Entry{Value: alias(own)})
	laughs := named("l0", list("ha", "ha"))
	root := &Node{Kind: List, Entries: []Entry{{Value: laughs}}}
	for i := range 40 {
		laughs = named("l"+strconv.Itoa(i+1), &Node{Kind: List, Entries: []Entry{{Value: alias(laughs)}, {Value: alias(laughs)}}})
		root.Entries = append(root.Entries, Entry{Value: laughs})
	}
	for name, n := range map[string]*Node{"itself": own, "a billion laughs": root} {
		if _, err := (&Document{Root: n, Indirect: true}).Effective(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPlanWithAliasesReachesWhatIsWanted(t *testing.T) {
	for name, change := range map[string]func(m map[string]*Node){
		"anchored scalar": func(m map[string]*Node) { m["base"] = mapping("image", str("b"), "limits", m["limits"]) },
		"below an alias":  func(m map[string]*Node) { m["job"] = mapping("unit", mapping("image", str("a"), "limits", num(1))) },
		"below a merge": func(m map[string]*Node) {
			m["web"] = mapping("port", num(80), "image", str("a"), "limits", mapping("cpu", num(9), "mem", num(2)))
		},
		"without a merged key":   func(m map[string]*Node) { m["web"] = mapping("port", num(80), "image", str("a")) },
		"without the anchor":     func(m map[string]*Node) { delete(m, "base") },
		"anchor of another kind": func(m map[string]*Node) { m["base"] = list("x") },
		"key added to the anchor": func(m map[string]*Node) {
			m["base"] = mapping("image", str("a"), "limits", m["limits"], "new", num(1))
		},
	} {
		m := map[string]*Node{"limits": mapping("cpu", num(1), "mem", num(2))}
		m["base"] = mapping("image", str("a"), "limits", m["limits"])
		m["web"] = mapping("port", num(80), "image", str("a"), "limits", m["limits"])
		m["job"] = mapping("unit", m["base"])
		change(m)
		want := mapping()
		for _, k := range []string{"base", "web", "job"} {
			if m[k] != nil {
				want.Entries = append(want.Entries, Entry{Key: str(k), Value: m[k]})
			}
		}
		t.Run(name, func(t *testing.T) { settleTree(t, shared(), want) })
	}
}

func TestPlanWithRandomAliasesReachesWhatIsWanted(t *testing.T) {
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 2))
		root := &Node{Kind: List}
		for i := range 3 {
			n := named("a"+strconv.Itoa(i), randomTree(r, 2))
			root.Entries = append(root.Entries, Entry{Value: n}, Entry{Value: alias(n)})
			if n.Kind == Map {
				root.Entries = append(root.Entries, Entry{Value: merging(alias(n), mapping("k1", str("own")))})
			}
		}
		data, err := (&Document{Root: root, Indirect: true}).Effective()
		testkit.Must(t, err)
		settleTree(t, root, mutate(r, data, 3))
	}
}

func TestAMissingListIsMadeOfWhatIsNew(t *testing.T) {
	for _, c := range []struct {
		name                string
		text, was, is, want *Node
	}{
		{"empty before", mapping(), mapping("l", list()), mapping("l", list("a")), mapping("l", list("a"))},
		{"not empty before", mapping(), mapping("l", list("a")), mapping("l", list("a", "b")), mapping("l", list("a", "b"))},
		{"another length in the text", mapping("l", list("z")), mapping("l", list("a", "b")), mapping("l", list("a", "c")), mapping("l", list("a", "c"))},
		{"a null in the text", mapping("l", NewScalar(TypeNull, "null")), mapping("l", list()), mapping("l", list("a")), mapping("l", list("a"))},
		{"nothing to delete", mapping(), mapping("m", mapping("k", num(1))), mapping("m", mapping()), mapping()},
		{"a key that was left out for its zero", mapping("k", num(0)), mapping(), mapping("k", num(1)), mapping("k", num(1))},
		{"a list inside that", mapping(), mapping("m", mapping("l", list())), mapping("m", mapping("l", list("a"))), mapping("m", mapping("l", list("a")))},
	} {
		got := plan(&Document{Root: c.text}, Diff(c.was, c.is), way{}).root.Result()
		if !Same(got, c.want) {
			t.Errorf("%s: got another tree", c.name)
		}
	}
}

func TestZeroOfEveryType(t *testing.T) {
	for _, c := range []struct{ of, want *Node }{
		{mapping("a", num(1)), mapping()}, {list("a"), list()}, {num(4), num(0)}, {NewScalar(TypeFloat, "1.5"), num(0)},
		{NewScalar(TypeBool, "true"), NewScalar(TypeBool, "false")}, {str("a"), str("")}, {NewScalar(TypeNull, "null"), NewScalar(TypeNull, "null")},
		{NewScalar(TypeTime, "2001-01-01"), NewScalar(TypeTime, "0001-01-01T00:00:00Z")},
	} {
		if got := zeroOf(c.of); !Equal(got, c.want) {
			t.Errorf("zero of %v is %v", c.of, got)
		}
	}
}

func TestAliasesAsKeysAreFoundByWhatTheyMean(t *testing.T) {
	key := named("k", str("name"))
	root := &Node{Kind: List, Entries: []Entry{{Value: key}, {Value: &Node{Kind: Map, Entries: []Entry{{Key: alias(key), Value: num(1)}}}}}}
	settleTree(t, root, &Node{Kind: List, Entries: []Entry{{Value: str("name")}, {Value: mapping("name", num(2))}}})
	settleTree(t, root, &Node{Kind: List, Entries: []Entry{{Value: mapping("name", num(1))}}})
}
