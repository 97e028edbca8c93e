package sidecar

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
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
			testkit.WantIs(t, fmt.Sprintf("%q", text), err, errors.ErrChecksumMismatch)
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
