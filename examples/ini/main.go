// Ini adds a format that Holdfast does not have, as the README shows it: a load and a dump function, registered by one call.
//
//	go run ./examples/ini                                          a tour, in a temporary directory
//	go run ./examples/ini php.ini Date date.timezone               prints a value of your own file
//	go run ./examples/ini php.ini Date date.timezone Europe/Rome   changes it
//
// The section "" is the lines above the first header. Look at document in format.go: it holds every line, so comments, blank lines
// and order stay, although dump knows nothing of the old text.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
)

const sample = `; Settings of the shop.
debug = no

[server]
host = localhost   
port=8080

[log]
# info, warn or error
level = info
`

func main() {
	registry.RegisterPair(".ini", load, dump)
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ini:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	switch len(args) {
	case 0:
		return tour(out)
	case 3:
		return get(out, args[0], args[1], args[2])
	case 4:
		return set(args[0], args[1], args[2], args[3])
	}
	return errors.New("usage: ini [FILE SECTION KEY [VALUE]]")
}

func get(out io.Writer, path, section, key string) error {
	d, err := lockedfile.New[document](path).Read()
	if err != nil {
		return err
	}
	value, ok := d.get(section, key)
	if !ok {
		return fmt.Errorf("%s has no %s in section %q", path, key, section)
	}
	fmt.Fprintln(out, value)
	return nil
}

func set(path, section, key, value string) error {
	return lockedfile.New[document](path).Update(func(d *document) error { return d.set(section, key, value) })
}

func tour(out io.Writer) error {
	dir, err := os.MkdirTemp("", "ini")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "shop.ini")
	file := lockedfile.New[document](path)
	for _, step := range []struct {
		title string
		do    func() error
	}{
		{"a file as somebody wrote it", func() error { return file.WriteBytes([]byte(sample)) }},
		{"the port is changed", func() error { return set(path, "server", "port", "9090") }},
		{"a key and a section are added", func() error {
			return file.Update(func(d *document) error {
				return errors.Join(d.set("server", "workers", "4"), d.set("cache", "size", "64 MB"))
			})
		}},
		{"a line that is none is an error with its number", func() error {
			other := lockedfile.New[document](filepath.Join(dir, "broken.ini"))
			if err := other.WriteBytes([]byte("[server]\nport\n")); err != nil {
				return err
			}
			_, err := other.Read()
			if !errors.Is(err, errors.ErrDecode) {
				return fmt.Errorf("a broken file was not refused: %v", err)
			}
			where, _ := errors.AsType[*errors.DecodeError](err)
			fmt.Fprintln(out, where)
			return nil
		}},
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
