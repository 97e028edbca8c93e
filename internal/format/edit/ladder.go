package edit

import (
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// errAbridged means that the edit needs the whole encodings and the whole text.
var errAbridged = errors.New("the encodings were compared without what they have in common")

// run carries out the operations in one way until the document has the new value. Each step is
// proven.
func (ed *editor) run(w way) (*Document, Report, error) {
	ops := settle(ed.first, ed.ops, w)
	want, err := ed.want(ops, w)
	if err != nil {
		return nil, Report{}, err
	}
	c := climber{format: ed.format, way: w, doc: ed.first}
	for range len(ops) + 9 {
		if len(ops) == 0 {
			ed.ended = c.ended
			return c.doc, Report{Rung: c.rung, Lost: lostLines(ed.first, c.doc, c.displaced)}, nil
		}
		n, err := c.climb(ops)
		if err != nil {
			return nil, Report{}, err
		}
		if n < len(ops) && !slices.ContainsFunc(ops[:n], Op.shifts) {
			ops = ops[n:]
			continue
		}
		now, err := c.doc.Effective()
		if err != nil {
			return nil, Report{}, err
		}
		ops = Diff(now, want)
	}
	return nil, Report{}, errors.New("the change can't be told apart from what aliases share")
}

// shifts reports whether op changes the indices of elements in their list. If it does not, the
// operations after op are still right, and are used. A new comparison would be less safe, since it
// may take an element of which only a part has changed for another one.
func (op Op) shifts() bool {
	return len(op.Path) > 0 && op.Path[len(op.Path)-1].Key == nil && op.Kind != Set
}

// want gives the value that the text should have.
func (ed *editor) want(ops []Op, w way) (*Node, error) {
	data := &Document{Text: ed.first.Text, Root: ed.holds, Keys: ed.first.Keys}
	pl := plan(data, ops, w)
	if pl.short {
		return nil, errAbridged
	}
	return pl.root.Result(), nil
}

// climber changes a document step by step. The document is proven after each step.
type climber struct {
	format Format
	way    way
	doc    *Document
	rung   Rung
	displaced
}

// climb carries out ops on the lowest rung that can be proven: all at once, or as many of the first
// ones as possible. It returns their number.
func (c *climber) climb(ops []Op) (int, error) {
	for n := len(ops); n > 0; n /= 2 {
		pl := plan(c.doc, ops[:n], c.way)
		if pl.short {
			return 0, errAbridged
		}
		for style := range styles {
			if r, err := prove(c.format, c.doc, pl.root, style); err == nil && r.missed == 0 {
				c.take(r, rungOf(style, pl.freed))
				return n, nil
			}
		}
	}
	if c.doc.outlined {
		return 0, errAbridged
	}
	return 1, c.coarse(ops[0])
}

func rungOf(style Style, freed bool) Rung {
	switch {
	case freed:
		return Localized
	case style == Follow:
		return Spliced
	}
	return Restyled
}

func (c *climber) take(r *proven, rung Rung) {
	c.doc, c.rung = r.doc, max(c.rung, rung)
	c.ended = append(c.ended, r.ended...)
	c.gone = append(c.gone, r.gone...)
	c.parted = append(c.parted, r.parted...)
}

// coarse carries out one operation even if comments are lost. It tries splices first, then renders
// the collections around the change anew, from the inside out, and then the whole text.
func (c *climber) coarse(op Op) error {
	p := plan(c.doc, []Op{op}, c.way).root
	chain := touched(p)
	for i := len(chain); i >= 0; i-- {
		rung := Rerendered
		if i == len(chain) {
			rung = Restyled
		} else {
			chain[i].whole = true
		}
		for style := range styles {
			if r, err := prove(c.format, c.doc, p, style); err == nil {
				c.take(r, rung)
				return nil
			}
		}
	}
	return c.rewrite(p.Result())
}

// touched gives the path from the root to the innermost node of the text that holds the whole change.
func touched(p *Patch) []*Patch {
	chain := []*Patch{p}
	for p.Value() == nil {
		at := p.Touched()
		if len(at) != 1 || p.Inner(at[0]) == nil || len(p.Inserted(at[0])) > 0 {
			break
		}
		p = p.Inner(at[0])
		chain = append(chain, p)
	}
	return chain
}

// rewrite renders the whole document anew, into an empty document.
func (c *climber) rewrite(root *Node) error {
	empty, err := c.format.Parse(nil)
	if err != nil {
		return err
	}
	p := newPatch(empty.Root)
	p.replace(root)
	for style := range styles {
		r, failed := prove(c.format, empty, p, style)
		if failed == nil {
			c.take(r, Rewritten)
			return nil
		}
		err = failed
	}
	return err
}
