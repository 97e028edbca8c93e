// Package edittest tries a format's text surgery on whole texts: every kind of
// operation on every position, with seeded random values, each result checked
// by what it must hold and by which bytes may differ.
package edittest

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Suite is one format under test.
type Suite struct {
	Format edit.Format
	// Encode is the codec's encoding of a tree; parsed again it must be the same tree.
	Encode func(n *edit.Node) ([]byte, error)
	// Scalar makes a value that the format can hold.
	Scalar func(r *rand.Rand) *edit.Node
	// Key makes a key that is not among the used ones.
	Key func(r *rand.Rand, n *edit.Node) *edit.Node
	// Fits reports whether the format can hold the tree; nil means any.
	Fits func(n *edit.Node) bool
	// Exact says that another scalar never needs other bytes than the old one had.
	Exact bool
}

// trial is one text under test.
type trial struct {
	Suite
	tb    testing.TB
	name  string
	text  []byte
	data  *edit.Node
	old   []byte
	rand  *rand.Rand
	tally Tally
}

// Run tries all operations on each position of text whose turn it is: every
// stride-th, 1 for all.
func (s Suite) Run(tb testing.TB, name string, text []byte, seed uint64, stride int, tally Tally) {
	tb.Helper()
	if x := s.trial(tb, name, text, seed, tally); x != nil {
		turn := int(seed)
		x.walk(nil, x.data, func() bool { turn++; return turn%stride == 0 })
	}
}

// RunMany tries many operations at once, as often as rounds says.
func (s Suite) RunMany(tb testing.TB, name string, text []byte, seed uint64, rounds int, tally Tally) {
	tb.Helper()
	if x := s.trial(tb, name, text, seed, tally); x != nil {
		for range rounds {
			x.try(Many, nil, x.data, x.mutate(x.data), nil)
		}
	}
}

// trial is nil if the text can't be tried.
func (s Suite) trial(tb testing.TB, name string, text []byte, seed uint64, tally Tally) *trial {
	tb.Helper()
	doc, err := s.Format.Parse(text)
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	data, err := doc.Effective()
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	old, err := s.Encode(data)
	if err != nil {
		tb.Logf("%s: not tried, the encoder refuses it: %v", name, err)
		return nil
	}
	if again, err := s.Format.Parse(old); err != nil || len(edit.Diff(must(again.Effective()), data)) > 0 {
		tb.Logf("%s: not tried, it does not survive its encoder: %v", name, err)
		return nil
	}
	return &trial{s, tb, name, text, data, old, rand.New(rand.NewPCG(seed, uint64(len(text)))), tally}
}

func must(n *edit.Node, err error) *edit.Node {
	if err != nil {
		panic("edittest: " + err.Error())
	}
	return n
}

// walk tries the operations on n, to which path leads, and on what is in it.
func (x *trial) walk(path []int, n *edit.Node, turn func() bool) {
	if turn() {
		x.operations(path, n)
	}
	for i, e := range n.Entries {
		at := append(path[:len(path):len(path)], i)
		if turn() {
			x.try(Delete, at, n, without(n, i), path)
		}
		x.walk(at, e.Value, turn)
	}
}

func (x *trial) operations(path []int, n *edit.Node) {
	switch n.Kind {
	case edit.Scalar:
		for range 2 {
			x.try(SetScalar, path, n, x.Scalar(x.rand), path)
		}
	case edit.List:
		x.try(SetList, path, n, x.otherList(n), path)
		x.try(Append, path, n, with(n, len(n.Entries), edit.Entry{Value: x.value(n)}), path)
		if at := x.rand.IntN(len(n.Entries) + 1); at < len(n.Entries) {
			x.try(Insert, path, n, with(n, at, edit.Entry{Value: x.value(n)}), path)
		}
		if count := len(n.Entries); count > 1 {
			from, to := x.rand.IntN(count), x.rand.IntN(count)
			x.try(Move, path, n, with(without(n, from), to, n.Entries[from]), path)
			x.try(Swap, path, n, x.swapped(n, from, to), path)
		}
	case edit.Map:
		for _, at := range []int{0, len(n.Entries) / 2, len(n.Entries)} {
			x.try(InsertKey, path, n, with(n, at, edit.Entry{Key: x.Key(x.rand, n), Value: x.value(nil)}), path)
		}
	}
}

