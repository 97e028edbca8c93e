package toml_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/toml/tomlsuite"
)

func TestEditFollowsTheSurroundings(t *testing.T) {
	for _, c := range []struct{ name, old, was, is, want string }{
		{"a value", "# head\na = 1 # one\n", "a = 1\n", "a = 2\n", "# head\na = 2 # one\n"},
		{"a key behind the one before it", "a = 1 # one\n\n# of b\nb = 2\n", "a = 1\nb = 2\n", "a = 1\nn = 0\nb = 2\n", "a = 1 # one\nn = 0\n\n# of b\nb = 2\n"},
		{"a key in front of all", "# head\n\n# of a\na = 1\n", "a = 1\n", "n = 0\na = 1\n", "# head\n\nn = 0\n# of a\na = 1\n"},
		{"a key in front of all, below the head comment", "# head\na = 1\n", "a = 1\n", "n = 0\na = 1\n", "# head\nn = 0\na = 1\n"},
		{"a key in front of the first header", "# head\n\n# of t\n[t]\na = 1\n", "[t]\na = 1\n", "n = 0\n[t]\na = 1\n", "# head\n\nn = 0\n\n# of t\n[t]\na = 1\n"},
		{"a key at the end of a table", "[t]\na = 1\n\n# of u\n[u]\n", "[t]\na = 1\n[u]\n", "[t]\na = 1\nb = 2\n[u]\n", "[t]\na = 1\nb = 2\n\n# of u\n[u]\n"},
		{"a key in an empty table", "[t]\n  # level = 1\n\n[u]\n  x = 1\n", "[t]\n[u]\nx = 1\n", "[t]\nb = 2\n[u]\nx = 1\n", "[t]\n  b = 2\n  # level = 1\n\n[u]\n  x = 1\n"},
		{"no final newline", "a = 1", "a = 1\n", "a = 1\nb = 2\n[t]\nc = 3\n", "a = 1\nb = 2\n\n[t]\nc = 3"},
		{"CRLF", "a = 1\r\n[t]\r\nb = 1\r\n", "a = 1\n[t]\nb = 1\n", "a = 1\nc = 2\n[t]\nb = 1\n[t.u]\nx = \"1\\n2\"\n", "a = 1\r\nc = 2\r\n[t]\r\nb = 1\r\n[t.u]\r\nx = \"1\\n2\"\r\n"},
		{"a byte order mark", "\uFEFFa = 1\n", "a = 1\n", "", "\uFEFF"},
		{"a deleted key's comment ends with it", "a = 1\n# of b\nb = 2 # two\nc = 3\n", "a = 1\nb = 2\nc = 3\n", "a = 1\nc = 3\n", "a = 1\n# of b\nc = 3\n"},
		{"the first key deleted", "a = 1\n\nb = 2\n", "a = 1\nb = 2\n", "b = 2\n", "b = 2\n"},
		{"the first key for another", "a = 1\nb = 2\n", "a = 1\nb = 2\n", "n = 1\nb = 2\n", "n = 1\nb = 2\n"},
		{"a table deleted", "a = 1\n\n# of t\n[t]\nx = 1 # x\n# in t\ny = [\n  1,\n  # in y\n]\n\n[u]\nz = 1\n", "a = 1\n[t]\nx = 1\ny = [1]\n[u]\nz = 1\n", "a = 1\n[u]\nz = 1\n", "a = 1\n\n# of t\n# in t\n  # in y\n\n[u]\nz = 1\n"},
		{"a table deleted with its tables", "[t]\nx = 1\n\n[t.u]\ny = 1\n\n[v]\nz = 1\n", "[t]\nx = 1\n[t.u]\ny = 1\n[v]\nz = 1\n", "[v]\nz = 1\n", "[v]\nz = 1\n"},
		{"the last table deleted", "[t]\nx = 1\n\n[u]\ny = 1\n", "[t]\nx = 1\n[u]\ny = 1\n", "[t]\nx = 1\n", "[t]\nx = 1\n"},
		{"a new table between others", "[t]\nx = 1\n\n# of u\n[u]\ny = 1\n", "[t]\nx = 1\n[u]\ny = 1\n", "[t]\nx = 1\n[n]\nz = 1\n[n.m]\nw = 1\n[u]\ny = 1\n", "[t]\nx = 1\n\n[n]\nz = 1\n\n[n.m]\nw = 1\n\n# of u\n[u]\ny = 1\n"},
		{"tables without blank lines", "a=1\n[t]\nb=1\n", "a=1\n[t]\nb=1\n", "a=1\n[t]\nb=1\n[u]\nc=1\n", "a=1\n[t]\nb=1\n[u]\nc=1\n"},
		{"indented tables", "[t]\n  x = 1\n\n  [t.u]\n    y = 1\n", "[t]\nx = 1\n[t.u]\ny = 1\n", "[t]\nx = 1\n[t.u]\ny = 1\n[t.v]\nz = 1\n[t.v.w]\nz = 1\n", "[t]\n  x = 1\n\n  [t.u]\n    y = 1\n\n  [t.v]\n    z = 1\n\n    [t.v.w]\n      z = 1\n"},
		{"an element of a list of tables", "[[p]]\nn = 1\n[p.q]\nx = 1\n\n# two\n[[p]]\nn = 2\n\n[z]\n", "[[p]]\nn = 1\n[p.q]\nx = 1\n[[p]]\nn = 2\n[z]\n", "[[p]]\nn = 1\n[p.q]\nx = 1\n[[p]]\nn = 7\n[[p]]\nn = 2\n[[p]]\nn = 3\n[p.q]\nx = 3\n[z]\n", "[[p]]\nn = 1\n[p.q]\nx = 1\n\n[[p]]\nn = 7\n\n# two\n[[p]]\nn = 2\n\n[[p]]\nn = 3\n\n[p.q]\nx = 3\n\n[z]\n"},
		{"an element deleted", "[[p]]\nn = 1\n\n[[p]]\nn = 2\n\n[[p]]\nn = 3\n", "[[p]]\nn = 1\n[[p]]\nn = 2\n[[p]]\nn = 3\n", "[[p]]\nn = 1\n[[p]]\nn = 3\n", "[[p]]\nn = 1\n\n[[p]]\nn = 3\n"},
		{"a list of tables emptied", "a = 1\n\n[[p]]\nn = 1\n", "a = 1\n[[p]]\nn = 1\n", "a = 1\np = []\n", "a = 1\np = []\n"},
		{"a first list of tables", "a = 1\n", "a = 1\n", "a = 1\n[[p]]\nn = 1\n[[p]]\nn = 2\n", "a = 1\n\n[[p]]\nn = 1\n\n[[p]]\nn = 2\n"},
		{"a key of a table that only its tables show", "# c\n[a.b]\nx = 1\n", "[a.b]\nx = 1\n", "[a]\nk = 1\n[a.b]\nx = 1\n", "[a]\nk = 1\n\n# c\n[a.b]\nx = 1\n"},
		{"the last table of such", "[a.b]\nx = 1\n[c]\n", "[a.b]\nx = 1\n[c]\n", "[a]\n[c]\n", "[a]\n[c]\n"},
		{"dotted keys", "a.b = 1\na.c = 2 # c\nd = 1\n", "d = 1\n[a]\nb = 1\nc = 2\n", "d = 1\n[a]\nb = 1\nn = \"x\"\nc = 3\n", "a.b = 1\na.n = \"x\"\na.c = 3 # c\nd = 1\n"},
		{"the last of the dotted keys", "a.b = 1 # b\nd = 1\n", "d = 1\n[a]\nb = 1\n", "d = 1\n[a]\n", "a = {}\nd = 1\n"},
		{"a table like the neighbours, in one line", "[deps]\na = { version = \"1\" }\nb = \"2\"\n", "[deps]\nb = \"2\"\n[deps.a]\nversion = \"1\"\n", "[deps]\nb = \"2\"\n[deps.a]\nversion = \"1\"\n[deps.c]\nversion = \"3\"\nx = [1]\n", "[deps]\na = { version = \"1\" }\nc = { version = \"3\", x = [1] }\nb = \"2\"\n"},
		{"keys of inline tables", "a = { b = 1, c = 2 }\n", "[a]\nb = 1\nc = 2\n", "[a]\nb = 1\nn = 0\nd = 4\n", "a = { b = 1, n = 0, d = 4 }\n"},
		{"dotted keys of inline tables", "a = {b.c = 1, b.d = 2, e = 3}\n", "[a]\ne = 3\n[a.b]\nc = 1\nd = 2\n", "[a]\ne = 3\n[a.b]\nc = 1\nn = 0\n", "a = {b.c = 1, b.n = 0, e = 3}\n"},
		{"an empty inline table", "a = {}\n", "[a]\n", "[a]\nb = 1\n", "a = {b = 1}\n"},
		{"a list of tables in one line", "p = [{n = 1}, {n = 2}]\n", "[[p]]\nn = 1\n[[p]]\nn = 2\n", "[[p]]\nn = 1\n[[p]]\nn = 2\nm = 1\n[[p]]\nn = 3\n", "p = [{n = 1}, {n = 2, m = 1}, {n = 3}]\n"},
		{"an array of many lines", "a = [\n  1, # one\n  # of two\n  2,\n]\n", "a = [1, 2]\n", "a = [1, 5, 2, 3]\n", "a = [\n  1, # one\n  5,\n  # of two\n  2,\n  3,\n]\n"},
		{"a comma where there was none", "a = [\n  1, # one\n  2 # two\n]\n", "a = [1, 2]\n", "a = [1, 2, 3]\n", "a = [\n  1, # one\n  2, # two\n  3\n]\n"},
		{"arrays in arrays", "a = [[1, 2], [3]]\n", "a = [[1, 2], [3]]\n", "a = [[1, 2, 4], [3], []]\n", "a = [[1, 2, 4], [3], []]\n"},
		{"single quotes stay", "a = 'C:\\x'\nb = 'y'\n", "a = \"C:\\\\x\"\nb = \"y\"\n", "a = \"D:\\\\y\"\nb = \"it's\"\n", "a = 'D:\\y'\nb = \"it's\"\n"},
		{"a new string like its neighbour", "a = 'x'\n", "a = \"x\"\n", "a = \"x\"\nb = \"y\"\n", "a = 'x'\nb = 'y'\n"},
		{"lines stay lines", "a = \"\"\"\none\ntwo\n\"\"\"\nb = '''\none'''\n", "a = \"one\\ntwo\\n\"\nb = \"one\"\n", "a = \"one\\n\\\"\\\"\\\"\\\\\\n\"\nb = \"1\\n2\"\n", "a = \"\"\"\none\n\"\"\\\"\\\\\n\"\"\"\nb = '''\n1\n2'''\n"},
		{"numbers as they were spelled", "a = 0o644\nb = 0xFF\nc = 1_000_000\nd = 0b0001\n", "a = 420\nb = 255\nc = 1000000\nd = 1\n", "a = 384\nb = 171\nc = -2500000\nd = 2\n", "a = 0o600\nb = 0xAB\nc = -2_500_000\nd = 0b0010\n"},
		{"times as they were spelled", "a = 1979-05-27 07:32:00Z\n", "a = 1979-05-27T07:32:00Z\n", "a = 1980-05-27T07:32:00Z\n", "a = 1980-05-27 07:32:00Z\n"},
		{"aligned values", "name   = 1\nx      = 2\n", "name = 1\nx = 2\n", "name = 1\nx = 2\nother = 3\n", "name   = 1\nx      = 2\nother  = 3\n"},
		{"no blanks around =", "a=1\n", "a = 1\n", "a = 1\nb = {}\n", "a=1\n\n[b]\n"},
		{"the key as the text spells it", "Port = 1\n", "port = 1\n", "port = 2\n", "Port = 2\n"},
		{"the table as the text spells it", "[Server]\nPort = 1\n", "[server]\nport = 1\n", "[server]\nport = 2\nhost = \"x\"\n", "[Server]\nPort = 2\nhost = \"x\"\n"},
		{"keys with quotes", "\"a b\" = 1\n[\"t.u\".'v']\nx = 1\n", "\"a b\" = 1\n[\"t.u\".v]\nx = 1\n", "\"a b\" = 2\n\"\" = 0\n[\"t.u\".v]\nx = 1\n[\"t.u\".v.\"w w\"]\ny = 1\n", "\"a b\" = 2\n\"\" = 0\n[\"t.u\".'v']\nx = 1\n[\"t.u\".'v'.\"w w\"]\ny = 1\n"},
		{"an empty text", "", "", "a = 1\n[t]\nb = 2\n", "a = 1\n\n[t]\nb = 2\n"},
		{"an empty text, as the encoding is indented", "", "", "[t]\n  b = 2\n  [t.u]\n    c = 3\n", "[t]\n  b = 2\n\n  [t.u]\n    c = 3\n"},
		{"comments only", "# nothing\n", "", "a = 1\n[t]\nb = 2\n", "# nothing\na = 1\n\n[t]\nb = 2\n"},
		{"a table for a value", "a = 1 # one\n", "a = 1\n", "[a]\nb = 1\n", "a = {b = 1} # one\n"},
		{"a value for a table", "[a]\nb = 1\n\n[c]\n", "[a]\nb = 1\n[c]\n", "a = 1\n[c]\n", "a = 1\n\n[c]\n"},
		{"a table for one with headers", "# c\n[a.b]\nx = 1\n", "[a.b]\nx = 1\n", "a = [1]\n", "a = [1]\n\n# c\n"},
		{"a local time", "a = 07:32:00\nb = 1979-05-27\n", "a = 07:32:00\nb = 1979-05-27\n", "a = 07:33:00\nb = 1979-05-27T07:32:00\n", "a = 07:33:00\nb = 1979-05-27T07:32:00\n"},
		{"numbers of many kinds", "a = 0x00_ff\nb = 0o17\n", "a = 255\nb = 15\n", "a = 256\nb = -1\n", "a = 0x0100\nb = -1\n"},
		{"characters that need escapes", "a = 'x'\nb = \"\"\"\nx\"\"\"\n", "a = \"x\"\nb = \"x\"\n", "a = \"\\u0001\\b\\f\\r\\t\\\"\\\\\"\nb = \"1\\n\\\"\\\"\"\n", "a = \"\\u0001\\b\\f\\r\\t\\\"\\\\\"\nb = \"\"\"\n1\n\"\\\"\"\"\"\n"},
		{"blank lines at the head", "\n\na = 1\n\n\nb = 2\nc = 3\n", "a = 1\nb = 2\nc = 3\n", "c = 3\n", "c = 3\n"},
		{"blanks at the ends of lines", "a = 1  \n[t]\t\nb = 2  ", "a = 1\n[t]\nb = 2\n", "a = 1\nc = 1\n[t]\nb = 2\n[u]\n", "a = 1  \nc = 1\n[t]\t\nb = 2  \n[u]"},
		{"a value for dotted keys", "a.b = 1\na.c = 2\n", "[a]\nb = 1\nc = 2\n", "a = 1\n", "a = 1\n"},
	} {
		got, report, err := edit.Edit(toml.Grammar, []byte(c.old), []byte(c.was), []byte(c.is), edit.Options{})
		if err != nil || string(got) != c.want || len(report.Lost) > 0 || report.Rung != edit.Spliced {
			t.Errorf("%s: %+v, %v\ngot  %q\nwant %q", c.name, report, err, got, c.want)
		}
	}
}

