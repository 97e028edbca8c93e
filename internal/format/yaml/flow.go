package yaml

import (
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
	"gopkg.in/yaml.v3"
)

// flow writes the changes among the entries of a collection in brackets.
func (w *writer) flow(p *edit.Patch) {
	n := p.Node
	if !dataOf(n).braced {
		w.flowPair(p)
		return
	}
	if len(n.Entries) == 0 && w.style == edit.Follow && !dataOf(n).parentFlows() && len(w.within(n)) == 0 {
		w.replace(n, p.Result())
		return
	}
	if w.style != edit.Follow && structural(p) && len(w.within(n)) == 0 {
		w.rebuild(p)
		return
	}
	w.rename(p)
	for _, i := range p.Touched() {
		if inner := p.Inner(i); inner != nil {
			w.patch(inner)
		}
	}
	list, err := w.brackets(n).Splices(bracket.Change{
		Text: w.text, Comments: w.doc.Comments, Patch: p,
		Manner: bracket.Manner{Break: w.layout.newline, Gap: " ", Unit: strings.Repeat(" ", w.layout.step)},
		List:   n.Kind == edit.List,
		Write: func(e edit.Entry, at bracket.Position) (string, error) {
			if e.Moved != nil {
				v := n.Entries[e.Moved.Index]
				return w.moved(e.Moved, edit.Extent{Start: dataOf(v.Value).lead, End: entryEnd(v)})
			}
			near := w.near(n, at.Near+1)
			return w.flowEntry(e, near), nil
		},
	})
	if err != nil {
		w.fail(err.Error())
	}
	w.list = append(w.list, list...)
}

// moved gives the text of a moved element, with its changes. extent is the
// part of the text that the element takes.
func (w *writer) moved(m *edit.Moved, extent edit.Extent) (string, error) {
	inner := &writer{text: w.text, doc: w.doc, layout: w.layout, style: w.style}
	inner.patch(m.Patch)
	inner.closeScalar(m.Patch.Node)
	text, err := edit.Apply(w.text, extent, inner.list)
	if err == nil {
		err = inner.err
	}
	w.list = append(w.list, edit.Splice{Within: inner.list})
	return text, err
}

// brackets gives the positions of n's entries between brackets and commas.
func (w *writer) brackets(n *edit.Node) bracket.Collection {
	c := bracket.Collection{Open: dataOf(n).inner + 1, Close: n.End - 1}
	for _, e := range n.Entries {
		p := dataOf(e.Value)
		c.Items = append(c.Items, bracket.Item{Start: p.lead, End: entryEnd(e), Comma: p.comma})
	}
	return c
}

// flowPair writes changes in a map without brackets of its own, as in [a: b].
func (w *writer) flowPair(p *edit.Patch) {
	if structural(p) {
		w.replaceInline(p.Node, rendered{head: w.flowText(p.Result(), 0)}, p.Node.Start)
		return
	}
	w.rename(p)
	for _, i := range p.Touched() {
		if inner := p.Inner(i); inner != nil {
			w.patch(inner)
		}
	}
}

// structural reports whether entries are added or deleted.
func structural(p *edit.Patch) bool {
	for _, i := range p.Touched() {
		if p.Dropped(i) || len(p.Inserted(i)) > 0 {
			return true
		}
	}
	return false
}

// within gives the comments inside a node.
func (w *writer) within(n *edit.Node) []edit.Comment {
	var list []edit.Comment
	for _, c := range w.doc.Comments {
		if c.Start >= n.Start && c.End <= n.End {
			list = append(list, c)
		}
	}
	return list
}

// rebuild writes a collection anew, on one line.
func (w *writer) rebuild(p *edit.Patch) {
	n := p.Node
	at := w.settingOf(n)
	at.single = true
	if at.wish &^= yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle; w.style == edit.Robust {
		at.wish = yaml.FlowStyle
	}
	v := bare(p.Result())
	w.splice(dataOf(n).inner, n.End, w.value(v, at).head)
}
