package edit

import (
	"reflect"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
)

const config = "# head\nhost=a # where\n\n  extra=1\nport=80\n# tail\n"

func TestEditChangesOnlyWhatDiffers(t *testing.T) {
	for _, c := range []struct{ name, old, was, is, want string }{
		{"set", config, "host=a\nport=80\n", "host=a\nport=81\n", "# head\nhost=a # where\n\n  extra=1\nport=81\n# tail\n"},
		{"insert in the middle", config, "host=a\nport=80\n", "host=a\nnew=1\nport=80\n", "# head\nhost=a # where\n\nnew=1\n  extra=1\nport=80\n# tail\n"},
		{"insert in front", config, "host=a\nport=80\n", "new=1\nhost=a\nport=80\n", "# head\nnew=1\nhost=a # where\n\n  extra=1\nport=80\n# tail\n"},
		{"append", config, "host=a\nport=80\n", "host=a\nport=80\nnew=1\n", config + "new=1\n"},
		{"delete takes the comment at its line's end", config, "host=a\nport=80\n", "port=80\n", "# head\n\n  extra=1\nport=80\n# tail\n"},
		{"default not in the text", config, "host=a\nport=80\nlevel=\n", "host=a\nport=80\nlevel=\n", config},
		{"everything at once", config, "host=a\nport=80\n", "host=b\nn=1\nm=2\n", "# head\nhost=b # where\n\nn=1\nm=2\n  extra=1\n# tail\n"},
		{"empty text", "", "host=\n", "host=a\n", "host=a\n"},
	} {
		got, report, err := Edit(lines{}, []byte(c.old), []byte(c.was), []byte(c.is), Options{})
		if err != nil || string(got) != c.want || len(report.Lost) > 0 {
			t.Errorf("%s: got %q, %+v, %v; want %q", c.name, got, report, err, c.want)
		}
	}
}

func TestEditClimbsNoHigherThanItMust(t *testing.T) {
	atLeast := func(s Style) func(*Document, Style, []Splice) bool {
		return func(_ *Document, have Style, _ []Splice) bool { return have < s }
	}
	small := func(_ *Document, _ Style, list []Splice) bool { return list[0].Start != 0 || list[0].End < 10 }
	filled := func(doc *Document, _ Style, _ []Splice) bool { return len(doc.Text) > 0 }
	inTwo := func(_ *Document, _ Style, list []Splice) bool { return len(list) > 1 }
	for _, c := range []struct {
		name   string
		refuse func(*Document, Style, []Splice) bool
		rung   Rung
		lost   []int
		err    error
	}{
		{"follows", nil, Spliced, nil, nil},
		{"another style", atLeast(Robust), Restyled, nil, nil},
		{"the collection", small, Rerendered, []int{1, 2, 6}, nil},
		{"one operation at a time", inTwo, Spliced, nil, nil},
		{"the whole text", filled, Rewritten, []int{1, 2, 6}, nil},
		{"the encoding", func(*Document, Style, []Splice) bool { return true }, Replaced, []int{1, 2, 6}, nil},
	} {
		was, is := "host=a\nport=80\n", "host=b\nport=81\n"
		_, report, err := Edit(lines{refuse: c.refuse}, []byte(config), []byte(was), []byte(is), Options{})
		if report.Rung != c.rung || !reflect.DeepEqual(report.Lost, c.lost) || err != nil {
			t.Errorf("%s: %+v, %v; want %v %v", c.name, report, err, c.rung, c.lost)
		}
		_, _, err = Edit(lines{refuse: c.refuse}, []byte(config), []byte(was), []byte(is), Options{Refuse: true})
		if (err != nil) != (c.lost != nil) || err != nil && !errors.Is(err, errors.ErrEncode) {
			t.Errorf("%s, refusing: %v", c.name, err)
		}
	}
}

