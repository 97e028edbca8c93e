package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/codec/codectest"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

// must runs the program and fails the test if it fails.
func must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := testkit.RunProgram(t, args...)
	if status != 0 || stderr != "" {
		t.Fatalf("%q: exit status %d, %s", args, status, stderr)
	}
	return stdout
}

// handle is a handle as a program that uses the format has it.
func handle(path string) *lockedfile.LockedFile[[]record] {
	r := registry.New()
	r.Register("csv", newFormat(',', "name"))
	return lockedfile.New[[]record](path, safefile.WithRegistry(r))
}

func TestTheTourKeepsDelimiterOrderAndRows(t *testing.T) {
	testkit.OwnTemp(t)
	out := must(t)
	_, last, _ := strings.Cut(out, "== a row with too few fields")
	for _, want := range []string{
		"not valid csv, line 3: fields in the row: 1, in the header: 2; the number is 3\n",
		"name;city;\"age\"\nAlice;'s-Hertogenbosch;31\n\"Bob\";\"San Francisco; CA\";25\nDiana;Boston;28\n",
	} {
		if !strings.Contains(last, want) {
			t.Errorf("the tour does not end with %q:\n%s", want, out)
		}
	}
}

func TestRecordsAreAddedFromTheCommandLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.tsv")
	must(t, path, "city=Rome", "name=Ada")
	must(t, path, "name=Bob", "city=a\tb", "age=7")
	testkit.WantContent(t, path, "name\tcity\tage\nAda\tRome\t\nBob\t\"a\tb\"\t7\n")
	if got := must(t, path); got != "map[age: city:Rome name:Ada]\nmap[age:7 city:a\tb name:Bob]\n" {
		t.Errorf("the records are printed as %q", got)
	}
	if _, stderr, status := testkit.RunProgram(t, path, "Ada"); status != 1 || !strings.Contains(stderr, "usage: csv FILE") {
		t.Errorf("exit status %d, %q", status, stderr)
	}
	if _, stderr, status := testkit.RunProgram(t, path+".missing.csv"); status != 1 || stderr == "" {
		t.Errorf("a missing file: exit status %d, %q", status, stderr)
	}
}

func TestRecordsOfManyProcessesAtOnceAreAllKept(t *testing.T) {
	path := testkit.File(t, "people.csv", "id;name\n")
	var all sync.WaitGroup
	var want []string
	for i := range 8 {
		want = append(want, fmt.Sprintf("%d;n", i))
		all.Go(func() { must(t, path, "name=n", fmt.Sprint("id=", i)) })
	}
	all.Wait()
	got := strings.Fields(testkit.Content(t, path))
	if slices.Sort(got[1:]); !slices.Equal(got, append([]string{"id;name"}, want...)) {
		t.Errorf("the file holds %q", got)
	}
}

func TestTheFormatKeepsTheRulesOfCodecs(t *testing.T) {
	for _, delimiter := range []byte(delimiters) {
		codectest.Run(t, newFormat(delimiter, "name"),
			[]record{{"name": "Ada", "age": "36"}, {"name": "Bob", "age": ""}},
			[]record{{"a;b": "1,2", "c|d": "\t", "\ufeffe": "\ufeff"}},
			[]record{{"one": ""}, {"one": " x "}, {"one": "a \"quote\",\nand\ra line"}, {"one": "\r"}, {"one": "ö\xff"}},
			[]record{{"": "no name"}})
	}
}

