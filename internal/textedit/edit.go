package textedit

import (
	"fmt"

	"github.com/holdfast-go/holdfast/errors"
)

// Options is what the caller of [Edit] decides.
type Options struct {
	// Check is asked last whether a text is right, which only the caller can
	// tell: whether decoding it and encoding again gives the new encoding. If
	// the new encoding itself does not pass, the value does not survive its
	// own format, and the proof by trees stands alone. Nil accepts all.
	Check func(text []byte) error

	// Refuse makes it an error, [errors.ErrEncode], if a comment would be lost
	// or the whole text rendered anew.
	Refuse bool
}

// Rung says how an edit was written, from the gentlest to the coarsest.
type Rung uint8

const (
	Unchanged  Rung = iota // nothing differs
	Spliced                // only the bytes of what changed
	Restyled               // so too, but not as the neighbours are written
	Localized              // a local value in place of an alias or a merge
	Rerendered             // a collection around the change was rendered anew
	Rewritten              // the whole text was rendered anew
	Replaced               // the new encoding stands in place of the text
)

func (r Rung) String() string {
	return [...]string{"unchanged", "spliced", "restyled", "localized", "rerendered", "rewritten", "replaced"}[r]
}

// Report says how an edit was written.
type Report struct {
	Rung Rung
	Lost []int // the lines of the old text, from 1, whose comments are lost
}

// Edit gives old changed so that it holds what newEnc holds where that differs
// from oldEnc. The three texts are of the format f: oldEnc is the encoding of
// what old decodes to, newEnc of what is to be written. None of them is kept or
// changed; without a difference the result is old itself.
//
// Errors: [errors.ErrDecode] if old does not parse, [errors.ErrEncode] if
// oldEnc or newEnc does not, if the value can't be written, or if it can't be
// written without what opt.Refuse forbids.
func Edit(f Format, old, oldEnc, newEnc []byte, opt Options) ([]byte, Report, error) {
	doc, err := f.Parse(old)
	if err != nil {
		return nil, Report{}, fmt.Errorf("%w: the text to edit: %w", errors.ErrDecode, err)
	}
	was, err := data(f, oldEnc)
	if err != nil {
		return nil, Report{}, fmt.Errorf("%w: the old value: %w", errors.ErrEncode, err)
	}
	is, err := data(f, newEnc)
	if err != nil {
		return nil, Report{}, fmt.Errorf("%w: the new value: %w", errors.ErrEncode, err)
	}
	ops := Diff(was, is)
	if len(ops) == 0 {
		return old, Report{}, nil
	}
	ed := &editor{format: f, first: doc, ops: ops, check: opt.Check}
	text, report, err := ed.edit(newEnc)
	if err != nil {
		return nil, Report{}, fmt.Errorf("%w: %w", errors.ErrEncode, err)
	}
	if opt.Refuse && (len(report.Lost) > 0 || report.Rung >= Rewritten) {
		return nil, Report{}, fmt.Errorf("%w: the text can't be changed in place, the change would be %v and lose the comments of the lines %v",
			errors.ErrEncode, report.Rung, report.Lost)
	}
	return text, report, nil
}

func data(f Format, text []byte) (*Node, error) {
	doc, err := f.Parse(text)
	if err != nil {
		return nil, err
	}
	return doc.Effective()
}

// editor makes one edit.
type editor struct {
	format Format
	first  *Document
	ops    []Op
	check  func([]byte) error
}

// edit tries what the operations may mean until the check is content.
func (ed *editor) edit(newEnc []byte) ([]byte, Report, error) {
	var failed error
	for _, w := range ed.ways() {
		text, report, err := ed.run(w)
		if err == nil && ed.check != nil {
			if err = ed.check(text); err != nil && w == (way{}) && ed.check(newEnc) != nil {
				err = nil
			}
		}
		if err == nil {
			return text, report, nil
		}
		failed = err
	}
	next, err := ed.format.Parse(newEnc)
	if err != nil || ed.check != nil && ed.check(newEnc) != nil {
		return nil, Report{}, failed
	}
	return newEnc, Report{Replaced, lostLines(ed.first, next, nil)}, nil
}

// ways gives the meanings worth trying, the likeliest first.
func (ed *editor) ways() []way {
	list := []way{{}}
	for _, op := range ed.ops {
		if op.Kind == Delete && op.Path[len(op.Path)-1].Key != nil {
			for r := spare + 1; r < removals; r++ {
				list = append(list, way{removal: r})
			}
			break
		}
	}
	return append(list, way{retag: true})
}
