package yaml

import (
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// writer makes the splices of one patch.
type writer struct {
	text   []byte
	doc    *edit.Document
	layout *layout
	style  edit.Style
	gone   []edit.Extent // the elements of an emptied list; their comments are deleted with them
	list   []edit.Splice
	err    error
}

func (w *writer) splice(start, end int, text string) {
	if start < end || text != "" {
		w.list = append(w.list, edit.Splice{Start: start, End: end, Text: []byte(text)})
	}
}

func (w *writer) drop(start, end int) {
	if start < end {
		w.list = append(w.list, edit.Splice{Start: start, End: end, Drop: true})
	}
}

func (w *writer) fail(reason string) {
	if w.err == nil {
		w.err = errors.New(reason)
	}
}

func (w *writer) patch(p *edit.Patch) {
	n := p.Node
	switch v := p.Value(); {
	case leftOut(n):
		w.fail("what is to change was left out")
	case v != nil:
		w.replace(n, v)
	case n.Kind != edit.Map && n.Kind != edit.List:
	case blockCollection(n):
		w.block(p)
	default:
		w.flow(p)
	}
}

// join puts each line on a line of its own, below what is there.
func (w *writer) join(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(w.layout.newline)
		b.WriteString(l)
	}
	return b.String()
}

// replace writes v in place of the node n.
func (w *writer) replace(n, v *edit.Node) {
	p := dataOf(n)
	if p.parent == nil && n.Start == n.End {
		w.first(n, v)
		return
	}
	at := w.settingOf(n)
	from := n.Start
	if w.keepsProperties(n, v) {
		from, v, at.below = p.inner, bare(v), p.parent == nil
		if blockCollection(n) || p.props == n.End {
			from = p.props
		}
	}
	r := w.value(v, at)
	switch {
	case blockCollection(n):
		w.replaceCollection(n, r, from, v.Kind != n.Kind || len(v.Entries) == 0)
	case n.Kind == edit.Scalar && p.blockScalar():
		if r.head == "" {
			from = w.trim(from, p.mark)
		}
		w.splice(from, p.header, r.head)
		w.splice(lineEnd(w.text, p.header), max(n.End, lineEnd(w.text, p.header)), w.join(r.body))
	default:
		w.replaceInline(n, r, from)
	}
}

// settingOf gives the setting of a value that replaces n.
func (w *writer) settingOf(n *edit.Node) setting {
	p := dataOf(n)
	at := setting{column: -1, wish: p.style, like: n}
	if p.parent != nil {
		at.column = dataOf(p.parent).column
		at.flow = p.parentFlows()
		at.dash = p.parent.Kind == edit.List
	}
	if w.style != edit.Follow {
		at.wish, at.like = 0, nil
	}
	if w.style == edit.Robust {
		at.single = true
	}
	if blockCollection(n) || len(n.Entries) == 0 && w.style == edit.Follow {
		at.wish &^= yaml.FlowStyle // empty brackets are no example for the style
	}
	end := lineEnd(w.text, n.End)
	at.tail = end == len(w.text)
	at.covers = w.coversComment(end, w.scalarColumn(at))
	return at
}

// coversComment reports whether the first text below is a comment at or behind column.
func (w *writer) coversComment(end, column int) bool {
	for i := nextLine(w.text, end); i < len(w.text); i = nextLine(w.text, i) {
		at := skipBlanks(w.text, i)
		if breakAt(w.text, at) == 0 && at < len(w.text) {
			return w.text[at] == '#' && at-i >= column
		}
	}
	return false
}

// keepsProperties reports whether anchor and tag in the text are right for v too.
func (w *writer) keepsProperties(n, v *edit.Node) bool {
	p := dataOf(n)
	if p.props <= n.Start || n.Anchor != v.Anchor || n.Kind == edit.Alias {
		return false
	}
	return !p.tagged || n.Kind == v.Kind && n.Type == v.Type
}

