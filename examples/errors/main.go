// Errors shows how a program handles each kind of error. It makes every error happen, and prints how it was handled.
//
//	go run ./examples/errors        in a temporary directory
//	go run ./examples/errors DIR    in yours, whose files a.json, b.json, … are replaced and stay
//
// Look at patterns.go: each function there is one pattern to copy. All match errors with [errors.Is] and [errors.As], and never by
// their text. This file only makes the errors happen.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
)

func main() {
	dir, remove := "", func() error { return nil }
	var err error
	if len(os.Args) > 1 {
		dir = os.Args[1]
	} else if dir, err = os.MkdirTemp("", "errors"); err == nil {
		remove = func() error { return os.RemoveAll(dir) }
	}
	if err == nil {
		err = errors.Join(run(dir, os.Stdout), remove())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "errors:", err)
		os.Exit(1)
	}
}

// situation makes one error happen to a file with a text. If the text is empty, there is no file.
type situation struct {
	title, file, text string
	do                func(path string) (handled string, err error)
}

var situations = []situation{
	{"updateConfig: the file is missing", "a.json", "", func(path string) (string, error) {
		return updateConfig(path, map[string]any{"port": 8080})
	}},
	{"updateConfig: the file is damaged", "b.json", `{"port": 80`, func(path string) (string, error) {
		return updateConfig(path, map[string]any{"port": 8080})
	}},
	{"updateConfig: the value can't be written", "c.json", `{"port": 80}`, func(path string) (string, error) {
		return updateConfig(path, map[string]any{"port": func() int { return 8080 }})
	}},
	{"processWithTimeout: another call holds the lock", "d.json", `{"n": 1}`, func(path string) (string, error) {
		return whileLocked(path, func() (string, error) { return processWithTimeout(path, 50*time.Millisecond) })
	}},
	{"processWithContext: the context ends", "e.json", `{"n": 1}`, func(path string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		return whileLocked(path, func() (string, error) { return processWithContext(ctx, path) })
	}},
	{"processWithContext: the lock file is somebody's data", "f.json", `{"n": 1}`, func(path string) (string, error) {
		if err := os.WriteFile(path+".lock", []byte("somebody's data\n"), 0o644); err != nil {
			return "", err
		}
		text, err := processWithContext(context.Background(), path)
		return text, errors.Join(err, os.Remove(path+".lock"))
	}},
	{"describe: an error of the library", "g.json", "[", func(path string) (string, error) {
		_, err := lockedfile.New[map[string]int](path).Read()
		return describe(err), nil
	}},
	{"describe: an error of the program's own function", "h.json", `{"n": 1}`, func(path string) (string, error) {
		return describe(lockedfile.New[map[string]int](path).Update(func(*map[string]int) error { return errBusiness })), nil
	}},
	{"readOrDefaults: the file is damaged", "i.json", `{"port": `, readOrDefaults},
	{"incrementWithRetry: an editor saves the file meanwhile", "j.json", `{"n": 1}`, func(path string) (string, error) {
		return incrementWithRetry(path, once(func() error { return os.WriteFile(path, []byte(`{"n": 1, "by": 2}`), 0o644) }))
	}},
	{"save: the caller gets the error with a context", "k.json", `{"n": 1}`, func(path string) (string, error) {
		err := save(path, map[string]any{"n": make(chan int)})
		return fmt.Sprintf("%v\nstill ErrEncode: %t", err, errors.Is(err, errors.ErrEncode)), nil
	}},
}

// run makes one error after the other happen. It returns an error only if the program itself can't go on.
func run(dir string, out io.Writer) error {
	for _, s := range situations {
		path := filepath.Join(dir, s.file)
		if err := prepare(path, s.text); err != nil {
			return err
		}
		handled, err := s.do(path)
		if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		fmt.Fprintf(out, "== %s\n%s\n", s.title, handled)
	}
	return nil
}

// prepare writes the text as any program does. Without a text there is no file.
func prepare(path, text string) error {
	if text == "" {
		return os.RemoveAll(path)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func whileLocked(path string, do func() (string, error)) (string, error) {
	lock, err := lockedfile.Acquire(context.Background(), path)
	if err != nil {
		return "", err
	}
	text, err := do()
	return text, errors.Join(err, lock.Release())
}

func once(do func() error) func() error {
	done := false
	return func() error {
		if done {
			return nil
		}
		done = true
		return do()
	}
}
