package edit_test

import (
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/yaml"
)

// accept passes only texts that contain the mark.
func accept(mark string) func(*edit.Document) error {
	return func(doc *edit.Document) error {
		if strings.Contains(string(doc.Text), mark) {
			return nil
		}
		return errors.New("not accepted")
	}
}

func TestWhatAnOperationMeansInNestedText(t *testing.T) {
	for _, c := range []struct{ name, old, was, is, mark, want string }{
		{"keys that only the text has stay where a zero map is left out", "# h\nm:\n  a: 1\n  n: {b: 1, x: 2}\n", "m: {a: 1, n: {b: 1}}\n", "{}\n", "", "# h\nm:\n  n: {x: 2}\n"},
		{"unless the check wants them gone", "# h\nm:\n  a: 1\n  x: 2\nk: 1\n", "m: {a: 1}\nk: 1\n", "k: 1\n", "# h\nk", "# h\nk: 1\n"},
		{"a zero in place of a deletion", "# h\nm: {a: 1}\nk: 1\n", "m: {a: 1}\nk: 1\n", "k: 1\n", "# h\nm: {}", "# h\nm: {}\nk: 1\n"},
		{"a null in place of a deletion", "# h\nm: {a: 1}\nk: 1\n", "m: {a: 1}\nk: 1\n", "k: 1\n", "# h\nm: null", "# h\nm: null\nk: 1\n"},
		{"a zero over a merged key", "x: &x {a: 1}\ny:\n  <<: *x\n", "x: {a: 1}\ny: {a: 1}\n", "x: {a: 1}\ny: {}\n", "", "x: &x {a: 1}\ny:\n  <<: *x\n  a: 0\n"},
		{"a merge taken apart", "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n", "x: {a: 1, b: 2}\ny: {a: 1, b: 2}\n", "x: {a: 1, b: 2}\ny: {b: 2}\n", "y:\n  b: 2", "x: &x {a: 1, b: 2}\ny:\n  b: 2\n"},
		{"the owner's tag goes if the check wants it", "# h\na: !t x\n", "a: x\n", "a: z\n", "# h\na: z", "# h\na: z\n"},
		{"a map into a map that the encoding left out", "# h\nm: {x: 1}\n", "{}\n", "m: {a: 1}\n", "", "# h\nm: {x: 1, a: 1}\n"},
		{"a text of another shape", "# h\nm: 5s\nk: 1\n", "m: {s: 5, in: {k: v}}\nk: 1\n", "m: {s: 6, in: {k: v}}\nk: 1\n", "", "# h\nm:\n  s: 6\n  in:\n    k: v\nk: 1\n"},
		{"a list of another length", "# h\nl: [a]\n", "l:\n- a\n- m:\n    k: v\n", "l:\n- b\n- m:\n    k: v\n", "", "# h\nl: [b, {m: {k: v}}]\n"},
		{"a list that the text leaves out", "# h\n", "m:\n  l:\n    - a\n", "m:\n  l:\n    - a\n    - b\n", "", "# h\nm:\n  l:\n    - a\n    - b\n"},
		{"complex keys", "? [a, b]\n: 1\n? c\n: 2\n", "? [a, b]\n: 1\n? c\n: 2\n", "? [a, b]\n: 3\n? c\n: 2\n", "", "? [a, b]\n: 3\n? c\n: 2\n"},
		{"repeated keys", "a: 1\nb: 1\na: 2\n", "a: 2\nb: 1\n", "a: 3\nb: 1\n", "", "a: 1\nb: 1\na: 3\n"},
		{"maps that change places keep what only the text has", "s:\n  l:\n    - {id: a, x: 1}\n    - {id: b}\n    - {id: c, x: 3}\n", "s: {l: [{id: a}, {id: b}, {id: c}]}\n", "s: {l: [{id: c}, {id: b}, {id: a}]}\n", "", "s:\n  l:\n    - {id: c, x: 3}\n    - {id: b}\n    - {id: a, x: 1}\n"},
		{"in a text of another length too", "l: [{id: a, x: 1}]\n", "l: [{id: a}, {id: b}]\n", "l: [{id: b}, {id: a}]\n", "", "l: [{id: b}, {id: a}]\n"},
		{"deleting repeated keys", "a: 1\nb: 1\na: 2\n", "a: 2\nb: 1\n", "b: 1\n", "", "b: 1\n"},
	} {
		var opt edit.Options
		if c.mark != "" {
			opt.Check = func(doc *edit.Document) error {
				if string(doc.Text) == c.is {
					return nil
				}
				return accept(c.mark)(doc)
			}
		}
		got, report, err := edit.Edit(yaml.Grammar, []byte(c.old), []byte(c.was), []byte(c.is), opt)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v, %v, got:\n%s\nwant:\n%s", c.name, report, err, got, c.want)
		}
	}
}

