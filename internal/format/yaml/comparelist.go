package yaml

import (
	"bytes"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
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
			b.items = append(b.items, edit.Element{Text: line})
		case len(b.items) > 0 && (n > indent || body[0] == '\n'):
			last := &b.items[len(b.items)-1]
			last.Text = last.Text[:len(last.Text)+len(line)]
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

// lists finds the elements that are in both lists. It returns nil if the lists must be read
// whole.
func (c *comparison) lists(was, is *block) (*block, *block) {
	if !edit.Twins(was.items, is.items) {
		return nil, nil
	}
	c.changed = append(c.changed, [2]*block{was, is})
	return was, is
}

// graftItems is graft of a list.
func (b *block) graftItems(n *edit.Node) *edit.Node {
	whole := &edit.Node{Kind: edit.List, Entries: make([]edit.Entry, len(b.items))}
	parsed := n.Entries
	for i := range b.items {
		e := &b.items[i]
		if e.Node == nil {
			if len(parsed) == 0 || parsed[0].Key != nil {
				return nil
			}
			e.Node, e.Read = parsed[0].Value, true
			parsed = parsed[1:]
		}
		whole.Entries[i].Value = e.Node
	}
	if len(parsed) > 0 {
		return nil
	}
	return whole
}

// sure reports whether [edit.Diff] pairs the elements that were read in the same way whatever the other
// elements are.
func (c *comparison) sure() bool {
	for _, pair := range c.changed {
		if !edit.Sure(pair[0].items, pair[1].items) && !witnessed(pair) {
			return false
		}
	}
	return true
}

// witnessed reports whether an element that was read has an identity that is unique in its list. Then
// Diff identifies elements only by their identity.
func witnessed(pair [2]*block) bool {
	const most = 64
	lines := make(map[string]*[2]int) // for a line with an identity: the number of elements of each list that have it
	for _, b := range pair {
		for _, e := range b.items {
			if key, _ := edit.Identity(e.Node); e.Read && key != "" && len(lines) < most {
				names(e, func(name string, line []byte) {
					if name == key {
						lines[name+string(line)] = new([2]int)
					}
				})
			}
		}
	}
	for i, b := range pair {
		for _, e := range b.items {
			known := names(e, func(name string, line []byte) {
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

// names calls f for each line of an element that may have its identity, with the key in
// lower case. It returns false if the lines do not show all keys of the element.
func names(e edit.Element, f func(name string, line []byte)) bool {
	dash := bytes.IndexByte(e.Text, '-')
	for at := 0; at < len(e.Text); {
		line := lineAt(e.Text, at)
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
