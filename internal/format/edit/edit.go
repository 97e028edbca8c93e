package edit

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// Options is what the caller of [Edit] decides.
type Options struct {
	// Check is asked last whether a text, given parsed, is right, which only the
	// caller can tell: whether decoding it and encoding again gives the new
	// encoding. Without its consent nothing is accepted. Nil accepts all.
	Check func(doc *Document) error

	// Recode gives the encoding of what a part of a text decodes to, if each value of
	// it means the same by itself as in the whole; nil if that is not so, as where a type
	// decodes itself. Then an [Excerpter] proves a text without Check.
	Recode func(part []byte) ([]byte, error)

	// Refuse makes it an error, [errors.ErrEncode], if a comment would be lost
	// or the whole text rendered anew.
	Refuse bool
}

// Rung says how an edit was written, from the gentlest to the coarsest.
type Rung uint8

const (
	Unchanged  Rung = iota // nothing differs
	Spliced                // only the bytes of what changed differ
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

	// Unpaired are the lines of the comments, and of the keys that the encoding does
	// not know, of list elements that went while others came which they may have become,
	// and of the comments of keys that went while others came with the same value.
	Unpaired []int

	// Keys are the lines of the keys that the encoding does not know, in maps that
	// are gone.
	Keys []int
}

// Gone gives all lines of the old text that lose something, each once and in order.
func (r Report) Gone() []int {
	if len(r.Unpaired)+len(r.Keys) == 0 {
		return r.Lost
	}
	lines := slices.Concat(r.Lost, r.Unpaired, r.Keys)
	slices.Sort(lines)
	return slices.Compact(lines)
}

// Edit gives old changed so that it holds what newEnc holds where that differs
// from oldEnc. The three texts are of the format f: oldEnc is the encoding of
// what old decodes to, newEnc of what is to be written. None of them is kept or
// changed; without a difference the result is old itself, and for [Replaced] it
// is newEnc itself.
//
// Errors: [errors.ErrDecode] if old does not parse, [errors.ErrEncode] if
// oldEnc or newEnc does not, if the aliases of old have no end, if the value
// can't be written, or if it can't be written without what opt.Refuse forbids.
func Edit(f Format, old, oldEnc, newEnc []byte, opt Options) ([]byte, Report, error) {
	return EditOpened(f, func(like *Node) (*Document, error) {
		if o, ok := f.(Outliner); ok {
			return o.Outline(old, like)
		}
		return f.Parse(old)
	}, oldEnc, newEnc, opt)
}

// EditOpened is [Edit] of a text that open parses, as [Outliner] says: at most once for
// an outline, and then, if that does not do, for the whole.
func EditOpened(f Format, open func(like *Node) (*Document, error), oldEnc, newEnc []byte, opt Options) ([]byte, Report, error) {
	ed := &editor{format: f, open: open, options: opt, oldEnc: oldEnc, newEnc: newEnc}
	text, report, err := ed.compare(true)
	if errors.Is(err, errAbridged) {
		text, report, err = ed.compare(false)
	}
	if ed.unread != nil {
		return nil, Report{}, fmt.Errorf("%w: the text to edit: %w", errors.ErrDecode, ed.unread)
	}
	if err != nil {
		return nil, Report{}, fmt.Errorf("%w: %w", errors.ErrEncode, err)
	}
	if lost := report.Gone(); opt.Refuse && (len(lost) > 0 || report.Rung >= Rewritten) {
		return nil, Report{}, fmt.Errorf("%w: the text can't be changed in place, the change would be %v and lose the comments or keys of the lines %v",
			errors.ErrEncode, report.Rung, lost)
	}
	return text, report, nil
}

// SameData reports whether two encodings hold the same data and comments. Where their
// bytes differ that is a matter of spelling: NaN has a sign that no decoder keeps.
func SameData(f Format, a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	was, err := f.Parse(a)
	if err != nil {
		return false
	}
	is, err := f.Parse(b)
	return err == nil && Equal(was.Root, is.Root) && slices.EqualFunc(was.Comments, is.Comments, func(x, y Comment) bool {
		return bytes.Equal(was.comment(x), is.comment(y))
	})
}

// Replacement is the report of putting text in place of old without an edit. It
// fails with [errors.ErrEncode] if that would lose keys of old that text does not
// have. If old does not parse, nobody can tell what it loses.
func Replacement(f Format, old, text []byte) (Report, error) {
	r := Report{Rung: Replaced}
	first, err := f.Parse(old)
	if err != nil {
		return r, nil
	}
	next, err := f.Parse(text)
	if err != nil {
		return r, nil
	}
	if err := losesKeys(first, next.Root); err != nil {
		return r, err
	}
	r.Lost = lostLines(first, next, whereabouts{})
	return r, nil
}