// joining is YAML whose deletions take a comment along.
type joining struct{ edit.Format }

func (j joining) Splice(doc *edit.Document, p *edit.Patch, style edit.Style) ([]edit.Splice, error) {
	list, err := j.Format.Splice(doc, p, style)
	for i := range list {
		if c := doc.Comments[0]; list[i].Drop && c.Own {
			list[i].Start = min(list[i].Start, c.Start)
		}
	}
	return list, err
}

func TestALostCommentIsReportedOrRefused(t *testing.T) {
	old, was, is := []byte("k: 1\n# c\nm: 1\n"), []byte("k: 1\nm: 1\n"), []byte("k: 1\n")
	got, report, err := edit.Edit(joining{yaml.Grammar}, old, was, is, edit.Options{})
	if err != nil || !strings.HasPrefix(string(got), "k: 1\n") || len(report.Lost) != 1 || report.Lost[0] != 2 {
		t.Errorf("%q, %+v, %v", got, report, err)
	}
	_, _, err = edit.Edit(joining{yaml.Grammar}, old, was, is, edit.Options{Refuse: true})
	if !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "[2]") {
		t.Errorf("%v, want ErrEncode that names line 2", err)
	}
}

func TestATextWithoutEndIsRefused(t *testing.T) {
	_, _, err := edit.Edit(yaml.Grammar, []byte("a: &a [*a]\nb: 1\n"), []byte("b: 1\n"), []byte("b: 2\n"), edit.Options{})
	if !errors.Is(err, errors.ErrEncode) && !errors.Is(err, errors.ErrDecode) {
		t.Errorf("%v", err)
	}
}

func TestAReplacementNamesEveryCommentThatIsLost(t *testing.T) {
	old := []byte("# a\nk: 1 # b\n# c\n")
	if r, err := edit.Replacement(yaml.Grammar, old, []byte("# c\nk: 2\n")); err != nil || r.Rung != edit.Replaced || len(r.Lost) != 2 || r.Lost[0] != 1 || r.Lost[1] != 2 {
		t.Errorf("%+v", r)
	}
	if r, err := edit.Replacement(yaml.Grammar, []byte("# a\nk: ["), old); err != nil || r.Rung != edit.Replaced || r.Lost != nil {
		t.Errorf("of what does not parse: %+v", r)
	}
}

func TestEqualDataIsCheckedWhereTheEncodingsDiffer(t *testing.T) {
	old, was, is := []byte("# a\nk: 1\n"), []byte("# a\nk: 1\n"), []byte("# b\nk: 1\n")
	whole := func(doc *edit.Document) error {
		if string(doc.Text) != string(is) {
			return errors.New("another comment")
		}
		return nil
	}
	got, report, err := edit.Edit(yaml.Grammar, old, was, is, edit.Options{Check: whole})
	if err != nil || string(got) != string(is) || report.Rung != edit.Replaced {
		t.Errorf("%q, %+v, %v", got, report, err)
	}
}