func TestTextsThatCannotBeFollowedAreRenderedAnew(t *testing.T) {
	for _, c := range []struct{ name, old, was, is, want string }{
		{"a table of two places", "# c\na.b = 1\n[a]\nc = 1\nl = [1979-05-27, {x = true}]\n[[p]]\nn = 1\n", "[a]\nb = 1\nc = 1\n", "[a]\nb = 2\nc = 1\n",
			"[a]\nb = 2\nc = 1\nl = [1979-05-27, {x = true}]\n\n[[p]]\nn = 1\n"},
		{"a key in a list of tables", "# c\n[[a.b]]\nx = 1\n[a]\nb.c = 2\n", "[[a.b]]\nx = 1\nc = 2\n", "[[a.b]]\nx = 1\nc = 3\n", "[a]\n\n[[a.b]]\nc = 3\nx = 1\n"},
	} {
		got, report, err := edit.Edit(toml.Grammar, []byte(c.old), []byte(c.was), []byte(c.is), edit.Options{})
		if err != nil || string(got) != c.want || report.Rung < edit.Rerendered || len(report.Lost) != 1 {
			t.Errorf("%s: %+v, %v\ngot  %q\nwant %q", c.name, report, err, got, c.want)
		}
		_, _, err = edit.Edit(toml.Grammar, []byte(c.old), []byte(c.was), []byte(c.is), edit.Options{Refuse: true})
		if !errors.Is(err, errors.ErrEncode) {
			t.Errorf("%s, refusing: %v", c.name, err)
		}
	}
}

