package edit

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

func list(values ...string) *Node {
	n := &Node{Kind: List}
	for _, v := range values {
		n.Entries = append(n.Entries, Entry{Value: NewScalar(TypeString, v)})
	}
	return n
}

func mapping(pairs ...any) *Node {
	n := &Node{Kind: Map}
	for i := 0; i < len(pairs); i += 2 {
		n.Entries = append(n.Entries, Entry{Key: NewScalar(TypeString, pairs[i].(string)), Value: pairs[i+1].(*Node)})
	}
	return n
}

func TestDiffOfListsIsShort(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new *Node
		want     []OpKind
	}{
		{"one in the middle", list("a", "b", "c", "d"), list("a", "b", "x", "c", "d"), []OpKind{Insert}},
		{"one gone", list("a", "b", "c"), list("a", "c"), []OpKind{Delete}},
		{"one other", list("a", "b", "c"), list("a", "x", "c"), []OpKind{Set}},
		{"appended", list("a"), list("a", "b", "c"), []OpKind{Insert, Insert}},
		{"from nothing", list(), list("a"), []OpKind{Insert}},
		{"to nothing", list("a"), list(), []OpKind{Delete}},
		{"the one alike stays", &Node{Kind: List, Entries: []Entry{{Value: mapping("n", NewScalar(TypeString, "1"), "v", NewScalar(TypeString, "1"))}}},
			&Node{Kind: List, Entries: []Entry{{Value: mapping("n", NewScalar(TypeString, "0"))}, {Value: mapping("n", NewScalar(TypeString, "1"), "v", NewScalar(TypeString, "2"))}}},
			[]OpKind{Insert, Set}},
	} {
		ops := Diff(c.old, c.new)
		if len(ops) != len(c.want) {
			t.Errorf("%s: %d operations, want %v", c.name, len(ops), c.want)
			continue
		}
		for i, op := range ops {
			if op.Kind != c.want[i] {
				t.Errorf("%s: operation %d is %v, want %v", c.name, i, op.Kind, c.want[i])
			}
		}
	}
}

func TestDiffOfReorderedKeysIsEmpty(t *testing.T) {
	a := mapping("a", list("1"), "b", list("2"))
	b := mapping("b", list("2"), "a", list("1"))
	if ops := Diff(a, b); len(ops) != 0 {
		t.Errorf("%d operations for another order of keys", len(ops))
	}
}

func TestDiffThenPlanGivesTheNewTree(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 0))
		a := randomTree(r, 4)
		b := mutate(r, a, 4)
		ops := Diff(a, b)
		got := plan(&Document{Root: a}, ops, way{removal: drop}).root.Result()
		if !Same(got, b) {
			t.Fatalf("seed %d: %d operations give another tree", seed, len(ops))
		}
		if rest := Diff(got, b); len(rest) != 0 {
			t.Fatalf("seed %d: %d operations are left", seed, len(rest))
		}
	}
}

func randomTree(r *rand.Rand, depth int) *Node {
	kind := r.IntN(4)
	if depth == 0 || kind == 0 {
		return NewScalar(TypeString, strconv.Itoa(r.IntN(4)))
	}
	n := &Node{Kind: List}
	if kind == 1 {
		n.Kind = Map
	}
	for i := range r.IntN(6) {
		e := Entry{Value: randomTree(r, depth-1)}
		if n.Kind == Map {
			e.Key = NewScalar(TypeString, "k"+strconv.Itoa(i))
		}
		n.Entries = append(n.Entries, e)
	}
	return n
}

func mutate(r *rand.Rand, n *Node, depth int) *Node {
	if n.Kind == Scalar || r.IntN(8) == 0 {
		return randomTree(r, depth)
	}
	c := &Node{Kind: n.Kind}
	for _, e := range n.Entries {
		switch r.IntN(6) {
		case 0:
			continue
		case 1:
			e.Value = mutate(r, e.Value, depth-1)
		case 2:
			added := Entry{Value: randomTree(r, depth-1)}
			if n.Kind == Map {
				added.Key = NewScalar(TypeString, "n"+e.Key.Value)
			}
			c.Entries = append(c.Entries, added)
		}
		c.Entries = append(c.Entries, e)
	}
	r.Shuffle(len(c.Entries), func(i, j int) {
		if r.IntN(10) == 0 {
			c.Entries[i], c.Entries[j] = c.Entries[j], c.Entries[i]
		}
	})
	return c
}

func TestAlignFindsWhatALongestSubsequenceHas(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		a, b := make([]int, r.IntN(30)), make([]int, r.IntN(30))
		for i := range a {
			a[i] = r.IntN(4)
		}
		for i := range b {
			b[i] = r.IntN(4)
		}
		pairs := align(len(a), len(b), func(i, j int) bool { return a[i] == b[j] })
		lastI, lastJ := -1, -1
		for _, p := range pairs {
			if p[0] <= lastI || p[1] <= lastJ || a[p[0]] != b[p[1]] {
				t.Fatalf("seed %d: pairs %v are no common subsequence of %v and %v", seed, pairs, a, b)
			}
			lastI, lastJ = p[0], p[1]
		}
		if want := longest(a, b); len(pairs) != want {
			t.Fatalf("seed %d: %d pairs, the longest has %d", seed, len(pairs), want)
		}
	}
}

func longest(a, b []int) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