func TestAnEditChangesOnlyTheRowsThatDiffer(t *testing.T) {
	first := func(change func(r record)) func(*[]record) error {
		return func(all *[]record) error { change((*all)[0]); return nil }
	}
	for name, c := range map[string]struct {
		old, want string
		change    func(*[]record) error
	}{
		"nothing":           {"b,a\n\"1\",2", "b,a\n\"1\",2", first(func(record) {})},
		"a value":           {"b|a\n1|2\n\"3\"|4\n", "b|a\n1|9\n\"3\"|4\n", first(func(r record) { r["a"] = "9" })},
		"mark and CRLF":     {"\ufeff\"b\";a\r\n1;2\r\n\"3\";4", "\ufeff\"b\";a\r\n1;9\r\n\"3\";4\r\n", first(func(r record) { r["a"] = "9" })},
		"a new column":      {"b;a\n1;2\n3;4\n", "b;a;A\n1;2;x\n3;4;\n", first(func(r record) { r["A"] = "x" })},
		"a deleted row":     {"b;a\n1;2\n\"3\";4\n", "b;a\n\"3\";4\n", func(all *[]record) error { *all = (*all)[1:]; return nil }},
		"a deleted column":  {"b;a\n1;2\n", "b\n1\n", first(func(r record) { delete(r, "a") })},
		"all rows deleted":  {"b;a\n1;2\n", "b;a\n", func(all *[]record) error { *all = nil; return nil }},
		"a header only":     {"b;a\n", "b;a\n;1\n", func(all *[]record) error { *all = []record{{"a": "1"}}; return nil }},
		"a header in parts": {"\n\"b;\n,,\";a\n1;2\n", "\n\"b;\n,,\";a\n1;3\n", first(func(r record) { r["a"] = "3" })},
		"an empty file":     {"\n", "name,a\n2,1\n", func(all *[]record) error { *all = []record{{"a": "1", "name": "2"}}; return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			path := testkit.File(t, "x.csv", c.old)
			testkit.Must(t, handle(path).Update(c.change))
			testkit.WantContent(t, path, c.want)
		})
	}
}

func TestATableThatIsNoneIsRefusedWithItsLine(t *testing.T) {
	for text, line := range map[string]int{
		"a,b\n1,2\n\n3\n":       4, // a blank line counts
		"a,b\n\"1\n\",2\n3,4,5": 4, // as does one in quotes
		"a,b\n1,x\"\n":          2,
		"a,b\n1,\"2\n":          2,
		"a,b,a\n":               1,
	} {
		path := testkit.File(t, "x.csv", text)
		_, err := handle(path).Read()
		where, ok := errors.AsType[*errors.DecodeError](err)
		if !ok || where.Line != line {
			t.Errorf("%q: %v, want line %d", text, err, line)
		}
		testkit.WantIs(t, "Merge", handle(path).Merge([]record{{"a": "1"}}), errors.ErrDecode)
		testkit.WantContent(t, path, text)
	}
}

func TestWhatCSVCannotHoldIsRefused(t *testing.T) {
	for _, records := range [][]record{{{}}, {{"a": "x\r\ny"}}, {{"x\r\ny": "a"}}} {
		path := testkit.File(t, "x.csv", "b;a\n1;2\n")
		testkit.WantIs(t, fmt.Sprint(records), handle(path).Write(records), errors.ErrEncode)
		testkit.WantContent(t, path, "b;a\n1;2\n")
	}
}

func FuzzEditHoldsTheValueAndKeepsTheHeader(f *testing.F) {
	for _, text := range []string{"b;a\n1;2\n", "\ufeffa\tb\r\n\"1\"\t2", "a\n\n\"\"\n", "x|y,z\n1|2\n"} {
		f.Add([]byte(text), "a", "1")
	}
	c := newFormat(',')
	f.Fuzz(func(t *testing.T, old []byte, name, value string) {
		before, err := parse(old)
		if err != nil {
			return
		}
		want := append(before.records(), record{name: value})
		var text strings.Builder
		if err := c.Edit(&text, old, want); err != nil {
			return // a field that CSV can't hold
		}
		after, err := parse([]byte(text.String()))
		if err != nil {
			t.Fatalf("%v in %q", err, text.String())
		}
		if n := len(before.header); n > 0 && (!slices.Equal(after.header[:n], before.header) || after.delimiter != before.delimiter) {
			t.Errorf("%q was edited to %q", old, text.String())
		}
		for _, r := range want { // what a record lacks is an empty field
			for _, column := range after.header {
				r[column] += ""
			}
		}
		if !slices.EqualFunc(after.records(), want, maps.Equal[record, record]) {
			t.Errorf("%q holds %v, want %v", text.String(), after.records(), want)
		}
	})
}
