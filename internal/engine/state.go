package engine

import (
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// baseText is the content of a file at one point of a tenure. Its bytes never change.
type baseText struct {
	loaded   bool // false: the content is on disk and was not read yet
	exists   bool
	data     []byte
	verified bool // its checksum was compared, or the tenure has made it
	warning  *deferredWarning
	restores int // see store.Change
}

// deferredWarning is logged once the text that edits have made is durable.
type deferredWarning struct {
	warn   func()
	before *deferredWarning // the warning of an earlier edit
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

// state is a base text, the tails that were appended to it, and a value to write into the resulting text.
// The states of one tenure share the array of their tails: the tails of a state are a prefix of those
// of the next state, or the state was dropped.
type state struct {
	base  *baseText
	tails [][]byte
	form  Form // of value; nil if there is no value
	value []byte
}

// Form writes a value, given as its encoding, into existing text. As long as successive functions stage
// values of one form, only the encodings are staged. The value is written into the text once per commit.
type Form interface {
	// Same reports whether both forms have the same encodings.
	Same(Form) bool
	// New gives the text of a file that holds only the value. It does not change value, and may keep it.
	New(value []byte) (text []byte, err error)
	// Edit writes the value into the text old. warn logs the comments and keys that were lost, and is
	// called when the text is durable; it is nil if there was no loss. Edit does not keep or change its
	// arguments.
	Edit(old, value []byte) (text []byte, warn func(), err error)
}

func size(tails [][]byte) int {
	n := 0
	for _, t := range tails {
		n += len(t)
	}
	return n
}

// exists reports whether there is a file. The base must be loaded, or there must be tails or a value.
func (s state) exists() bool { return s.base.exists || len(s.tails) > 0 || s.form != nil }

// plain gives the content without the value. The base must be loaded.
func (s state) plain() []byte {
	if len(s.tails) == 0 {
		return s.base.data
	}
	return slices.Concat(append([][]byte{s.base.data}, s.tails...)...)
}

// text gives the content with the value written into it, and the warning for the commit. The base must be
// loaded.
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

// settled gives the state with its value written into the text.
func (s state) settled() (state, error) {
	if s.form == nil {
		return s, nil
	}
	text, warning, err := s.text()
	if err != nil {
		return s, err
	}
	return state{base: &baseText{loaded: true, exists: true, verified: true, data: text, warning: warning, restores: s.base.restores}}, nil
}

// refused marks the error of an edit. It concerns one function, and an error of a commit all of them.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func isRefused(err error) bool {
	var r refused
	return errors.As(err, &r)
}
