package bracket

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// changes is a patch by hand.
type changes struct {
	dropped  []int
	inserted map[int]string // words
}

func (c changes) Dropped(i int) bool { return slices.Contains(c.dropped, i) }

func (c changes) Touched() []int {
	list := slices.AppendSeq(slices.Clone(c.dropped), maps.Keys(c.inserted))
	slices.Sort(list)
	return slices.Compact(list)
}

func (c changes) Inserted(i int) []edit.Entry {
	var list []edit.Entry
	for _, word := range strings.Fields(c.inserted[i]) {
		list = append(list, edit.Entry{Value: edit.NewScalar(edit.TypeString, word)})
	}
	return list
}

// read finds the words between the brackets of text, and the comments, which
// begin with # or stand between /* and */.
func read(text string) (c Collection, comments []edit.Comment) {
	c.Open = strings.IndexByte(text, '[') + 1
	for i := c.Open; ; i++ {
		switch b := text[i]; {
		case strings.IndexByte(" \t\r\n", b) >= 0:
		case b == ',':
			c.Items[len(c.Items)-1].Comma = i
		case b == ']':
			c.Close = i
			return c, comments
		case b == '#' || b == '/':
			start, before := i, strings.TrimRight(text[:i], " \t")
			if b == '#' {
				i += strings.IndexAny(text[i:], "\r\n") - 1
			} else {
				i += strings.Index(text[i:], "*/") + 1
			}
			comments = append(comments, edit.Comment{Start: start, End: i + 1, Own: strings.HasSuffix(before, "\n")})
		default:
			start := i
			i += strings.IndexAny(text[i:], " \t\r\n,]#/") - 1
			c.Items = append(c.Items, Item{start, i + 1, -1})
		}
	}
}

func apply(text string, list []edit.Splice) string {
	slices.SortStableFunc(list, func(a, b edit.Splice) int { return a.Start - b.Start })
	var b strings.Builder
	at := 0
	for _, s := range list {
		b.WriteString(text[at:s.Start] + string(s.Text))
		at = s.End
	}
	return b.String() + text[at:]
}

func changed(text string, m Manner, p changes) (string, error) {
	c, comments := read(text)
	list, err := c.Splices(Change{Text: []byte(text), Comments: comments, Patch: p, Manner: m, Write: func(e edit.Entry, at Position) (string, error) {
		if e.Value.Value == "bad" {
			return "", errors.New("a bad word")
		}
		return e.Value.Value, nil
	}})
	return apply(text, list), err
}

