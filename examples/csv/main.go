// Csv teaches the handles a new format: records of a CSV file as maps, by the header's names.
//
//	go run ./examples/csv                                a tour, in a temporary directory
//	go run ./examples/csv people.csv                     the records of your own file
//	go run ./examples/csv people.csv name=Ada city=Rome  adds a record to it
//
// The format is in format.go, and main registers it. Load and Dump are enough for a format. This one has Edit as well, so
// a file keeps its delimiter, the order of its columns, and the text of each row that did not change.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
	"github.com/holdfast-go/holdfast/safefile"
)

func main() {
	registry.Register(".csv", newFormat(',', "name"))
	registry.Register(".tsv", newFormat('\t', "name"))
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "csv:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return tour(out)
	}
	file := lockedfile.New[[]record](args[0])
	if len(args) > 1 {
		added := record{}
		for _, arg := range args[1:] {
			name, value, ok := strings.Cut(arg, "=")
			if !ok {
				return fmt.Errorf("%q is not NAME=VALUE; usage: csv FILE [NAME=VALUE …]", arg)
			}
			added[name] = value
		}
		return file.Merge([]record{added})
	}
	records, err := file.Read()
	for _, r := range records {
		fmt.Fprintln(out, r)
	}
	return err
}

// tour shows what happens to a file that somebody has written by hand.
func tour(out io.Writer) error {
	dir, err := os.MkdirTemp("", "csv")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := lockedfile.New[[]record](filepath.Join(dir, "people.csv"))
	const byHand = "name;city;\"age\"\nAlice;'s-Hertogenbosch;30\n\"Bob\";\"San Francisco; CA\";25\n"
	for _, step := range []struct {
		title string
		do    func() error
	}{
		{"a file with semicolons, as somebody wrote it", func() error { return file.WriteBytes([]byte(byHand)) }},
		{"Merge adds a record", func() error {
			return file.Merge([]record{{"name": "Diana", "age": "28", "city": "Boston"}})
		}},
		{"Update changes one record; the text of the others stays", func() error {
			return file.Update(func(records *[]record) error { (*records)[0]["age"] = "31"; return nil })
		}},
		{"a row with too few fields is an error with its line", func() error { return ragged(out, dir) }},
	} {
		fmt.Fprintf(out, "== %s\n", step.title)
		if err := step.do(); err != nil {
			return err
		}
		text, err := file.ReadBytes()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", text)
	}
	return nil
}

func ragged(out io.Writer, dir string) error {
	file := safefile.New[[]record](filepath.Join(dir, "ragged.csv"))
	if err := file.WriteBytes([]byte("name;age\nAlice;30\nBob\n")); err != nil {
		return err
	}
	_, err := file.Read()
	where, ok := errors.AsType[*errors.DecodeError](err)
	if !ok {
		return fmt.Errorf("a ragged row was not refused: %v", err)
	}
	fmt.Fprintf(out, "%v; the number is %d\n", where, where.Line)
	return nil
}