// bare gives v without anchor and tag.
func bare(v *edit.Node) *edit.Node {
	c := *v
	c.Anchor = ""
	if c.Kind != edit.Scalar {
		c.Type = ""
	} else if !strings.HasPrefix(c.Type, "!!") {
		c.Type = edit.TypeString
	}
	return &c
}

// replaceInline writes r over a value that has no lines of its own.
func (w *writer) replaceInline(n *edit.Node, r rendered, from int) {
	p, head := dataOf(n), r.head
	switch {
	case n.Start == n.End && p.mark < 0 && p.parent.Kind == edit.Map:
		w.giveValue(n, r)
		return
	case head == "" && startsLine(w.text, from) && lineStart(w.text, from) > markLength(w.text):
		from = w.breakBefore(lineStart(w.text, from))
	case head == "":
		from = w.trim(from, p.mark)
	case from == n.End || from > n.Start && from == p.props:
		head = " " + head
	}
	w.splice(from, n.End, head)
	end := lineEnd(w.text, n.End)
	w.splice(end, end, w.join(r.body))
}

// trim gives the start of the blanks before at, but not before limit.
func (w *writer) trim(from, limit int) int {
	for from > max(limit, 0) && blank(w.text[from-1]) {
		from--
	}
	return from
}

// giveValue writes r behind a key that has neither value nor colon.
func (w *writer) giveValue(n *edit.Node, r rendered) {
	p := dataOf(n)
	if !p.parentFlows() {
		end := lineEnd(w.text, n.End)
		head := strings.Repeat(" ", dataOf(p.parent).column) + joinWords(":", r.head)
		w.splice(end, end, w.join(append([]string{head}, r.body...)))
		return
	}
	if lineEnd(w.text, p.lead) < n.End && w.text[p.lead] != '?' {
		if w.style == edit.Follow {
			w.fail("only a key with a question mark may have several lines")
		}
		w.splice(p.lead, p.lead, "? ")
	}
	w.splice(n.Start, n.End, joinWords(":", r.head))
}

// replaceCollection writes r over the lines of a block collection. Comments on
// lines of their own stay. gone says that the entries of the collection are deleted.
func (w *writer) replaceCollection(n *edit.Node, r rendered, from int, gone bool) {
	p := dataOf(n)
	lead := dataOf(n.Entries[0].Value).lead
	if !startsLine(w.text, lead) || p.parent == nil && p.props <= n.Start {
		w.splice(lead, lead, r.head)
		w.eraseFrom(lead, lead, n.End, gone)
		end := lineEnd(w.text, n.End)
		w.splice(end, end, w.join(r.body))
		return
	}
	behind := p.mark
	switch {
	case p.props > n.Start && from == n.Start:
		behind = p.props
		w.splice(n.Start, p.props, r.head)
	case p.props > n.Start:
		behind = p.props
		fallthrough
	default:
		if r.head != "" {
			w.splice(behind, behind, " "+r.head)
		}
	}
	below := lineEnd(w.text, behind)
	w.splice(below, below, w.join(r.body))
	end := n.End
	if len(w.gone) > 0 {
		lead, end = skipBlanks(w.text, w.gone[0].Start), w.gone[len(w.gone)-1].End
	}
	w.erase(lead, end, gone)
}

// first writes the value of a text that has no value.
func (w *writer) first(n, v *edit.Node) {
	r := w.value(v, setting{column: -1, single: w.style == edit.Robust})
	lines := append([]string{r.head}, r.body...)
	if r.head == "" {
		lines = r.body
	}
	if n.Start > 0 {
		end := lineEnd(w.text, n.Start)
		w.splice(end, end, w.join(lines))
		return
	}
	end := len(w.text)
	text := strings.TrimPrefix(w.join(lines), w.layout.newline)
	if end == markLength(w.text) || endsInBreak(w.text, end) {
		text += w.layout.newline
	} else {
		text = w.layout.newline + text
	}
	w.splice(end, end, text)
}
