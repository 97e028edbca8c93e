package edit

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// Options are the options of [Edit].
type Options struct {
	// Check is the last proof of a parsed text. It decodes the text, encodes the value, and returns
	// an error unless that is the new encoding. Nil accepts every text.
	Check func(doc *Document) error

	// Recode decodes a part of a text and encodes the value. With it, an [Excerpter] proves a text
	// without Check. It is nil if a value may mean something else in a part than in the
	// whole text, for example because a type decodes itself.
	Recode func(part []byte) ([]byte, error)

	// Defaults says that the encodings may have keys which the text lacks, since they have a
	// default. Then a collection that a change makes in the text may have to be there whole,
	// as the keys in a value of a map have no defaults.
	Defaults bool

	// Refuse makes it an error, [errors.ErrEncode], if a comment would be lost
	// or the whole text rendered anew.
	Refuse bool

	// Comments are written above the keys that the edit adds, and those of keys that it removes are taken
	// away, see [Annotate]. They are only for a format that is a [Commenter]. Nil has none.
	Comments Comments
}

// Rung says how an edit was written. Each rung changes more of the text than the one before it.
type Rung uint8

const (
	Unchanged  Rung = iota // no byte changed
	Spliced                // only the bytes of the values that differ changed
	Restyled               // the same, but a new value is not in the style of its neighbours
	Localized              // a local value replaces an alias or a merge
	Rerendered             // a collection around the change was rendered anew
	Rewritten              // the whole text was rendered anew
	Replaced               // the new encoding replaces the text
)

func (r Rung) String() string {
	return [...]string{"unchanged", "spliced", "restyled", "localized", "rerendered", "rewritten", "replaced"}[r]
}

// Report says how an edit was written.
type Report struct {
	Rung Rung
	Lost []int // the lines of the old text, from 1, whose comments are lost

	// Unpaired are the lines of comments and of unknown keys that may belong to a new entry:
	//   - comments and unknown keys of deleted list elements, if a new element may be the deleted
	//     one after a change
	//   - comments of deleted keys, if a new key has the same value
	Unpaired []int

	// Keys are the lines of unknown keys in maps that are gone. The encoding does not have these
	// keys.
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

// Edit writes the differences between oldEnc and newEnc into the text old. The three texts are of the
// format f. oldEnc is the encoding of the value that old decodes to, and newEnc the encoding of the
// value to write. Edit does not keep or change them. If there is no difference, the result is old
// itself, and for [Replaced] it is newEnc itself.
//
// The errors are:
//   - [errors.ErrDecode] if old does not parse
//   - [errors.ErrEncode] if oldEnc or newEnc does not parse, if the aliases of old form a cycle, if
//     the value can't be written, or if opt.Refuse forbids every way to write it
func Edit(f Format, old, oldEnc, newEnc []byte, opt Options) ([]byte, Report, error) {
	return EditOpened(f, func(like *Node) (*Document, error) {
		if o, ok := f.(Outliner); ok {
			return o.Outline(old, like)
		}
		return f.Parse(old)
	}, oldEnc, newEnc, opt)
}

// EditOpened is [Edit] for a text that open parses, as an [Outliner] does. It calls open at most twice:
// for an outline, and if the outline is not enough, for the whole text.
func EditOpened(f Format, open func(like *Node) (*Document, error), oldEnc, newEnc []byte, opt Options) ([]byte, Report, error) {
	ed := &editor{format: f, open: open, options: opt, oldEnc: oldEnc, newEnc: newEnc}
	text, report, err := ed.compare(true)
	if errors.Is(err, errAbridged) {
		text, report, err = ed.compare(false)
	}
	if ed.parseErr != nil {
		return nil, Report{}, fmt.Errorf("%w: the text to edit: %w", errors.ErrDecode, ed.parseErr)
	}
	if err != nil {
		return nil, Report{}, fmt.Errorf("%w: %w", errors.ErrEncode, err)
	}
	if lost := report.Gone(); opt.Refuse && (len(lost) > 0 || report.Rung >= Rewritten) {
		return nil, Report{}, fmt.Errorf("%w: the text can't be changed in place, the change would be %v and lose the comments or keys of the lines %v",
			errors.ErrEncode, report.Rung, lost)
	}
	if c, ok := f.(Commenter); ok && opt.Comments != nil && ed.result != nil {
		text = annotate(c, ed.first, ed.result, opt.Comments, ed.renamed())
	}
	return text, report, nil
}

// renamed gives the old and the new keys of entries that got another key.
func (ed *editor) renamed() map[string]bool {
	keys := make(map[string]bool)
	for _, op := range ed.ops {
		if op.Kind == Rename {
			keys[op.Key.Value], keys[op.Path[len(op.Path)-1].Key.Value] = true, true
		}
	}
	return keys
}

// SameData reports whether two encodings hold the same data and comments. Their bytes may differ: for
// example, NaN has a sign that no decoder keeps.
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

// Replacement gives the report for replacing old by text without an edit. It fails with
// [errors.ErrEncode] if keys of old would be lost that text does not have. If old does not parse, the
// losses are unknown, and the report has none.
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
	r.Lost = lostLines(first, next, displaced{})
	return r, nil
}

// losesKeys returns an error if doc has keys that the encoding of its value does not have. They would
// be lost if the whole text were replaced.
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
	parseErr       error // the error of parsing the text
	first          *Document
	result         *Document // the new text, once an edit is proven
	holds          *Node     // the effective value of first
	oldEnc, newEnc []byte
	ops            []Op
	way            way // the way that passed the check
	options        Options
	is             *Node              // the value of newEnc; if first is outlined, without the parts that oldEnc has too
	ended          []string           // the comments at line ends of deleted entries of maps
	extents        map[*Node][]Extent // cache of the extents of list elements of first
}

// compare finds the differences between the encodings, and writes them. If abridge is set, the parts
// that the encodings have in common are left out, and so are these parts of the text.
func (ed *editor) compare(abridge bool) ([]byte, Report, error) {
	read := ed.read
	if c, ok := ed.format.(Comparer); ok && abridge {
		read = c.Compare
	}
	was, is, err := read(ed.oldEnc, ed.newEnc)
	if err != nil {
		return nil, Report{}, err
	}
	ed.is = is
	if abridge {
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

// outline finds the operations first, and then reads the parts of the text that they touch.
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

// parse reads the text, or the parts of it that like says.
func (ed *editor) parse(like *Node) (err error) {
	if ed.first, ed.parseErr = ed.open(like); ed.parseErr != nil {
		return ed.parseErr
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

// edit tries the possible meanings of the operations until one passes the check.
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
		if err == nil && len(w.whole) > 0 {
			doc, report, w = ed.lessWhole(doc, report, w)
		}
		if err == nil {
			ed.way, ed.result = w, doc
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
	ed.result = next
	return ed.newEnc, Report{Rung: Replaced, Lost: lostLines(ed.first, next, displaced{})}, nil
}

// check proves that a document holds the new value.
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

// ways gives the possible meanings of the operations, the likeliest first.
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
	list = append(list, way{retag: true})
	if ed.options.Defaults {
		list = ed.wholeWays(list)
	}
	return list
}
