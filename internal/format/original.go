package format

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"reflect"
	"sync"
	"sync/atomic"
	"weak"
)

// OriginalLoader is a codec.Editor that can keep the results of loading a text for a later edit, so
// that the edit need not decode the text again. It is safe for concurrent use.
type OriginalLoader interface {
	// LoadOriginal loads text into v, a *T with a zero value. A text that the codec inflates may
	// have at most max bytes then; 0 means no limit. It keeps text, which must not change. last
	// belongs to the handle that loads, or is nil. If loading fails, LoadOriginal returns an
	// Original as well, which can be replaced. The Original is nil only if the codec has nothing
	// to keep; then its Edit must be used.
	LoadOriginal(text []byte, max int64, v any, last *LastWrite) (*Original, error)
}

// Encoder is a codec.Editor whose Dump has two steps, so that what a handle compares and stages is
// without the comments of field tags. It is safe for concurrent use.
type Encoder interface {
	// Encode is Dump without comments.
	Encode(w io.Writer, v any) error

	// Comments reports whether Annotate may change the encoding of a value of type t.
	Comments(t reflect.Type) bool

	// Annotate gives the text of a new file: enc, which Encode has made of a value of type t, with the
	// comments of its fields.
	Annotate(enc []byte, t reflect.Type) ([]byte, error)
}

// Original is a text that was loaded and can be edited.
type Original struct {
	text []byte
	mu   sync.Mutex
	edit Edit
}

// Edit writes the value of type t that Dump has encoded as enc into the text of an Original, and the
// result to w. An encoding that does not decode is written too.
type Edit func(w io.Writer, enc []byte, t reflect.Type) error

// NewOriginal makes an Original of a text. Calls of edit do not overlap.
func NewOriginal(text []byte, edit Edit) *Original { return &Original{text: text, edit: edit} }

// Edit is the function Edit of the Original. It is safe for concurrent use.
func (o *Original) Edit(w io.Writer, enc []byte, t reflect.Type) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.edit(w, enc, t)
}

// Of reports whether o was loaded from this slice, not only from an equal text. A nil Original
// returns false.
func (o *Original) Of(text []byte) bool {
	return o != nil && len(text) > 0 && len(o.text) == len(text) && &o.text[0] == &text[0]
}

// LastWrite remembers for a handle the text that its codec wrote last without an edit. If
// the file still holds it, nobody else has written there, and what it holds need not be
// encoded to find that out. The zero value and nil remember nothing. It is safe for
// concurrent use.
type LastWrite struct {
	sum   atomic.Pointer[[sha256.Size]byte]
	plain atomic.Pointer[plainEncoding]
}

// plainEncoding is an encoding of a value that holds nothing but what decoders put into an
// interface.
type plainEncoding struct {
	text    weak.Pointer[byte]
	numbers bool // a json.Number is in it, which only JSON's decoder makes
}

// Encoded says that enc, which does not change any more, is the encoding of v.
func (l *LastWrite) Encoded(enc []byte, v any) {
	if l == nil || len(enc) == 0 {
		return
	}
	// Asking first saves every other value the weak pointer, which costs 1 µs of the 25 µs of an Update in a
	// group of 512 (weak.Make in a profile).
	var p plainEncoding
	if p.holds(v, 0) {
		l.plain.Store(&plainEncoding{weak.Make(&enc[0]), p.numbers})
	}
}

// Plain reports whether enc was last said to be the encoding of a value that holds nothing
// but what the decoder puts into an interface, which makes a json.Number or does not.
// Then enc loads as a value that is encoded as the same text. Other values in an interface
// may be encoded in a way of their own: a yaml.Node has comments, and a struct loads as a map,
// whose keys are sorted.
func (l *LastWrite) Plain(enc []byte, numbers bool) bool {
	if l == nil || len(enc) == 0 {
		return false
	}
	p := l.plain.Load()
	return p != nil && p.text == weak.Make(&enc[0]) && (numbers || !p.numbers)
}

const maxPlainDepth = 500 // a value that holds itself has more levels

func (p *plainEncoding) holds(v any, depth int) bool {
	if depth > maxPlainDepth {
		return false
	}
	switch v := v.(type) {
	case nil, string, bool, int, int64, float64:
		return true
	case json.Number:
		p.numbers = true
		return true
	case map[string]any:
		for _, e := range v {
			if !p.holds(e, depth+1) {
				return false
			}
		}
		return true
	case []any:
		for _, e := range v {
			if !p.holds(e, depth+1) {
				return false
			}
		}
		return true
	case []map[string]any:
		for _, e := range v {
			if !p.holds(e, depth+1) {
				return false
			}
		}
		return true
	}
	return false
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
