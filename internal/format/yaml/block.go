package yaml

import (
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// block writes the changes among the entries of a block collection.
func (w *writer) block(p *edit.Patch) {
	n := p.Node
	if n.Kind == edit.List && structural(p) {
		w.blockList(p)
		return
	}
	if emptied(p) {
		w.replace(n, p.Result())
		return
	}
	compact := !startsLine(w.text, dataOf(n.Entries[0].Value).lead)
	moved := -1
	if compact && p.Dropped(0) {
		moved = w.moveUp(p)
	}
	w.rename(p)
	for _, i := range p.Touched() {
		if i > moved {
			w.insertBlock(n, i, p.Inserted(i))
		}
		if p.Dropped(i) && i > moved {
			w.eraseEntry(p, i)
		} else if p.Inner(i) != nil {
			w.patch(p.Inner(i))
		}
	}
}

// rename writes other keys over those of entries that stay.
func (w *writer) rename(p *edit.Patch) {
	for _, i := range p.Touched() {
		if key := p.Renamed(i); key != nil {
			old := p.Node.Entries[i].Key
			at := setting{single: true, flow: dataOf(p.Node).flow(), wish: dataOf(old).style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle)}
			w.splice(old.Start, old.End, w.value(key, at).head)
		}
	}
}

// eraseEntry deletes the lines of the entry at i. If a block scalar is at the end of the text then, it
// keeps its last line break, since the break is part of its value.
func (w *writer) eraseEntry(p *edit.Patch, i int) {
	entries := p.Node.Entries
	lead, end := dataOf(entries[i].Value).lead, entryEnd(entries[i])
	if i > 0 && !p.Dropped(i-1) && w.endsText(p, i) && dataOf(lastLeaf(entries[i-1].Value)).blockScalar() {
		w.eraseFrom(lineStart(w.text, lead), lead, end, true)
		return
	}
	w.erase(lead, end, true)
}

// endsText reports whether all entries from i on are deleted, and the last of them ends a text without
// a line break.
func (w *writer) endsText(p *edit.Patch, i int) bool {
	n := len(p.Node.Entries)
	for ; i < n; i++ {
		if !p.Dropped(i) || len(p.Inserted(i+1)) > 0 {
			return false
		}
	}
	return lineEnd(w.text, entryEnd(p.Node.Entries[n-1])) == len(w.text)
}

// lastLeaf gives the last scalar or empty collection in n.
func lastLeaf(n *edit.Node) *edit.Node {
	for len(n.Entries) > 0 {
		n = n.Entries[len(n.Entries)-1].Value
	}
	if p := dataOf(n); p.tail != nil {
		return p.tail
	}
	return n
}

// emptied reports whether all entries of a collection are deleted.
func emptied(p *edit.Patch) bool {
	for i := range p.Node.Entries {
		if !p.Dropped(i) || len(p.Inserted(i)) > 0 {
			return false
		}
	}
	return len(p.Inserted(len(p.Node.Entries))) == 0
}

// entryEnd gives the end of the text of an entry.
func entryEnd(e edit.Entry) int {
	end := max(e.Value.End, dataOf(e.Value).mark)
	if e.Key != nil {
		end = max(end, e.Key.End)
	}
	return end
}

// moveUp deletes the first entry of a collection that begins behind a dash. The next entry moves up to
// the dash. It gives the index of that entry. New entries before it are written.
func (w *writer) moveUp(p *edit.Patch) int {
	n := p.Node
	var lines []string
	next := 0
	for ; next < len(n.Entries); next++ {
		lines = append(lines, w.newLines(n, next, p.Inserted(next))...)
		if !p.Dropped(next) {
			break
		}
	}
	if next == len(n.Entries) {
		lines = append(lines, w.newLines(n, next, p.Inserted(next))...)
	}
	lead, end := dataOf(n.Entries[0].Value).lead, entryEnd(n.Entries[next-1])
	if len(lines) > 0 {
		w.splice(lead, lead, strings.TrimPrefix(w.join(lines), w.layout.newline+strings.Repeat(" ", dataOf(n).column)))
		w.eraseFrom(lead, lead, end, true)
		return next
	}
	to := dataOf(n.Entries[next].Value).lead
	if len(w.comments(lead, to)) > 0 {
		w.eraseFrom(lead, lead, end, true)
	} else {
		w.drop(lead, to)
	}
	return next
}

