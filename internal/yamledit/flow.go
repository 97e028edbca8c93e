package yamledit

import (
	"strings"

	"github.com/holdfast-go/holdfast/internal/textedit"
	"gopkg.in/yaml.v3"
)

// flow writes the changes among the entries of a collection in brackets.
func (w *writer) flow(p *textedit.Patch) {
	n := p.Node
	if !placeOf(n).braced {
		w.flowPair(p)
		return
	}
	if len(n.Entries) == 0 || w.style != textedit.Follow && structural(p) && len(w.within(n)) == 0 {
		w.rebuild(p)
		return
	}
	if emptied(p) {
		w.dropAround(placeOf(n).inner+1, n.End-1)
		return
	}
	kept := lastKept(p)
	for _, i := range p.Touched() {
		if new := w.flowTexts(n, i, p.Inserted(i)); len(new) > 0 {
			w.insertFlow(n, i, new, kept)
		}
		if p.Dropped(i) {
			w.deleteFlow(p, i, kept)
		} else if p.Inner(i) != nil {
			w.patch(p.Inner(i))
		}
	}
}

// flowPair writes changes in a map without brackets of its own, as in [a: b].
func (w *writer) flowPair(p *textedit.Patch) {
	if structural(p) {
		w.replaceInline(p.Node, rendered{head: w.flowText(p.Result(), 0)}, p.Node.Start)
		return
	}
	for _, i := range p.Touched() {
		w.patch(p.Inner(i))
	}
}

// structural reports whether entries come or go.
func structural(p *textedit.Patch) bool {
	for _, i := range p.Touched() {
		if p.Dropped(i) || len(p.Inserted(i)) > 0 {
			return true
		}
	}
	return false
}

// within gives the comments inside a node.
func (w *writer) within(n *textedit.Node) []textedit.Comment {
	var list []textedit.Comment
	for _, c := range w.doc.Comments {
		if c.Start >= n.Start && c.End <= n.End {
			list = append(list, c)
		}
	}
	return list
}

// rebuild writes a collection anew, on one line.
func (w *writer) rebuild(p *textedit.Patch) {
	n := p.Node
	at := w.settingOf(n)
	at.single = true
	if at.wish &^= yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle; w.style == textedit.Robust {
		at.wish = yaml.FlowStyle
	}
	v := bare(p.Result())
	w.splice(placeOf(n).inner, n.End, w.value(v, at).head)
}

// lastKept is the index of the last entry that stays, or -1.
func lastKept(p *textedit.Patch) int {
	for i := len(p.Node.Entries) - 1; i >= 0; i-- {
		if !p.Dropped(i) {
			return i
		}
	}
	return -1
}

func (w *writer) flowTexts(n *textedit.Node, i int, entries []textedit.Entry) []string {
	var texts []string
	near := w.near(n, i)
	for _, e := range entries {
		texts = append(texts, w.flowEntry(e, near.key, near.value))
	}
	return texts
}

// insertFlow writes new entries before the one at i. Entries that have lines of
// their own get such.
func (w *writer) insertFlow(n *textedit.Node, i int, texts []string, kept int) {
	if i <= kept {
		lead := placeOf(n.Entries[i].Value).lead
		between := ", "
		if startsLine(w.text, lead) {
			between = "," + w.layout.newline + w.indentOf(lead)
		}
		w.splice(lead, lead, strings.Join(texts, between)+between)
		return
	}
	last := n.Entries[len(n.Entries)-1]
	if kept >= 0 {
		last = n.Entries[kept]
	}
	p, end := placeOf(last.Value), entryEnd(last)
	if !startsLine(w.text, p.lead) || lineEnd(w.text, end) >= n.End {
		w.appendInline(p, end, texts, kept)
		return
	}
	between := w.layout.newline + w.indentOf(p.lead)
	trailing := ""
	if p.comma >= 0 && kept == len(n.Entries)-1 {
		trailing = ","
	} else if p.comma < 0 {
		w.splice(end, end, ",")
	}
	end = lineEnd(w.text, end)
	w.splice(end, end, between+strings.Join(texts, ","+between)+trailing)
}

// appendInline writes new entries behind the last one, on its line.
func (w *writer) appendInline(p *place, end int, texts []string, kept int) {
	text := strings.Join(texts, ", ")
	if kept < 0 {
		w.splice(p.lead, p.lead, text)
		return
	}
	w.splice(end, end, ", "+text)
}

// indentOf is what stands before i on its line.
func (w *writer) indentOf(i int) string { return string(w.text[lineStart(w.text, i):i]) }

// deleteFlow takes away the entry at i and one comma.
func (w *writer) deleteFlow(p *textedit.Patch, i, kept int) {
	n := p.Node
	at, end := placeOf(n.Entries[i].Value), entryEnd(n.Entries[i])
	if at.comma >= 0 {
		end = at.comma + 1
	}
	if w.alone(n, i, end) {
		w.erase(at.lead, end, true)
		if i == kept+1 && kept >= 0 && placeOf(n.Entries[len(n.Entries)-1].Value).comma < 0 {
			comma := placeOf(n.Entries[kept].Value).comma
			w.dropAround(comma, comma+1)
		}
		return
	}
	switch {
	case i < kept:
		w.dropAround(at.lead, placeOf(n.Entries[i+1].Value).lead)
	case i == kept+1 && kept >= 0:
		last := n.Entries[len(n.Entries)-1]
		w.dropAround(entryEnd(n.Entries[kept]), entryEnd(last))
	case kept < 0 && i == 0:
		w.dropAround(at.lead, entryEnd(n.Entries[len(n.Entries)-1]))
	}
}

// alone reports whether the lines of entry i hold nothing else.
func (w *writer) alone(n *textedit.Node, i, end int) bool {
	rest := skipBlanks(w.text, end)
	return startsLine(w.text, placeOf(n.Entries[i].Value).lead) && rest < len(w.text) &&
		(breakAt(w.text, rest) > 0 || w.text[rest] == '#')
}

// dropAround takes away what is from start to end, but not the comments on lines of their own.
func (w *writer) dropAround(start, end int) {
	for _, c := range w.comments(start, end) {
		w.drop(start, w.breakBefore(lineStart(w.text, c.Start)))
		start = nextLine(w.text, c.Start)
	}
	w.drop(start, end)
}
