package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/codec/codectest"
	"github.com/holdfast-go/holdfast/internal/testkit"
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

func TestTheTourKeepsEveryOtherLine(t *testing.T) {
	testkit.OwnTemp(t)
	out := must(t)
	want := strings.NewReplacer("port=8080\n", "port=9090\nworkers = 4\n").Replace(sample) + "\n[cache]\nsize = 64 MB\n"
	if !strings.HasSuffix(out, "not valid ini, line 2: the line is neither [section] nor key = value\n"+want+"\n") {
		t.Errorf("the tour ends otherwise:\n%s", out)
	}
}

func TestOneKeyIsChangedAndEveryOtherByteStays(t *testing.T) {
	for name, c := range map[string]struct{ old, section, key, value, want string }{
		"a value":              {"a=1\n[s]\n a\t= 2  \n", "s", "a", "x y", "a=1\n[s]\n a\t= x y  \n"},
		"above all sections":   {"a=1\n[s]\na=2\n", "", "a", "3", "a=3\n[s]\na=2\n"},
		"the last of two":      {"a=1\na=2\n", "", "a", "3", "a=1\na=3\n"},
		"an empty value":       {"a =\n", "", "a", "3", "a =3\n"},
		"CRLF":                 {"; c\r\n[s]\r\na = 1\r\n", "s", "b", "2", "; c\r\n[s]\r\na = 1\r\nb = 2\r\n"},
		"no end of line":       {"[s]\na = 1", "s", "a", "2", "[s]\na = 2"},
		"after no end of line": {"[s]\na = 1", "s", "b", "2", "[s]\na = 1\nb = 2\n"},
		"an equals sign":       {"a = 1=2\n", "", "a", "3=4", "a = 3=4\n"},
		"a new first section":  {"[s]\na = 1\n", "", "b", "2", "b = 2\n[s]\na = 1\n"},
		"a section in parts":   {"[s]\na=1\n\n[t]\n\n[s]\n", "s", "b", "2", "[s]\na=1\n\n[t]\n\n[s]\nb = 2\n"},
		"a new section":        {"# c\n", "s", "a", "1", "# c\n\n[s]\na = 1\n"},
		"an empty file":        {"", "s", "a", "1", "[s]\na = 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path := testkit.File(t, "x.ini", c.old)
			must(t, path, c.section, c.key, c.value)
			testkit.WantContent(t, path, c.want)
			if got := must(t, path, c.section, c.key); got != c.value+"\n" {
				t.Errorf("the value reads as %q", got)
			}
		})
	}
}

func TestWhatCannotBeALineIsRefused(t *testing.T) {
	for _, c := range [][3]string{{"", "a", "1\n2"}, {"", "a=b", "1"}, {"", "", "1"}, {"", "[a", "1"}, {"", ";a", "1"}, {"", "a", " 1"}, {"s\n", "a", "1"}} {
		path := testkit.File(t, "x.ini", "a = 0\n")
		if _, stderr, status := testkit.RunProgram(t, path, c[0], c[1], c[2]); status != 1 || !strings.Contains(stderr, "can't be") {
			t.Errorf("%q: exit status %d, %q", c, status, stderr)
		}
		testkit.WantContent(t, path, "a = 0\n")
	}
}

func TestABrokenFileStaysAsItIs(t *testing.T) {
	for text, line := range map[string]int{"a = 1\nb\n": 2, "[s\n": 1, "\n= 1\n": 2, "[s] = 1\n": 1} {
		path := testkit.File(t, "x.ini", text)
		if _, stderr, status := testkit.RunProgram(t, path, "s", "a", "1"); status != 1 || !strings.Contains(stderr, fmt.Sprintf("not valid ini, line %d:", line)) {
			t.Errorf("%q: exit status %d, %q", text, status, stderr)
		}
		testkit.WantContent(t, path, text)
	}
}

func TestABadCommandLineIsRefused(t *testing.T) {
	path := testkit.File(t, "x.ini", "a = 1\n")
	for _, args := range [][]string{{path}, {path, ""}, {path, "", "b"}, {path, "", "a", "1", "2"}, {path + ".missing", "", "a"}} {
		if out, stderr, status := testkit.RunProgram(t, args...); status != 1 || out != "" || !strings.HasPrefix(stderr, "ini: ") {
			t.Errorf("%q: exit status %d, %q, %q", args, status, out, stderr)
		}
	}
}

func TestKeysOfManyProcessesAtOnceAreAllKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ini") // the first of them makes it
	var all sync.WaitGroup
	want := []string{"[s]"}
	for i := range 8 {
		want = append(want, fmt.Sprintf("key%d = %d", i, i))
		all.Go(func() { must(t, path, "s", fmt.Sprint("key", i), fmt.Sprint(i)) })
	}
	all.Wait()
	got := strings.Split(strings.TrimSpace(testkit.Content(t, path)), "\n")
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("the file holds %q", got)
	}
}

func TestTheFormatKeepsTheRulesOfCodecs(t *testing.T) {
	c := codec.Pair(load, dump)
	var large document
	for _, section := range []string{"", "a", "b"} {
		for _, key := range []string{"x", "y z"} {
			testkit.Must(t, large.set(section, key, "ö ; = "+key))
		}
	}
	codectest.Run(t, c, document{{"a=1\n", "", "a", "1"}}, large)
}
