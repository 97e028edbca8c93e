package edit

import (
	"fmt"
	"testing"
)

func listOf(nodes ...*Node) *Node {
	n := &Node{Kind: List}
	for _, v := range nodes {
		n.Entries = append(n.Entries, Entry{Value: v})
	}
	return n
}

// Each element is given by its name and one more key.
func TestElementsArePairedByIdentityBeforePosition(t *testing.T) {
	e := func(key, name, v string) *Node { return mapping(key, str(name), "v", str(v)) }
	v := func(v, w string) *Node { return mapping("v", str(v), "w", str(w)) }
	u := func(v, w, x string) *Node { return mapping("v", str(v), "w", str(w), "x", str(x)) }
	for _, c := range []struct {
		name     string
		old, new *Node
		want     string // which element of the old list each of the new one was
	}{
		{"equal values", list("a", "b", "c"), list("c", "a"), "[2 0]"},
		{"equal values before identity", listOf(e("id", "a", "1"), e("id", "a", "2")), listOf(e("id", "a", "2")), "[1]"},
		{"names", listOf(e("name", "a", "1"), e("name", "b", "2"), e("name", "c", "3")), listOf(e("name", "b", "12"), e("name", "c", "13"), e("name", "d", "1")), "[1 2 -1]"},
		{"the id counts before the name", listOf(mapping("name", str("a"), "id", str("1")), mapping("name", str("b"), "id", str("2"))),
			listOf(mapping("name", str("b"), "id", str("1")), mapping("name", str("a"), "id", str("2"))), "[0 1]"},
		{"names in other case", listOf(e("Name", "a", "1"), e("Name", "b", "2")), listOf(e("Name", "b", "3"), e("Name", "a", "3")), "[1 0]"},
		{"an id that is zero tells nothing", listOf(mapping("id", NewScalar(TypeInt, "0"), "name", str("a")), mapping("id", NewScalar(TypeInt, "0"), "name", str("b"))),
			listOf(mapping("id", NewScalar(TypeInt, "0"), "name", str("b"), "v", str("1")), mapping("id", NewScalar(TypeInt, "0"), "name", str("a"), "v", str("1"))), "[1 0]"},
		{"another key where all names are shared", listOf(e("name", "a", "1"), e("name", "a", "2")), listOf(mapping("name", str("a"), "v", str("2"), "w", str("x")), mapping("name", str("a"), "v", str("1"), "w", str("x")), e("name", "a", "3")), "[1 0 -1]"},
		{"a name that is there twice tells nothing", listOf(e("name", "a", "1"), e("name", "a", "2"), e("name", "b", "3")), listOf(e("name", "a", "5"), e("name", "b", "3")), "[-1 2]"},
		{"another key that is unique", listOf(v("1", "x"), v("2", "y")), listOf(v("2", "z"), v("1", "z"), v("3", "z")), "[1 0 -1]"},
		{"of these the one that most agree in", listOf(v("1", "x"), v("2", "y")), listOf(v("2", "x"), v("3", "y")), "[0 1]"},
		{"another key that most have", listOf(mapping("ref", str("x")), v("1", "p"), v("2", "p"), v("3", "q")), listOf(v("1", "s"), v("2", "s"), v("3", "t"), mapping("ref", str("y"))), "[1 2 3 -1]"},
		{"not by position where others have more in common", listOf(u("1", "1", "1"), u("1", "2", "2"), u("2", "2", "1")), listOf(u("1", "2", "9"), u("2", "2", "9"), u("7", "7", "7")), "[-1 -1 -1]"},
		{"by position where no others have more in common", listOf(u("1", "1", "1"), u("1", "2", "2"), u("2", "2", "1")), listOf(u("1", "1", "9"), u("1", "2", "9"), u("2", "2", "9")), "[0 1 2]"},
		{"by position", list("a", "b", "c"), list("a", "x", "c"), "[0 1 2]"},
		{"not if the length differs", list("a", "b", "c"), list("a", "x"), "[0 -1]"},
		{"not if one went and another came elsewhere", list("a", "b", "c"), list("b", "c", "d"), "[1 2 -1]"},
		{"renamed", listOf(e("name", "a", "1"), e("name", "b", "2")), listOf(e("name", "x", "1"), e("name", "b", "2")), "[0 1]"},
		{"another name and all else", listOf(e("name", "a", "1"), e("name", "b", "2")), listOf(e("name", "x", "7"), e("name", "b", "2")), "[-1 1]"},
		{"lists by what they have in common", listOf(list("a", "b"), list("c", "d")), listOf(list("c", "x"), list("y"), list("b")), "[1 -1 0]"},
	} {
		l := &listDiff{differ: &differ{}, a: c.old, b: c.new}
		l.pairAll()
		if got := fmt.Sprint(l.from); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestElementsThatMoveAreFew(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"abcd", "dabc", "move"},
		{"abcd", "bcda", "move"},
		{"abcd", "dbca", "move move"},
		{"abc", "acb", "move move"},
		{"abcdef", "abxcdf", "insert delete"},
		{"abc", "abc", ""},
	} {
		var kinds string
		for _, op := range Diff(letters(c.old), letters(c.new)) {
			kinds += " " + op.Kind.String()
		}
		if got := kinds; got != c.want && got != " "+c.want {
			t.Errorf("%s to %s: %s, want %s", c.old, c.new, got, c.want)
		}
	}
}

func letters(s string) *Node {
	var words []string
	for _, r := range s {
		words = append(words, string(r))
	}
	return list(words...)
}