func TestEveryStyleHoldsWhatItShould(t *testing.T) {
	for _, style := range []edit.Style{edit.Plain, edit.Robust} {
		suite, tally := tomlsuite.TOML, edittest.Tally{}
		suite.Format = edittest.InStyle(toml.Grammar, style)
		for name, text := range tomlsuite.Written {
			suite.Run(t, name, text, 1, 2, tally)
			suite.RunMany(t, name, text, 1, 10, tally)
		}
		least := maps.Clone(tomlsuite.Thresholds)
		least[edittest.SetList] = 0.8 // a list of tables that becomes an array parts its elements from their comments
		tally.Require(t, least)
	}
}

func Example() {
	text := "# the site\n[server]\nHost = 'a.example' # public\nports = [\n  80, # plain\n]\n"
	was := "[server]\n  host = \"a.example\"\n  ports = [80]\n"
	is := "[server]\n  host = \"b.example\"\n  ports = [80, 443]\n"
	got, report, err := edit.Edit(toml.Grammar, []byte(text), []byte(was), []byte(is), edit.Options{})
	fmt.Print(string(got))
	fmt.Println(report.Rung, report.Lost, err)
	// Output:
	// # the site
	// [server]
	// Host = 'b.example' # public
	// ports = [
	//   80, # plain
	//   443,
	// ]
	// spliced [] <nil>
}
