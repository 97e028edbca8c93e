package sidecar

import (
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
)

// FuzzParse: no text makes Parse panic, what it refuses is a mismatch, and what
// it accepts means the same after it was written again under any name.
func FuzzParse(f *testing.F) {
	for _, name := range awkward {
		f.Add(Sidecar{Digest: digestA, Previous: []string{digestB}}.Format(name), name)
	}
	f.Add([]byte("# previous "+digestA+"\n"), "")
	f.Add([]byte(digestA+" *x\r\n"), "x")
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		side, err := Parse(text)
		if err != nil {
			if !errors.Is(err, errors.ErrChecksumMismatch) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for _, d := range side.All() {
			if !isDigest(d) {
				t.Errorf("%q: %q is no digest", text, d)
			}
		}
		name = strings.ReplaceAll(name, "\x00", "")
		if again, err := Parse(side.Format(name)); err != nil || !reflect.DeepEqual(again, side) {
			t.Errorf("%q is %v, and as a text for %q %v, %v", text, side, name, again, err)
		}
	})
}

// FuzzShape: however content is cut into writes its shape is the same, and no
// attribute makes a comparison panic.
func FuzzShape(f *testing.F) {
	f.Add([]byte("some content of some length, more than there are slices in a shape"), 7, []byte("0 0 "))
	f.Add([]byte{}, 1, shapeOf([]byte("abc")).encode(digestA))
	f.Fuzz(func(t *testing.T, data []byte, cut int, attr []byte) {
		whole, pieces := shapeOf(data), NewShape()
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 1+abs(cut)%100)
			pieces.Write(rest[:n])
			rest = rest[n:]
		}
		if !reflect.DeepEqual(whole, pieces) {
			t.Errorf("%d bytes at once and in pieces of %d: %v and %v", len(data), cut, whole, pieces)
		}
		if s := decodeShape(attr, digestA); s != nil {
			_ = s.compare(strings.NewReader(string(data)), int64(len(data)))
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