// try makes one edit, replacing n at path in the data, and checks the result.
func (x *trial) try(class Class, at []int, n, changed *edit.Node, path []int) {
	want := put(x.data, path, changed)
	if x.Fits != nil && !x.Fits(want) || len(edit.Diff(x.data, want)) == 0 {
		return
	}
	encoded, err := x.Encode(want)
	if err != nil {
		return
	}
	holds := func(text []byte) error {
		doc, err := x.Format.Parse(text)
		if err != nil {
			return err
		}
		if data, err := doc.Effective(); err != nil || !edit.Same(data, want) {
			return errors.New("it holds something else")
		}
		return nil
	}
	if err := holds(encoded); err != nil {
		return
	}
	opt := edit.Options{Check: func(doc *edit.Document) error { return holds(doc.Text) }, Recode: x.recode}
	got, report, err := edit.Edit(x.Format, x.text, x.old, encoded, opt)
	if err == nil {
		err = holds(got)
	}
	if err != nil {
		x.tb.Errorf("%s: %s at %v: %v\nold:\n%s\nwanted:\n%s\ngot:\n%s", x.name, class, at, err, x.text, encoded, got)
		return
	}
	x.compare(class, at, encoded, opt, got, report)
	spliced := report.Rung <= edit.Localized && len(report.Lost) == 0
	x.tally.add(class, spliced, spliced && report.Rung == edit.Restyled)
	if !spliced {
		x.tb.Logf("%s: %s at %v: %v, comments lost: %v", x.name, class, at, report.Rung, report.Lost)
	}
	if class == InsertKey || class == Append || class == Insert {
		back, _, err := edit.Edit(x.Format, got, encoded, x.old, edit.Options{})
		same := err == nil && bytes.Equal(back, x.text)
		if x.tally.add(Undone, same, false); !same {
			x.tb.Logf("%s: %s at %v and deleted again: %v, something is left or gone", x.name, class, at, err)
		}
	}
	if class == SetScalar && report.Rung == edit.Spliced {
		x.checkOutside(n, got, at)
	}
}

// recode gives the encoding of what a text holds.
func (x *trial) recode(part []byte) ([]byte, error) {
	doc, err := x.Format.Parse(part)
	if err != nil {
		return nil, err
	}
	data, err := doc.Effective()
	if err != nil {
		return nil, err
	}
	return x.Encode(data)
}

// compare demands that an edit which reads the whole text comes to the same.
func (x *trial) compare(class Class, at []int, encoded []byte, opt edit.Options, got []byte, report edit.Report) {
	if _, can := x.Format.(edit.Outliner); !can {
		return
	}
	whole, full, err := edit.Edit(struct{ edit.Format }{x.Format}, x.text, x.old, encoded, opt)
	if err != nil || !bytes.Equal(whole, got) || full.Rung != report.Rung || !slices.Equal(full.Gone(), report.Gone()) {
		x.tb.Errorf("%s: %s at %v: without outlines: %v, %+v\nold:\n%s\ngot:\n%s\n%+v\nwithout outlines:\n%s", x.name, class, at, err, full, x.text, got, report, whole)
	}
}

// checkOutside requires that no byte outside of the scalar n differs. A value that is written on
// lines of its own begins below n's line, behind a comment there.
func (x *trial) checkOutside(n *edit.Node, got []byte, at []int) {
	before, after := x.text[:n.Start], x.text[n.End:]
	if n.End == 0 { // there was no value, and the new one stands at the end
		before, after = x.text, nil
	}
	if bytes.HasPrefix(got, before) && bytes.HasSuffix(got, after) {
		return
	}
	if n.End == 0 {
		return // the text held no value
	}
	if x.Exact {
		x.tb.Errorf("%s: setting the scalar at %v changed bytes outside of it\nold:\n%s\ngot:\n%s", x.name, at, x.text, got)
		return
	}
	line := after
	if end := bytes.IndexAny(after, "\r\n"); end >= 0 {
		line = after[:end]
	}
	if bytes.HasPrefix(got, before) && bytes.HasSuffix(got, after[len(line):]) && bytes.Contains(got[len(before):], line) {
		return
	}
	x.tb.Errorf("%s: setting the scalar at %v changed bytes outside of it\nold:\n%s\ngot:\n%s", x.name, at, x.text, got)
}
