package yamledit

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-go/holdfast/internal/textedit"
)

// items splits a block list at its dashes. It gives nil for anything else.
func items(text []byte) *block {
	b := new(block)
	indent := len(text) - len(bytes.TrimLeft(text, " "))
	for at := 0; at < len(text); {
		line := lineAt(text, at)
		if len(line) == 0 {
			return nil
		}
		body := bytes.TrimLeft(line, " ")
		switch n := len(line) - len(body); {
		case n == indent && body[0] == '-' && (body[1] == ' ' || body[1] == '\n'):
			b.items = append(b.items, item{text: line})
		case len(b.items) > 0 && (n > indent || body[0] == '\n'):
			last := &b.items[len(b.items)-1]
			last.text = last.text[:len(last.text)+len(line)]
		default:
			return nil
		}
		at += len(line)
	}
	if len(b.items) == 0 {
		return nil
	}
	return b
}

// lists finds the elements that are in both lists. They are left out where
// [textedit.Diff] pairs the same elements as if it had read them:
//   - An element has changed, and no other one has.
//   - Elements have only come, only gone or only moved, and no other element is the same
//     as one of them.
//   - Some have come and others gone, no other element is the same as one of them, and
//     either [textedit.InPlace] finds that they are the same elements, or one of them
//     has an identity of its own.
//
// Every other pair of lists is read whole, for which lists gives nil.
func (c *comparison) lists(was, is *block) (*block, *block) {
	old, new := was.items, is.items
	head, tail := 0, 0
	for head < min(len(old), len(new)) && bytes.Equal(old[head].text, new[head].text) {
		head++
	}
	for tail < min(len(old), len(new))-head && bytes.Equal(old[len(old)-1-tail].text, new[len(new)-1-tail].text) {
		tail++
	}
	share(old[:head], new[:head], 0)
	share(old[len(old)-tail:], new[len(new)-tail:], head)
	from, to := old[head:len(old)-tail], new[head:len(new)-tail]
	if len(from) == 1 && len(to) == 1 || middle(from, to, old[:head], old[len(old)-tail:]) {
		c.changed = append(c.changed, [2]*block{was, is})
		return was, is
	}
	return nil, nil
}

// share has elements with the same lines stand for one another, under names from n on.
func share(old, new []item, n int) {
	nodes := make([]textedit.Node, len(old))
	for i := range nodes {
		nodes[i] = *textedit.NewScalar(textedit.TypeSame, strconv.Itoa(n+i))
		old[i].node, new[i].node = &nodes[i], &nodes[i]
	}
}

// twins are the elements of two lists with the same lines.
type twins struct {
	old, new []*item
	moved    bool // they are not at the same places in both
}

// twinsOf gives the elements of two lists by their lines.
func twinsOf(from, to []item) map[string]*twins {
	all := make(map[string]*twins, len(from))
	at := func(list, other []item, i int) *twins {
		t := all[string(list[i].text)]
		if t == nil {
			t = new(twins)
			all[string(list[i].text)] = t
		}
		t.moved = t.moved || i >= len(other) || !bytes.Equal(list[i].text, other[i].text)
		return t
	}
	for i := range from {
		t := at(from, to, i)
		t.old = append(t.old, &from[i])
	}
	for i := range to {
		t := at(to, from, i)
		t.new = append(t.new, &to[i])
	}
	return all
}

// middle shares what is in both parts of two lists, between what they begin and end
// with alike. It reports false if the lists have to be read whole.
func middle(from, to, head, tail []item) bool {
	all := twinsOf(from, to)
	come, gone, moved := false, false, false
	for _, t := range all {
		switch {
		case len(t.old) == len(t.new):
			moved = moved || t.moved
		case len(t.old) == 0:
			come = true
		case len(t.new) == 0:
			gone = true
		default:
			return false
		}
	}
	mixed := come && gone && (moved || len(from) != len(to))
	for _, part := range [][]item{head, tail} {
		for _, e := range part {
			if t := all[string(e.text)]; t != nil && (t.moved || mixed) {
				return false
			}
		}
	}
	name := len(head) + len(tail)
	for _, t := range all {
		if len(t.old) == len(t.new) {
			node := textedit.NewScalar(textedit.TypeSame, strconv.Itoa(name))
			name++
			for i := range t.old {
				t.old[i].node, t.new[i].node = node, node
			}
		}
	}
	return true
}