// insertBlock writes new entries before the one at i.
func (w *writer) insertBlock(n *edit.Node, i int, entries []edit.Entry) {
	lines := w.newLines(n, i, entries)
	if len(lines) == 0 {
		return
	}
	if i > 0 {
		end := w.behind(n, i-1)
		w.closeScalar(n.Entries[i-1].Value)
		w.splice(end, end, w.join(lines))
		return
	}
	indent := strings.Repeat(" ", dataOf(n).column)
	lead := dataOf(n.Entries[0].Value).lead
	line := lineStart(w.text, lead)
	if startsLine(w.text, lead) {
		line = w.aboveComments(line, dataOf(n).column)
		if line > markLength(w.text) {
			at := w.breakBefore(line)
			w.splice(at, at, w.join(lines))
			return
		}
		w.splice(line, line, strings.TrimPrefix(w.join(lines), w.layout.newline)+w.layout.newline)
		return
	}
	text := strings.TrimPrefix(w.join(lines), w.layout.newline+indent)
	w.splice(lead, lead, text+w.layout.newline+indent)
}

// newLines renders the entries that are new before the one at i of n.
func (w *writer) newLines(n *edit.Node, i int, entries []edit.Entry) []string {
	var lines []string
	for at, e := range entries {
		near := w.near(n, i)
		s := setting{column: dataOf(n).column, wish: near.value, like: near.example, single: w.style == edit.Robust}
		if end := w.endBefore(n, i); at == len(entries)-1 {
			s.tail = lineEnd(w.text, end) == len(w.text)
			s.covers = w.coversComment(end, w.scalarColumn(s))
		}
		lines = append(lines, w.entry(e, s, near.key)...)
	}
	return lines
}

func (w *writer) endBefore(n *edit.Node, i int) int {
	if i > 0 {
		return entryEnd(n.Entries[i-1])
	}
	return dataOf(n.Entries[0].Value).lead
}

// wishes are the styles of a neighbour's key and value. In a list, they have the value itself as a
// model for the spelling.
type wishes struct {
	key, value yaml.Style
	example    *edit.Node
}

// near gives the styles of the entry before i, or else of that at i.
func (w *writer) near(n *edit.Node, i int) wishes {
	const quotes = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle
	if w.style != edit.Follow || len(n.Entries) == 0 {
		return wishes{}
	}
	e := n.Entries[max(i-1, 0)]
	var near wishes
	if p := dataOf(e.Value); len(e.Value.Entries) > 0 || e.Value.Kind == edit.Scalar {
		near.value = p.style & (quotes | yaml.FlowStyle)
	}
	if e.Key == nil {
		near.example = e.Value
	} else {
		near.key = dataOf(e.Key).style & quotes
	}
	return near
}

// behind gives the end of the line on which the entry at i ends, or of the comment lines below it that
// are indented deeper than its collection.
func (w *writer) behind(n *edit.Node, i int) int {
	end := lineEnd(w.text, entryEnd(n.Entries[i]))
	if !blockCollection(n.Entries[i].Value) {
		return end
	}
	for at := nextLine(w.text, end); at < len(w.text); at = nextLine(w.text, at) {
		text := skipBlanks(w.text, at)
		if text < len(w.text) && breakAt(w.text, text) > 0 {
			continue
		}
		if text == len(w.text) || w.text[text] != '#' || text-at <= dataOf(n).column {
			break
		}
		end = lineEnd(w.text, at)
	}
	return end
}

// aboveComments gives the start of the comment lines that belong to a line: those above it at its
// column, without a blank line between.
func (w *writer) aboveComments(line, column int) int {
	for line > markLength(w.text) {
		above := lineStart(w.text, w.breakBefore(line))
		text := skipBlanks(w.text, above)
		if text >= len(w.text) || w.text[text] != '#' || text-above != column {
			break
		}
		line = above
	}
	return line
}

// closeScalar keeps the value of a block scalar that ends the text without a line break, when a line
// break is added.
func (w *writer) closeScalar(n *edit.Node) {
	n = lastLeaf(n)
	p := dataOf(n)
	if n.Kind != edit.Scalar || !p.blockScalar() || lineEnd(w.text, n.End) != len(w.text) {
		return
	}
	indicators := string(w.text[p.inner+1 : p.header])
	switch {
	case strings.Contains(indicators, "-"):
	case strings.Contains(indicators, "+"):
		at := p.inner + 1 + strings.Index(indicators, "+")
		w.splice(at, at+1, "-")
	default:
		w.splice(p.header, p.header, "-")
	}
}
