package json

import (
	"bytes"
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// origin is the text of a tree. Its layout is found at the first use, from the whole text, so
// that the parts that the tree leaves out count too.
type origin struct {
	text     []byte
	jsonc    bool
	layout   func() *layout
	spelling func() spelling
}

func newOrigin(text []byte, jsonc bool) *origin {
	return &origin{
		text: text, jsonc: jsonc,
		layout:   sync.OnceValue(func() *layout { return learn(text, jsonc) }),
		spelling: sync.OnceValue(func() spelling { return spellingOf(text) }),
	}
}

// layout is the style of a text. If the text has several styles, it is the first.
type layout struct {
	lines   bool   // there are collections with a line for each entry
	compact bool   // there are collections within a line
	unit    string // the indentation of one level; "" if the text does not show it
	between string // the bytes between a key and its value, with the colon
	gap     string // the space after a comma within a line
	pad     string // the space between a brace and an entry on its line

	knowsBetween, knowsGap, knowsPad bool

	rows, columns    int // lists of scalars within a line, and with a line for each
	trails, trailing int // collections with a line for each entry, and those of them with a comma after the last
}

// learner finds the layout of a text, without making a tree.
type learner struct {
	reader
	layout
	depth int
}

func learn(text []byte, jsonc bool) *layout {
	l := &learner{reader: reader{text: text, jsonc: jsonc, at: mark(text)}, layout: layout{between: ": ", gap: " "}}
	l.skip()
	l.value()
	if !l.knowsGap && l.knowsBetween && !l.lines && strings.HasSuffix(l.between, ":") {
		l.gap = ""
	}
	return &l.layout
}

// sketch holds the properties of a collection that the layout needs.
type sketch struct {
	kind        edit.Kind
	open, first int // the first byte after the opening bracket, and the first entry
	filled      bool
	nested      bool // there are collections in it
	trailing    bool // a comma is after the last entry
	gap         []byte
	knowsGap    bool
}

// value passes a value, and reports whether it is a collection.
func (l *learner) value() bool {
	switch l.peek() {
	case '{':
		l.collection(edit.Map, '}')
		return true
	case '[':
		l.collection(edit.List, ']')
		return true
	case '"':
		l.str()
	default:
		l.literal()
	}
	return false
}

func (l *learner) collection(kind edit.Kind, closing byte) {
	start := l.at
	c := sketch{kind: kind, open: l.at + 1}
	if l.depth++; l.depth > maxDepth {
		l.fail(errDeep)
	}
	l.take(closing - 2)
	comma := 0
	for l.err == nil && l.peek() != closing {
		if !c.filled {
			c.filled, c.first = true, l.at
		} else if gap := l.text[comma+1 : l.at]; !c.knowsGap && blank(gap) && !breaksLine(gap) {
			c.gap, c.knowsGap = gap, true
		}
		if kind == edit.Map {
			l.key()
		}
		if l.value() {
			c.nested = true
		}
		l.skip()
		if c.trailing = l.peek() == ','; c.trailing {
			comma = l.at
			l.take(',')
		} else if l.peek() != closing {
			l.unexpected()
		}
	}
	l.at = min(l.at+1, len(l.text))
	l.depth--
	if c.filled && l.err == nil {
		l.learn(c, start == 0)
	}
}

// key passes a key and the colon.
func (l *learner) key() {
	l.str()
	start := l.at
	l.skip()
	l.take(':')
	if l.knowsBetween || l.err != nil {
		return
	}
	if between := l.text[start:l.at]; !breaksLine(between) && blank(bytes.Replace(between, []byte(":"), nil, 1)) {
		l.between, l.knowsBetween = string(between), true
	}
}

// learn learns from a collection that was passed.
func (l *learner) learn(c sketch, root bool) {
	lines := breaksLine(l.text[c.open:c.first])
	if lines {
		l.lines = true
		l.trails++
		if c.trailing {
			l.trailing++
		}
		if l.unit == "" || root {
			if unit, ok := unitBetween(l.text, c.open, c.first); ok {
				l.unit = unit
			}
		}
	} else {
		l.within(c)
	}
	switch {
	case c.kind != edit.List || c.nested:
	case lines:
		l.columns++
	default:
		l.rows++
	}
}

// within learns from a collection that begins within a line.
func (l *learner) within(c sketch) {
	l.compact = true
	if pad := l.text[c.open:c.first]; c.kind == edit.Map && !l.knowsPad && blank(pad) {
		l.pad, l.knowsPad = string(pad), true
	}
	if c.knowsGap && !l.knowsGap {
		l.gap, l.knowsGap = string(c.gap), true
	}
}

// trailsCommas reports whether a collection with a line for each entry ends in a comma.
func (l *layout) trailsCommas() bool { return l.trailing > 0 && l.trailing == l.trails }

func breaksLine(text []byte) bool {
	return bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0
}

// unitBetween gives the indentation of an entry's line, relative to the line of its collection.
func unitBetween(text []byte, open, entry int) (unit string, ok bool) {
	return strings.CutPrefix(bracket.Indent(text, entry), bracket.Indent(text, open))
}

// lines reports whether the entries have lines of their own.
func (c *body) lines() bool {
	return len(c.Items) > 0 && breaksLine(c.origin.text[c.Open:c.Items[0].Start])
}

// unit gives the indentation of the entries' lines, relative to their collection; "" if there are none.
func (c *body) unit() string {
	if !c.lines() {
		return ""
	}
	if unit, ok := unitBetween(c.origin.text, c.Open, c.Items[0].Start); ok {
		return unit
	}
	return ""
}

// lineBreak gives the line break of a text.
func lineBreak(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// spelling says which characters a text escapes in strings.
type spelling struct {
	ascii bool // letters beyond ASCII are escaped
	html  bool // <, > and & are escaped
}

func spellingOf(text []byte) spelling {
	if !bytes.Contains(text, []byte(`\u`)) {
		return spelling{}
	}
	return spelling{
		ascii: escapesLetters(text),
		html: !bytes.ContainsAny(text, "<>&") && (bytes.Contains(text, []byte(`\u003c`)) ||
			bytes.Contains(text, []byte(`\u003e`)) || bytes.Contains(text, []byte(`\u0026`))),
	}
}

// escapesLetters reports whether text is ASCII because it escapes all other characters.
func escapesLetters(text []byte) bool {
	for _, b := range text {
		if b >= 0x80 {
			return false
		}
	}
	for {
		i := bytes.Index(text, []byte(`\u`))
		if i < 0 || len(text) < i+6 {
			return false
		}
		if high := text[i+2 : i+5]; string(high[:2]) != "00" || high[2] >= '8' {
			return true
		}
		text = text[i+6:]
	}
}

func hasCollections(n *edit.Node) bool {
	for _, e := range n.Entries {
		if e.Value.Kind != edit.Scalar || edit.IsLeftOut(e.Value) && opens(e.Value.Value) {
			return true
		}
	}
	return false
}

// opens reports whether the text of a value is that of a collection.
func opens(value string) bool { return value != "" && (value[0] == '{' || value[0] == '[') }
