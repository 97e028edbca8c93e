package edit

import "testing"

func TestAnOutlineOpensWhatOperationsTouch(t *testing.T) {
	str := func(s string) *Node { return NewScalar(TypeString, s) }
	list := func(values ...*Node) *Node {
		n := &Node{Kind: List}
		for _, v := range values {
			n.Entries = append(n.Entries, Entry{Value: v})
		}
		return n
	}
	mapping := func(pairs ...any) *Node {
		n := &Node{Kind: Map}
		for i := 0; i < len(pairs); i += 2 {
			n.Entries = append(n.Entries, Entry{Key: str(pairs[i].(string)), Value: pairs[i+1].(*Node)})
		}
		return n
	}
	element := func(id, x string) *Node { return mapping("id", str(id), "x", str(x)) }
	old := mapping("a", mapping("b", str("1"), "c", str("2")), "l", list(element("one", "1"), element("two", "2"), element("three", "3")), "z", str("z"), "gone", str("g"))
	new := mapping("a", mapping("b", str("1"), "c", str("3"), "d", str("new")), "l", list(element("one", "1"), element("two", "changed"), element("three", "3"), element("four", "4")), "z", str("z"))
	var show func(n *Node) string
	show = func(n *Node) string {
		switch {
		case n == nil:
			return "whole"
		case n.Kind == Scalar:
			return "-"
		}
		text := map[Kind]string{Map: "{", List: "["}[n.Kind]
		for _, e := range n.Entries {
			if e.Key != nil {
				text += e.Key.Value + ":"
			}
			text += show(e.Value) + " "
		}
		return text + map[Kind]string{Map: "}", List: "]"}[n.Kind]
	}
	if got := show(outline(Diff(old, new))); got != "{gone:whole a:{c:whole d:whole } l:[- {x:whole } - ] }" {
		t.Error(got)
	}
	if got := show(outline(nil)); got != "-" {
		t.Error(got)
	}
	if got := show(outline(Diff(str("a"), str("b")))); got != "whole" {
		t.Error(got)
	}
}
