package yaml

import (
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// rendered is the text of a value: the text behind the colon or the dash, and the lines below, each with
// its indent and without its break.
type rendered struct {
	head string
	body []string
}

// setting is the position and the style for a new value.
type setting struct {
	column int  // the column of the block collection around it; -1 at the root
	dash   bool // it follows a dash
	flow   bool // within brackets
	single bool // on one line
	below  bool // a collection begins on the next line
	tail   bool // no line break follows
	covers bool // a comment follows that would become a part of a block scalar

	wish yaml.Style // the style of the replaced value, or of the neighbours
	like *edit.Node // the replaced value or a neighbour, as a model for the spelling; may be nil
}

// value renders n with its anchor and tag.
func (w *writer) value(n *edit.Node, at setting) rendered {
	if leftOut(n) {
		w.fail("what is to be written was left out")
	}
	if n.Kind == edit.Scalar {
		r := w.scalar(n, at)
		if n.Anchor != "" {
			r.head = "&" + n.Anchor + " " + r.head
		}
		return r
	}
	if n.Kind == edit.Alias {
		return rendered{head: "*" + n.Value}
	}
	props := properties(n)
	if at.flow || at.single || len(n.Entries) == 0 || at.wish&yaml.FlowStyle != 0 {
		return rendered{head: joinWords(props, w.flowText(n, at.wish))}
	}
	column := w.childColumn(n.Kind, at)
	lines := w.lines(n, column, at)
	if props == "" && !at.below && (at.dash && w.layout.gap > 0 || at.column < 0) {
		return rendered{head: strings.TrimLeft(lines[0], " "), body: lines[1:]}
	}
	return rendered{head: props, body: lines}
}

// childColumn gives the column of the entries of a new block collection.
func (w *writer) childColumn(kind edit.Kind, at setting) int {
	switch {
	case at.column < 0:
		return 0
	case at.dash:
		return at.column + w.layout.gap
	case kind == edit.List:
		return at.column + w.layout.dash
	}
	return at.column + w.layout.step
}

func properties(n *edit.Node) string {
	var anchor, tag string
	if n.Anchor != "" {
		anchor = "&" + n.Anchor
	}
	if n.Type != "" {
		tag = tagText(n.Type)
	}
	return joinWords(anchor, tag)
}

func joinWords(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

func (w *writer) scalar(n *edit.Node, at setting) rendered {
	quoted := at.wish & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle)
	multi := strings.Contains(n.Value, "\n") && quoted == 0
	if multi && n.Type == edit.TypeString && !at.flow && !at.single && w.style != edit.Robust {
		header, lines, ok := blockLines(n.Value, at.wish&yaml.FoldedStyle != 0, w.paragraphs(at.like))
		if ok && !at.covers && (!at.tail || strings.HasSuffix(header, "-")) {
			return rendered{head: header, body: indented(lines, w.scalarColumn(at))}
		}
	}
	if w.style == edit.Robust {
		quoted = yaml.DoubleQuotedStyle
	} else if quoted == 0 && n.Type == edit.TypeString && !plainString(n.Value, at.flow) {
		quoted = w.layout.quote
	}
	return rendered{head: inline(spelled(n, at.like), quoted, at.flow)}
}

// spelled gives n in the notation of like, if both have the same type.
func spelled(n, like *edit.Node) *edit.Node {
	if like == nil || like.Kind != edit.Scalar || like.Type != n.Type {
		return n
	}
	c := *n
	switch n.Type {
	case edit.TypeInt:
		c.Text = edit.SpellInt(n.Text, like.Text)
	case edit.TypeTime:
		c.Text = edit.SpellTime(n.Text, like.Text)
	case edit.TypeBool:
		if like.Text == strings.ToUpper(like.Text) {
			c.Text = strings.ToUpper(n.Text)
		} else if like.Text[0] < 'a' {
			c.Text = strings.ToUpper(n.Text[:1]) + n.Text[1:]
		}
	}
	return &c
}

// scalarColumn gives the column of the lines of a block scalar: the column of the lines that it
// replaces, or one step deeper.
func (w *writer) scalarColumn(at setting) int {
	if lines := w.bodyOf(at.like); len(lines) > 0 && lines[0].indent > at.column {
		return lines[0].indent
	}
	return max(at.column, 0) + max(w.layout.step, 1)
}

func indented(lines []string, column int) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		if l != "" {
			out[i] = strings.Repeat(" ", column) + l
		}
	}
	return out
}

// lines renders the entries of a block collection in the setting at.
func (w *writer) lines(n *edit.Node, column int, at setting) []string {
	var out []string
	for i, e := range n.Entries {
		last := i == len(n.Entries)-1
		out = append(out, w.entry(e, setting{column: column, tail: last && at.tail, covers: last && at.covers}, 0)...)
	}
	return out
}

// entry renders one entry of a block collection whose entries begin at column.
func (w *writer) entry(e edit.Entry, at setting, keyWish yaml.Style) []string {
	indent := strings.Repeat(" ", at.column)
	at.dash = e.Key == nil
	var above []string
	lead := "-" + strings.Repeat(" ", max(w.layout.gap-2, 0))
	if !at.dash {
		lead = w.key(e.Key, keyWish)
		if len(lead) > maxKey {
			above, lead = []string{indent + "? " + lead}, ""
		}
		lead += ":"
	}
	r := w.value(e.Value, at)
	return append(append(above, indent+joinWords(lead, r.head)), r.body...)
}

// maxKey is the largest length, in bytes, of a key without a question mark.
const maxKey = 1000

// key renders a key on one line.
func (w *writer) key(k *edit.Node, wish yaml.Style) string {
	at := setting{single: true, flow: true, wish: wish}
	if k.Kind == edit.Scalar {
		at.flow = false
	}
	text := w.value(k, at).head
	if k.Kind == edit.Scalar && k.Type == "!!merge" {
		text = "<<"
	}
	if k.Kind == edit.Alias {
		text += " "
	}
	return text
}

// flowText renders a collection in brackets on one line.
func (w *writer) flowText(n *edit.Node, wish yaml.Style) string {
	var parts []string
	for _, e := range n.Entries {
		parts = append(parts, w.flowEntry(e, wishes{key: wish, value: wish}))
	}
	text := strings.Join(parts, ", ")
	if n.Kind == edit.Map {
		return "{" + text + "}"
	}
	return "[" + text + "]"
}

func (w *writer) flowEntry(e edit.Entry, near wishes) string {
	at := setting{flow: true, single: true, wish: near.value &^ yaml.FlowStyle, like: near.example}
	text := w.value(e.Value, at).head
	if e.Key == nil {
		return text
	}
	key := setting{flow: true, single: true, wish: near.key &^ yaml.FlowStyle}
	k := w.value(e.Key, key).head
	if e.Merge {
		k = "<<"
	}
	if e.Key.Kind == edit.Alias {
		k += " "
	}
	return k + ": " + text
}
