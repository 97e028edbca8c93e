package format

import (
	"crypto/sha256"
	"io"
	"reflect"
	"sync"
	"sync/atomic"
)

// OriginalLoader is a codec.Editor that remembers what it has loaded: what the loading of a
// text has found out need not be found out again when the text is edited. It is safe for
// concurrent use.
type OriginalLoader interface {
	// LoadOriginal is Load of text into v, a *T with a zero value; a text that it inflates may have max
	// bytes then, 0 means no limit. It keeps text, which must not change. Last is of the
	// handle that loads, or nil. If Load fails, the Original is there even so: it can
	// be replaced. It is nil only if the codec can't do better than its Edit.
	LoadOriginal(text []byte, max int64, v any, last *LastWrite) (*Original, error)
}

// Original is a text that was loaded and can be edited.
type Original struct {
	text []byte
	mu   sync.Mutex
	edit Edit
}

// Edit writes the value of type t that Dump has encoded as enc into the text of an
// Original, and the result to w. What is written is what was encoded, even if that does
// not decode.
type Edit func(w io.Writer, enc []byte, t reflect.Type) error

// NewOriginal makes one of a text. No two calls of edit overlap.
func NewOriginal(text []byte, edit Edit) *Original { return &Original{text: text, edit: edit} }

// Edit is of [Edit]. It is safe for concurrent use.
func (o *Original) Edit(w io.Writer, enc []byte, t reflect.Type) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.edit(w, enc, t)
}

// Of reports whether o was loaded from these very bytes, which nobody has changed since.
// A nil Original is of none.
func (o *Original) Of(text []byte) bool {
	return o != nil && len(text) > 0 && len(o.text) == len(text) && &o.text[0] == &text[0]
}

// LastWrite remembers for a handle the text that its codec wrote last without an edit. If
// the file still holds it, nobody else has written there, and what it holds need not be
// encoded to find that out. The zero value and nil remember nothing. It is safe for
// concurrent use.
type LastWrite struct {
	sum atomic.Pointer[[sha256.Size]byte]
}

// Set remembers a text that was written in a style.
func (l *LastWrite) Set(style string, text []byte) {
	if l != nil {
		l.sum.Store(sumOf(style, text))
	}
}

// Is reports whether the text was written in the style last.
func (l *LastWrite) Is(style string, text []byte) bool {
	if l == nil {
		return false
	}
	sum := l.sum.Load()
	return sum != nil && *sum == *sumOf(style, text)
}

func sumOf(style string, text []byte) *[sha256.Size]byte {
	h := sha256.New()
	io.WriteString(h, style+"\n")
	h.Write(text)
	return (*[sha256.Size]byte)(h.Sum(nil))
}
