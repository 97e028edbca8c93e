package edit

import (
	"cmp"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// splice gives text after the changes. At one offset, insertions come first.
func splice(text []byte, list []Splice) ([]byte, error) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Splice) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	size, at := len(text), 0
	for _, s := range list {
		if s.Start < at || s.End < s.Start || s.End > len(text) {
			return nil, errors.New("two changes overlap")
		}
		at = s.End
		size += len(s.Text) - (s.End - s.Start)
	}
	out := make([]byte, 0, size)
	at = 0
	for _, s := range list {
		out = append(out, text[at:s.Start]...)
		out = append(out, s.Text...)
		at = s.End
	}
	return append(out, text[at:]...), nil
}
