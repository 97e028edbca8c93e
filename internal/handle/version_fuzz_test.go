package handle

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// The text comes from an If-Match of somebody's client.
func FuzzParseVersion(f *testing.F) {
	f.Add("none")
	f.Add("")
	f.Add(strings.Repeat("0", 64))
	f.Add(strings.Repeat("F", 64))
	f.Add("W/\"x\"")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVersion(text)
		if err == nil && v.String() != text {
			t.Errorf("%q is read as %q", text, v)
		}
		if err != nil && (!errors.Is(err, fs.ErrInvalid) || v != Version{} || len(err.Error()) > 1000) {
			t.Errorf("%.100q: %v, %v", text, v, err)
		}
	})
}
