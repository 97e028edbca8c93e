// Plugin uses a format that another package brings along: compressed JSON, by the import of package cjson.
//
//	go run ./examples/plugin              a tour, in a temporary directory
//	go run ./examples/plugin NAME …       says whether files of these names have a format
//
// Look at the imports: the blank one is all that a program needs. In Python the counterpart is an entry point.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	_ "github.com/holdfast-go/holdfast/examples/plugin/cjson"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "plugin:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) > 0 {
		return supported(args, out)
	}
	fmt.Fprintln(out, "== the registered formats, and the packages that have registered them")
	for _, ext := range registry.Formats() {
		fmt.Fprintf(out, "%-8s  %s\n", ext, registry.Default().Source(ext))
	}
	dir, err := os.MkdirTemp("", "plugin")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return large(out, dir)
}

// supported says which paths a handle could have. The files need not exist.
func supported(paths []string, out io.Writer) error {
	for _, path := range paths {
		if _, err := registry.Lookup(path); err != nil {
			return err
		}
		fmt.Fprintln(out, path, "has a format")
	}
	return nil
}

type record struct {
	ID   int    `json:"id"`
	Data string `json:"data"`
}

// large writes the same records as a plain file and as a compressed one, and adds one to each.
func large(out io.Writer, dir string) error {
	records := make([]record, 10_000)
	for i := range records {
		records[i] = record{i, fmt.Sprintf("record_%d", i)}
	}
	fmt.Fprintln(out, "== 10000 records, and one more")
	for _, name := range []string{"large.json", "large.json.gz", "large.cjson"} {
		file := lockedfile.New[[]record](filepath.Join(dir, name))
		if err := file.Write(records); err != nil {
			return err
		}
		if err := file.Merge([]record{{10_000, "one more"}}); err != nil {
			return err
		}
		read, err := file.Read()
		if err != nil {
			return err
		}
		info, err := os.Stat(file.Path())
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-14s %6d bytes, %d records\n", name, info.Size(), len(read))
	}
	return nil
}
