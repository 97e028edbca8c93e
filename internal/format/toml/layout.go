package toml

import (
	"bytes"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// layout is the style of a text. If the text has several styles, it is the first.
type layout struct {
	text    []byte
	parsed  *parsedText // the decoder's result; nil for an encoding
	lost    bool        // the positions are not known
	head    *scope
	headers []*statement
	outer   []name // the key of the last of them
	brk     string // a line break
	spaced  bool   // blank lines stand before headers
	pairs   shown  // the indentation of the lines below a header, relative to the header
	nested  shown  // the indentation of the header of a table in a table
	equals  shown  // the bytes between a key and its value
	pad     shown  // the space between a brace and an entry on its line
	gap     shown  // the space after a comma within a line
	unit    shown  // the indentation of the lines of an array

	rows, columns    int // arrays within a line, and with a line for each element
	trails, trailing int // arrays with a line for each element, and those of them with a comma after the last
	blank, none      int // of the first headers those with a blank line above, and those without
}

// shown is a property of the style, once the text has shown it.
type shown struct {
	text  string
	known bool
}

func (m *shown) learn(text string) {
	if !m.known {
		m.text, m.known = text, true
	}
}

func newLayout(text []byte) *layout {
	l := &layout{text: text, brk: "\n", spaced: true, equals: shown{text: " = "}, gap: shown{text: " "}, unit: shown{text: "  "}}
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		l.brk = "\r\n"
	}
	return l
}

func (l *layout) indent(at int) string { return bracket.Indent(l.text, at) }

// header learns from a header with a key of these parts. above is the start of the comment lines
// above it.
func (l *layout) header(st *statement, key []name, above int) {
	if n := len(l.headers); n > 0 && !l.nested.known && within(key, l.outer) {
		if unit, ok := strings.CutPrefix(l.indent(st.start), l.indent(l.headers[n-1].start)); ok {
			l.nested.learn(unit)
		}
	}
	l.outer = append(l.outer[:0], key...)
	l.headers = append(l.headers, st)
	if len(l.headers) > 20 {
		return
	}
	head := mark(l.text)
	if before := bytes.TrimRight(l.text[head:above], " \t\r\n"); len(before) == 0 {
		return
	} else if bytes.Count(l.text[head+len(before):above], []byte("\n")) > 1 {
		l.blank++
	} else {
		l.none++
	}
	l.spaced = l.blank >= l.none
}

// within reports whether a key leads one table deeper than outer.
func within(key, outer []name) bool {
	return len(key) == len(outer)+1 && slices.EqualFunc(key[:len(outer)], outer, func(a, b name) bool { return a.text == b.text })
}

// pair learns from a key with its value, below a header or nil.
func (l *layout) pair(header *statement, start, keyEnd, value int) {
	between := l.text[keyEnd:value]
	if !l.equals.known && len(between) <= len(" = ") {
		l.equals.learn(string(between))
	}
	if header != nil && !l.pairs.known {
		if unit, ok := strings.CutPrefix(l.indent(start), l.indent(header.start)); ok {
			l.pairs.learn(unit)
		}
	}
}

func (l *layout) array(c *bracket.Collection) {
	if len(c.Items) == 0 {
		return
	}
	if !bytes.ContainsAny(l.text[c.Open:c.Items[0].Start], "\r\n") {
		l.rows++
		l.within(c)
		return
	}
	l.columns++
	l.trails++
	if c.Items[len(c.Items)-1].Comma >= 0 {
		l.trailing++
	}
	if l.unit.known {
		return
	}
	if unit, ok := strings.CutPrefix(l.indent(c.Items[0].Start), l.indent(c.Open)); ok {
		l.unit.learn(unit)
	}
}

func (l *layout) inline(c *bracket.Collection) {
	if len(c.Items) == 0 {
		return
	}
	if pad := l.text[c.Open:c.Items[0].Start]; len(pad) < 2 && !bytes.ContainsAny(pad, "\r\n") {
		l.pad.learn(string(pad))
	}
	l.within(c)
}

// within learns from a collection within a line.
func (l *layout) within(c *bracket.Collection) {
	if len(c.Items) > 1 {
		if gap := l.text[c.Items[0].Comma+1 : c.Items[1].Start]; len(gap) < 2 && !bytes.ContainsAny(gap, "\r\n") {
			l.gap.learn(string(gap))
		}
	}
}

// block gives the start of the line of at, or of the comment lines right above it.
func block(text []byte, comments []edit.Comment, at int) int {
	at = lineStart(text, at)
	for i := before(comments, at); i >= 0 && comments[i].Own && nextLine(text, comments[i].End) == at; i-- {
		at = lineStart(text, comments[i].Start)
	}
	return at
}

// before gives the index of the last comment that begins before at, or -1.
func before(comments []edit.Comment, at int) int {
	low, high := 0, len(comments)
	for low < high {
		if mid := (low + high) / 2; comments[mid].Start < at {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}

func lineStart(text []byte, at int) int {
	return max(bytes.LastIndexByte(text[:at], '\n')+1, mark(text))
}

// nextLine gives the start of the line after the line of at, or the end of the text.
func nextLine(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}