// losesKeys refuses to put another text in place of doc where doc has keys that the
// encoding of its value does not know.
func losesKeys(doc *Document, encoded *Node) error {
	holds, err := doc.Effective()
	if err != nil {
		return fmt.Errorf("%w: %w", errors.ErrEncode, err)
	}
	if lines := doc.lines(doc.unknown(holds, encoded, nil)); len(lines) > 0 {
		return fmt.Errorf("%w: the whole text would be replaced, and %d keys that the type does not know would be lost, on the lines %v; "+
			"mend the text by hand, or give the codec the option codec.Rewrite()", errors.ErrEncode, len(lines), lines[:min(10, len(lines))])
	}
	return nil
}

// editor makes one edit.
type editor struct {
	format         Format
	open           func(like *Node) (*Document, error)
	unread         error // why the text can't be edited
	first          *Document
	holds          *Node // what first holds
	oldEnc, newEnc []byte
	ops            []Op
	way            way // that the check took
	options        Options
	is             *Node              // what newEnc holds, without what oldEnc holds as well if first is outlined
	ended          []string           // the comments at line ends of deleted entries of maps
	extents        map[*Node][]Extent // of list elements of first, as far as they were asked for
}

// compare finds what differs between the encodings, and edits that. Shortly means that
// neither what they have in common need be read, nor that of the text.
func (ed *editor) compare(shortly bool) ([]byte, Report, error) {
	read := ed.read
	if c, ok := ed.format.(Comparer); ok && shortly {
		read = c.Compare
	}
	was, is, err := read(ed.oldEnc, ed.newEnc)
	if err != nil {
		return nil, Report{}, err
	}
	ed.is = is
	if shortly {
		err = ed.outline(was, is)
	} else if err = ed.parse(nil); err == nil {
		ed.ops = diff(was, is, ed.weigh)
	}
	if err != nil {
		return nil, Report{}, err
	}
	if len(ed.ops) == 0 && bytes.Equal(ed.oldEnc, ed.newEnc) {
		return ed.first.Text, Report{}, nil
	}
	text, report, err := ed.edit()
	if err == nil {
		report.Unpaired = ed.unpaired(ed.ended)
		report.Keys = ed.replacedKeys()
	}
	return text, report, err
}

// outline finds the operations first, and then reads of the text what they touch.
func (ed *editor) outline(was, is *Node) error {
	blind := false
	ed.ops = diff(was, is, func([]Step, *Node) int { blind = true; return 0 })
	if blind {
		return errAbridged
	}
	like := outline(ed.ops)
	if err := ed.parse(like); err != nil {
		return errAbridged
	}
	if _, can := ed.format.(Outliner); can && like != nil {
		ed.first.outlined = true
		if ed.first.Indirect {
			return errAbridged
		}
	}
	return nil
}

// parse reads of the text what is needed.
func (ed *editor) parse(like *Node) (err error) {
	if ed.first, ed.unread = ed.open(like); ed.unread != nil {
		return ed.unread
	}
	if ed.holds, err = ed.first.Effective(); err != nil {
		err = fmt.Errorf("the text to edit: %w", err)
	}
	return err
}

func (ed *editor) read(oldEnc, newEnc []byte) (was, is *Node, err error) {
	if was, err = ed.data(oldEnc); err != nil {
		return nil, nil, fmt.Errorf("the old value: %w", err)
	}
	if is, err = ed.data(newEnc); err != nil {
		return nil, nil, fmt.Errorf("the new value: %w", err)
	}
	return was, is, nil
}

func (ed *editor) data(text []byte) (*Node, error) {
	doc, err := ed.format.Parse(text)
	if err != nil {
		return nil, err
	}
	return doc.Effective()
}

// edit tries what the operations may mean until the check is content.
func (ed *editor) edit() ([]byte, Report, error) {
	var failed error
	for _, w := range ed.ways() {
		doc, report, err := ed.run(w)
		if errors.Is(err, errAbridged) {
			return nil, Report{}, err
		}
		if err == nil {
			err = ed.check(doc)
		}
		if err == nil {
			ed.way = w
			return doc.Text, report, nil
		}
		failed = err
	}
	if ed.first.outlined {
		return nil, Report{}, errAbridged
	}
	next, err := ed.format.Parse(ed.newEnc)
	if err != nil || ed.check(next) != nil {
		return nil, Report{}, failed
	}
	was, err := ed.data(ed.oldEnc)
	if err == nil {
		err = losesKeys(ed.first, was)
	}
	if err != nil {
		return nil, Report{}, err
	}
	return ed.newEnc, Report{Rung: Replaced, Lost: lostLines(ed.first, next, whereabouts{})}, nil
}

// check decides whether a document holds what it should.
func (ed *editor) check(doc *Document) error {
	if x, ok := ed.format.(Excerpter); ok && doc.outlined && ed.options.Recode != nil {
		if ok, err := checkPart(x, doc, ed.is, ed.options.Recode); ok {
			return err
		}
	}
	if ed.options.Check == nil {
		return nil
	}
	return ed.options.Check(doc)
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
	if slices.ContainsFunc(ed.ops, func(op Op) bool { return op.Kind == Rename }) {
		list = append(list, way{apart: true})
	}
	return append(list, way{retag: true})
}
