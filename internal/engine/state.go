package engine

import (
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// baseText is the content of a file at one point of a tenure. Its bytes are never
// changed, only replaced.
type baseText struct {
	loaded   bool // false while it stands for what is on disk, unread
	exists   bool
	data     []byte
	verified bool // its checksum agreed, or it was made here
	warning  *deferredWarning
}

// deferredWarning is logged once the text that edits have made is durable.
type deferredWarning struct {
	warn   func()
	before *deferredWarning // of an earlier edit
	logged bool             // guarded by the tenure's io
}

func (w *deferredWarning) log() {
	if w == nil || w.logged {
		return
	}
	w.logged = true
	w.before.log()
	w.warn()
}

// state is a base text, the tails that were appended to it, and the value that the resulting
// text is to hold. States of one tenure share their tails: the tails of each are a prefix of the
// next one's, or the state was given up.
type state struct {
	base  *baseText
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
	// Edit gives the text changed so that it holds the value, and a function that logs
	// what was lost, to be called once the text is durable; nil if nothing was. It
	// keeps and changes neither argument.
	Edit(old, value []byte) (text []byte, warn func(), err error)
}

func size(tails [][]byte) int {
	n := 0
	for _, t := range tails {
		n += len(t)
	}
	return n
}

// exists reports whether there is a file; the base is loaded or something follows it.
func (s state) exists() bool { return s.base.exists || len(s.tails) > 0 || s.form != nil }

// plain is the content without the value that is still to be written into it.
// The base is loaded.
func (s state) plain() []byte {
	if len(s.tails) == 0 {
		return s.base.data
	}
	return slices.Concat(append([][]byte{s.base.data}, s.tails...)...)
}

// text is the whole content, and the warning that goes with it. The base is loaded.
func (s state) text() ([]byte, *deferredWarning, error) {
	if s.form == nil {
		return s.plain(), s.base.warning, nil
	}
	text, warn, err := s.form.Edit(s.plain(), s.value)
	if warn == nil {
		return text, s.base.warning, err
	}
	return text, &deferredWarning{warn: warn, before: s.base.warning}, err
}

// settled is the state with its value written into the text.
func (s state) settled() (state, error) {
	if s.form == nil {
		return s, nil
	}
	text, warning, err := s.text()
	if err != nil {
		return s, err
	}
	return state{base: &baseText{loaded: true, exists: true, verified: true, data: text, warning: warning}}, nil
}

// refused marks the error of an edit, which is the fault of one function, unlike
// that of a commit.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func isRefused(err error) bool {
	var r refused
	return errors.As(err, &r)
}
