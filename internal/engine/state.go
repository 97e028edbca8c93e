package engine

import (
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// blob is the content of a file at one point of a run. Its bytes are never
// changed, only replaced.
type blob struct {
	loaded   bool // false while it stands for what is on disk, unread
	exists   bool
	data     []byte
	verified bool // its checksum agreed, or it was made here
}

// state is a blob, what was appended to it, and the value that the resulting
// text is to hold. States of one run share their tails: each is a prefix of the
// next, or was given up.
type state struct {
	base  *blob
	tails [][]byte
	form  Form // nil if the text is all there is
	value []byte
}

// Form knows how a value, given as its encoding, is written into existing text.
// As long as successive functions stage values of one form, what they stage is
// the encoding; the text is made of it once per commit.
type Form interface {
	// Same reports whether the other form's encodings are this one's too.
	Same(Form) bool
	// Edit gives the text changed so that it holds the value. It keeps and
	// changes neither.
	Edit(old, value []byte) ([]byte, error)
}

func sameForm(a, b Form) bool { return a != nil && b != nil && a.Same(b) }

func size(tails [][]byte) int {
	n := 0
	for _, t := range tails {
		n += len(t)
	}
	return n
}

// exists reports whether there is a file; the blob is loaded or something follows it.
func (s state) exists() bool { return s.base.exists || len(s.tails) > 0 || s.form != nil }

// plain is the content without the value that is still to be written into it.
// The blob is loaded.
func (s state) plain() []byte {
	if len(s.tails) == 0 {
		return s.base.data
	}
	return slices.Concat(append([][]byte{s.base.data}, s.tails...)...)
}

// text is the whole content. The blob is loaded.
func (s state) text() ([]byte, error) {
	if s.form == nil {
		return s.plain(), nil
	}
	return s.form.Edit(s.plain(), s.value)
}

// settled is the state with its value written into the text.
func (s state) settled() (state, error) {
	if s.form == nil {
		return s, nil
	}
	text, err := s.text()
	if err != nil {
		return s, err
	}
	return state{base: &blob{loaded: true, exists: true, verified: true, data: text}}, nil
}

// refused marks the error of an edit, which is the fault of one function, unlike
// that of a commit.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func isRefused(err error) bool {
	var r refused
	return errors.As(err, &r)
}
