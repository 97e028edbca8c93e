package edittest

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Words are what random values of a format are made of.
type Words struct {
	Strange []string     // texts that the format must quote or escape, or need not though it looks so
	Others  []*edit.Node // scalars that are neither text nor int nor bool
	Fold    bool         // keys that differ in case alone are one key to the decoder
}

// Scalar makes a value.
func (w Words) Scalar(r *rand.Rand) *edit.Node {
	switch r.IntN(8) {
	case 0:
		return edit.NewScalar(edit.TypeInt, strconv.Itoa(r.IntN(2000)-1000))
	case 1:
		return edit.NewScalar(edit.TypeBool, strconv.FormatBool(r.IntN(2) == 0))
	case 2, 3:
		other := w.Others[r.IntN(len(w.Others))]
		return edit.NewScalar(other.Type, other.Text)
	case 4:
		return edit.NewScalar(edit.TypeString, "word"+strconv.Itoa(r.IntN(100)))
	}
	return edit.NewScalar(edit.TypeString, w.Strange[r.IntN(len(w.Strange))])
}

// Key makes a key that a map does not have.
func (w Words) Key(r *rand.Rand, n *edit.Node) *edit.Node {
	for {
		text := "key" + strconv.Itoa(r.IntN(1000))
		if r.IntN(6) == 0 {
			text = w.Strange[r.IntN(len(w.Strange))]
		}
		used := slices.ContainsFunc(n.Entries, func(e edit.Entry) bool {
			return e.Key.Text == text || w.Fold && strings.EqualFold(e.Key.Text, text)
		})
		if !used {
			return edit.NewScalar(edit.TypeString, text)
		}
	}
}

// InStyle is a format that writes new text in one style, whatever is asked for.
func InStyle(f edit.Format, style edit.Style) edit.Format { return styled{f, style} }

type styled struct {
	edit.Format
	style edit.Style
}

func (f styled) Splice(doc *edit.Document, p *edit.Patch, _ edit.Style) ([]edit.Splice, error) {
	return f.Format.Splice(doc, p, f.style)
}