func TestEntriesComeAndGo(t *testing.T) {
	row := Manner{Gap: " ", Break: "\n", Unit: "  "}
	column := Manner{Gap: " ", Break: "\n", Unit: "  ", Own: true}
	for _, c := range []struct {
		name string
		m    Manner
		text string
		changes
		want string
	}{
		{"in a row", row, "[a, b]", changes{nil, map[int]string{0: "x", 1: "y", 2: "z w"}}, "[x, a, y, b, z, w]"},
		{"in a tight row", row, "[a,b]", changes{nil, map[int]string{0: "x", 2: "z"}}, "[x,a,b,z]"},
		{"out of a row", row, "[a, b, c, d]", changes{[]int{0, 2}, nil}, "[b, d]"},
		{"the end of a row", row, "[a, b, c]", changes{[]int{1, 2}, nil}, "[a]"},
		{"one for another in a row", row, "[a, b, c]", changes{[]int{1}, map[int]string{1: "x"}}, "[a, x, c]"},
		{"first for another in a row", row, "[a, b]", changes{[]int{0}, map[int]string{0: "x"}}, "[x, b]"},
		{"all for others in a row", row, "[a, b]", changes{[]int{0, 1}, map[int]string{0: "x", 2: "y"}}, "[x, y]"},
		{"all of a row", row, "[ a, b ]", changes{[]int{0, 1}, nil}, "[]"},
		{"into an empty row", row, "[]", changes{nil, map[int]string{0: "x y"}}, "[x, y]"},
		{"into an empty row with padding", Manner{Gap: " ", Pad: " "}, "[]", changes{nil, map[int]string{0: "x y"}}, "[ x, y ]"},
		{"behind a comment", row, "[ /* none */ ]", changes{nil, map[int]string{0: "x y"}}, "[ /* none */ x, y]"},
		{"in front of the first one's comment", row, "[/*a*/ a]", changes{nil, map[int]string{0: "x"}}, "[x, /*a*/ a]"},
		{"a comment inside a row", row, "[a, /*b*/ b, c]", changes{[]int{1}, nil}, "[a, c]"},
		{"the first of a line", row, "[\n  a, b,\n  c, d\n]", changes{[]int{2}, nil}, "[\n  a, b,\n  d\n]"},
		{"the first of a line for another", row, "[\n  a, b,\n  c, d\n]", changes{[]int{2}, map[int]string{2: "x"}}, "[\n  a, b,\n  x, d\n]"},
		{"before the end of a line", row, "[a,\n b]", changes{[]int{0}, map[int]string{0: "x"}}, "[x,\n b]"},
		{"lines", column, "[\n  a,\n  b\n]", changes{nil, map[int]string{0: "x", 1: "y", 2: "z"}}, "[\n  x,\n  a,\n  y,\n  b,\n  z\n]"},
		{"lines with a comma at the end", column, "[\n  a,\n]", changes{nil, map[int]string{1: "z"}}, "[\n  a,\n  z,\n]"},
		{"lines deleted", column, "[\n  a, # a\n  # of b\n  b, # b\n  c # c\n]", changes{[]int{1}, nil}, "[\n  a, # a\n  # of b\n  c # c\n]"},
		{"the last line deleted", column, "[\n  a, # a\n  b # b\n]", changes{[]int{1}, nil}, "[\n  a # a\n]"},
		{"a line for another", column, "[\n  # of a\n  a,\n  b\n]", changes{[]int{0}, map[int]string{0: "x"}}, "[\n  # of a\n  x,\n  b\n]"},
		{"all lines for others", column, "[\n  a,\n  b\n]", changes{[]int{0, 1}, map[int]string{1: "x y"}}, "[\n  x,\n  y\n]"},
		{"all lines, a comment stays", column, "[\n  # of a\n  a\n]", changes{[]int{0}, nil}, "[\n  # of a\n]"},
		{"all, a comment behind the bracket stays", column, "[ # open\n  a\n]", changes{[]int{0}, nil}, "[ # open\n]"},
		{"in front, above the comment of the first", column, "[ # open\n\n  # all\n\n  # of a\n  a\n]", changes{nil, map[int]string{0: "x"}}, "[ # open\n\n  # all\n\n  x,\n  # of a\n  a\n]"},
		{"CRLF", Manner{Break: "\r\n"}, "[\r\n  a,\r\n  b\r\n]", changes{[]int{0}, map[int]string{2: "x"}}, "[\r\n  b,\r\n  x\r\n]"},
		{"a bracket on the last line", column, "[\n  a,\n  b]", changes{[]int{1}, map[int]string{2: "x"}}, "[\n  a,\n  x]"},
		{"a bracket does not get into a comment", column, "[a, # a\n  b]", changes{[]int{1}, nil}, "[a # a\n]"},
		{"a row that a comment ends", row, "  [a # a\n  ]", changes{nil, map[int]string{1: "x"}}, "  [a, # a\n    x\n  ]"},
		{"a comma of its own line", row, "[\n  a\n  , b\n]", changes{nil, map[int]string{2: "x"}}, "[\n  a\n  , b, x\n]"},
		{"into an empty column", column, "  []", changes{nil, map[int]string{0: "x y"}}, "  [\n    x,\n    y\n  ]"},
		{"into an empty column with commas at the end", Manner{Break: "\n", Own: true, Trailing: true}, "[]", changes{nil, map[int]string{0: "x"}}, "[\nx,\n]"},
		{"into a column of comments", row, "[\n      # none\n]", changes{nil, map[int]string{0: "x"}}, "[\n      # none\n      x\n]"},
		{"into brackets on two lines", column, "[\n]", changes{nil, map[int]string{0: "x"}}, "[\n  x\n]"},
		{"after a byte order mark", column, "\uFEFF[]", changes{nil, map[int]string{0: "x"}}, "\uFEFF[\n  x\n]"},
	} {
		got, err := changed(c.text, c.m, c.changes)
		if got != c.want || err != nil {
			t.Errorf("%s: got  %q, %v\nwant %q", c.name, got, err, c.want)
		}
	}
}

func TestAnEntryThatCannotBeWrittenFails(t *testing.T) {
	for _, text := range []string{"[a]", "[]", "[\n  a\n]"} {
		if _, err := changed(text, Manner{}, changes{nil, map[int]string{0: "bad bad"}}); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestDropKeepsTheCommentsOfTheirOwnLines(t *testing.T) {
	text := "a\nx { # x\n  # one\n  y /* y */\n  /* two */\n  } z\nb\n"
	_, comments := read("[" + strings.NewReplacer("{", " ", "}", " ").Replace(text) + "]")
	for i := range comments {
		comments[i].Start--
		comments[i].End--
	}
	for _, c := range []struct{ from, to, want string }{
		{"\nx", "\nb", "a\n  # one\n  /* two */\nb\n"},
		{"x", " z", "a\n\n  # one\n  /* two */\n   z\nb\n"},
		{"  y", "\n  /* two", "a\nx { # x\n  # one\n\n  /* two */\n  } z\nb\n"},
	} {
		list := Drop([]byte(text), comments, strings.Index(text, c.from), strings.Index(text, c.to))
		if got := apply(text, list); got != c.want {
			t.Errorf("from %q to %q: got %q, want %q", c.from, c.to, got, c.want)
		}
		for _, s := range list {
			if !s.Drop || len(strings.TrimSpace(string(s.Text))) > 0 {
				t.Errorf("from %q to %q: %+v", c.from, c.to, s)
			}
		}
	}
}