func TestEditAsksTheCheckWhatADeletionMeans(t *testing.T) {
	old, was, is := "#c\nhost=a\nport=80\n", []byte("host=a\nport=80\n"), []byte("host=a\n")
	for _, c := range []struct{ name, accepted, want string }{
		{"the key goes", "#c\nhost=a\n", "#c\nhost=a\n"},
		{"its zero is written", "#c\nhost=a\nport=\n", "#c\nhost=a\nport=\n"},
		{"a null is written", "#c\nhost=a\nport=null\n", "#c\nhost=a\nport=null\n"},
		{"the encoding takes its place", "host=a\n", "host=a\n"},
		{"nothing passes, not the encoding either", "", ""},
	} {
		got, _, err := Edit(lines{}, []byte(old), was, is, Options{Check: func(doc *Document) error {
			text := doc.Text
			if string(text) != c.accepted && string(text) != string(is) || c.accepted == "" {
				return errors.New("not accepted")
			}
			return nil
		}})
		if string(got) != c.want || errors.Is(err, errors.ErrEncode) != (c.want == "") {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestEditMatchesKeysAsTheDecoderDoes(t *testing.T) {
	for _, c := range []struct {
		name         string
		keys         KeyRule
		old, is      string
		want, encWas string
	}{
		{"fold", MatchFold, "Port=1\n", "port=2\n", "Port=2\n", "port=1\n"},
		{"exact", MatchExact, "Port=1\nport=1\n", "port=2\n", "Port=1\nport=2\n", "port=1\n"},
		{"fold prefers exact", MatchFold, "port=1\nPort=1\n", "port=2\n", "port=2\nPort=1\n", "port=1\n"},
		{"fold, last", MatchFoldLast, "port=1\nPort=1\n", "port=2\n", "port=1\nPort=2\n", "port=1\n"},
		{"another key of the encoding", MatchFold, "Port=1\n", "Port=1\nport=2\n", "Port=1\nport=2\n", "Port=1\n"},
	} {
		got, _, err := Edit(lines{keys: c.keys}, []byte(c.old), []byte(c.encWas), []byte(c.is), Options{})
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestEditTellsWhichTextIsWrong(t *testing.T) {
	good, bad := []byte("a=1\n"), []byte("nothing")
	if _, _, err := Edit(lines{}, bad, good, good, Options{}); !errors.Is(err, errors.ErrDecode) {
		t.Errorf("old: %v", err)
	}
	if _, _, err := Edit(lines{}, good, bad, good, Options{}); !errors.Is(err, errors.ErrEncode) {
		t.Errorf("old encoding: %v", err)
	}
	if _, _, err := Edit(lines{}, good, good, bad, Options{}); !errors.Is(err, errors.ErrEncode) {
		t.Errorf("new encoding: %v", err)
	}
}

func TestSplicesMayNotOverlap(t *testing.T) {
	text := []byte("abcdef")
	for _, c := range []struct {
		name string
		list []Splice
		want string
	}{
		{"in any order", []Splice{{Start: 4, End: 5, Text: []byte("E")}, {Start: 0, End: 1}}, "bcdEf"},
		{"at one place, as given", []Splice{{Start: 2, End: 2, Text: []byte("1")}, {Start: 2, End: 3, Text: []byte("2")}}, "ab12def"},
		{"overlapping", []Splice{{Start: 0, End: 3}, {Start: 2, End: 4}}, ""},
		{"beyond the end", []Splice{{Start: 0, End: 7}}, ""},
		{"backwards", []Splice{{Start: 3, End: 2}}, ""},
	} {
		got, err := splice(text, c.list)
		if string(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestAResultThatHoldsSomethingElseIsNoResult(t *testing.T) {
	for name, damage := range map[string]string{"another value": "0", "no text of the format": "\nbad", "a comment in place of the value": "#"} {
		f := lines{refuse: func(doc *Document, _ Style, list []Splice) bool {
			list[0].Text = append([]byte(damage), list[0].Text...)
			return false
		}}
		got, report, err := Edit(f, []byte(config), []byte("port=80\n"), []byte("port=81\n"), Options{})
		if err != nil || report.Rung != Replaced || string(got) != "port=81\n" {
			t.Errorf("%s: %q, %v, %v", name, got, report, err)
		}
	}
}

func TestKindsAndRungsHaveNames(t *testing.T) {
	if Delete.String() != "delete" || Replaced.String() != "replaced" {
		t.Errorf("%v, %v", Delete, Replaced)
	}
}