// graftItems is graft of a list.
func (b *block) graftItems(n *textedit.Node) *textedit.Node {
	whole := &textedit.Node{Kind: textedit.List, Entries: make([]textedit.Entry, len(b.items))}
	parsed := n.Entries
	for i := range b.items {
		e := &b.items[i]
		if e.node == nil {
			if len(parsed) == 0 || parsed[0].Key != nil {
				return nil
			}
			e.node, e.read = parsed[0].Value, true
			parsed = parsed[1:]
		}
		whole.Entries[i].Value = e.node
	}
	if len(parsed) > 0 {
		return nil
	}
	return whole
}

// sure reports whether [textedit.Diff] pairs the elements that were read whatever is in
// the ones that were not.
func (c *comparison) sure() bool {
	for _, pair := range c.changed {
		before, after := pair[0].read(), pair[1].read()
		switch {
		case len(before) == 0 || len(after) == 0:
		case pair[0].samePlaces(pair[1]) && textedit.InPlace(before, after):
		case !witnessed(pair):
			return false
		}
	}
	return true
}

// samePlaces reports whether two lists were read at the same places.
func (b *block) samePlaces(other *block) bool {
	return slices.EqualFunc(b.items, other.items, func(x, y item) bool { return x.read == y.read })
}

// witnessed reports whether an element that was read has an identity that no other one
// of its list has: then Diff knows elements by that alone.
func witnessed(pair [2]*block) bool {
	const most = 64
	lines := make(map[string]*[2]int) // how many elements of each list have a line that tells an identity
	for _, b := range pair {
		for _, e := range b.items {
			if key, _ := textedit.Identity(e.node); e.read && key != "" && len(lines) < most {
				e.names(func(name string, line []byte) {
					if name == key {
						lines[name+string(line)] = new([2]int)
					}
				})
			}
		}
	}
	for i, b := range pair {
		for _, e := range b.items {
			known := e.names(func(name string, line []byte) {
				if count := lines[name+string(line)]; count != nil {
					count[i]++
				}
			})
			if !known {
				return false
			}
		}
	}
	for _, count := range lines {
		if count[0] <= 1 && count[1] <= 1 {
			return true
		}
	}
	return false
}

// names calls f for each line of an element that may tell its identity, with its key in
// lower case. It reports false if the lines do not show what keys the element has.
func (e *item) names(f func(name string, line []byte)) bool {
	dash := bytes.IndexByte(e.text, '-')
	for at := 0; at < len(e.text); {
		line := lineAt(e.text, at)
		if len(line) == 0 {
			return false
		}
		body := bytes.TrimLeft(line, " ")
		indent := len(line) - len(body)
		if at == 0 {
			body = bytes.TrimLeft(body[1:], " ")
			indent = len(line) - len(body)
			if bytes.IndexByte([]byte("{!&?"), body[0]) >= 0 || indent != dash+2 && body[0] != '\n' {
				return false
			}
		}
		at += len(line)
		if key, value, found := bytes.Cut(body, []byte(":")); found && indent == dash+2 && len(key) <= len("name") {
			switch name := strings.ToLower(string(key)); name {
			case "id", "name", "key":
				f(name, value)
			}
		}
	}
	return true
}

// read gives the elements that were read.
func (b *block) read() []*textedit.Node {
	var list []*textedit.Node
	for _, e := range b.items {
		if e.read {
			list = append(list, e.node)
		}
	}
	return list
}
