package jsonedit

import (
	"bytes"
	"strings"

	"github.com/holdfast-go/holdfast/internal/textedit"
	"github.com/holdfast-go/holdfast/internal/textedit/bracket"
)

// layout is how a text is written, as far as it shows; of several manners the
// first.
type layout struct {
	lines   bool   // there are collections with a line for each entry
	compact bool   // there are collections within a line
	unit    string // what an entry's line is indented by; "" if nothing shows it
	brk     string // a line break
	between string // from the key to the value, the colon in it
	gap     string // from a comma to what follows on its line
	pad     string // between braces and what stands on their line

	knowsBetween, knowsGap, knowsPad bool

	rows, columns    int // lists of scalars within a line, and with a line for each
	trails, trailing int // collections with a line for each entry, and those of them with a comma after the last
	ascii            bool
	html             bool
}

func newLayout() *layout { return &layout{brk: "\n", between: ": ", gap: " "} }

// body is what the scanner remembers about a collection.
type body struct {
	bracket.Collection
	layout *layout
	lines  bool   // its entries have lines of their own
	unit   string // what these are indented by
}

func (l *layout) colon(between []byte) {
	if l.knowsBetween || !blank(bytes.Replace(between, []byte(":"), nil, 1)) || bytes.ContainsAny(between, "\r\n") {
		return
	}
	l.between, l.knowsBetween = string(between), true
}

// collection learns from one that was read.
func (l *layout) collection(text []byte, n *textedit.Node, c *body) {
	if len(c.Items) == 0 {
		return
	}
	first, last := c.Items[0], c.Items[len(c.Items)-1]
	if c.lines = bytes.ContainsAny(text[c.Open:first.Start], "\r\n"); c.lines {
		l.lines = true
		l.trails++
		if last.Comma >= 0 {
			l.trailing++
		}
		inner, outer := bracket.Indent(text, first.Start), bracket.Indent(text, c.Open)
		if unit, ok := strings.CutPrefix(inner, outer); ok {
			c.unit = unit
			if l.unit == "" || n.Start == 0 {
				l.unit = unit
			}
		}
	} else {
		l.within(text, n, c)
	}
	if n.Kind == textedit.List && !hasCollections(n) {
		if c.lines {
			l.columns++
		} else {
			l.rows++
		}
	}
}

// within learns from a collection that begins within a line.
func (l *layout) within(text []byte, n *textedit.Node, c *body) {
	l.compact = true
	if pad := text[c.Open:c.Items[0].Start]; n.Kind == textedit.Map && !l.knowsPad && blank(pad) {
		l.pad, l.knowsPad = string(pad), true
	}
	for i := 1; i < len(c.Items) && !l.knowsGap; i++ {
		gap := text[c.Items[i-1].Comma+1 : c.Items[i].Start]
		if blank(gap) && !bytes.ContainsAny(gap, "\r\n") {
			l.gap, l.knowsGap = string(gap), true
		}
	}
}

// finish learns what the text as a whole shows.
func (l *layout) finish(text []byte) {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		l.brk = "\r\n"
	}
	if !l.knowsGap && l.knowsBetween && !l.lines && strings.HasSuffix(l.between, ":") {
		l.gap = ""
	}
	if bytes.Contains(text, []byte(`\u`)) {
		l.ascii = escapesLetters(text)
		l.html = !bytes.ContainsAny(text, "<>&") && (bytes.Contains(text, []byte(`\u003c`)) ||
			bytes.Contains(text, []byte(`\u003e`)) || bytes.Contains(text, []byte(`\u0026`)))
	}
}

// escapesLetters reports whether text is ASCII because it escapes the rest.
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

func hasCollections(n *textedit.Node) bool {
	for _, e := range n.Entries {
		if e.Value.Kind != textedit.Scalar {
			return true
		}
	}
	return false
}
