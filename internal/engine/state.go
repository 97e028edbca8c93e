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
	said     *saying
}

// saying is what forms have to say of the edits that made a text, for the time
// when it is durable.
type saying struct {
	tell   func()
	before *saying // of an earlier edit
	told   bool    // the run's io guards it
}

func (s *saying) say() {
	if s == nil || s.told {
		return
	}
	s.told = true
	s.before.say()
	s.tell()
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
	// Edit gives the text changed so that it holds the value, and what is to be
	// called once that is durable, or nil. It keeps and changes neither.
	Edit(old, value []byte) (text []byte, tell func(), err error)
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

// text is the whole content, and what is to be said of it. The blob is loaded.
func (s state) text() ([]byte, *saying, error) {
	if s.form == nil {
		return s.plain(), s.base.said, nil
	}
	text, tell, err := s.form.Edit(s.plain(), s.value)
	if tell == nil {
		return text, s.base.said, err
	}
	return text, &saying{tell: tell, before: s.base.said}, err
}

// settled is the state with its value written into the text.
func (s state) settled() (state, error) {
	if s.form == nil {
		return s, nil
	}
	text, said, err := s.text()
	if err != nil {
		return s, err
	}
	return state{base: &blob{loaded: true, exists: true, verified: true, data: text, said: said}}, nil
}

// refused marks the error of an edit, which is the fault of one function, unlike
// that of a commit.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func isRefused(err error) bool {
	var r refused
	return errors.As(err, &r)
}
