// Guarantees shows the four guarantees one by one: which option gives which, what each leaves in the directory, and how a program
// asks for them and notices that one was broken.
//
//	go run ./examples/guarantees        in a temporary directory
//	go run ./examples/guarantees DIR    in yours, whose files state.json and other.json are replaced
//
// Look at startup: a service that must not lose a file calls something like it once, before its first write. Examples/doctor
// does the same for an administrator.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "guarantees:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) > 1 {
		return errors.New("usage: guarantees [DIR]")
	}
	if len(args) == 1 {
		return tour(out, args[0])
	}
	dir, err := os.MkdirTemp("", "guarantees")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return tour(out, dir)
}

func tour(out io.Writer, dir string) error {
	path := filepath.Join(dir, "state.json")
	for _, step := range []struct {
		title string
		do    func(out io.Writer, path string) error
	}{
		{"may this program run here?", startup},
		{"one guarantee more from line to line", write},
		{"damage is noticed, and so is a missing checksum", damage},
		{"a move is atomic, or refused", move},
	} {
		fmt.Fprintf(out, "== %s\n", step.title)
		if err := step.do(out, path); err != nil {
			return err
		}
	}
	return nil
}

// startup refuses to run where a crash could lose the file. Inspect knows the filesystem by a table. Doctor tries it too.
func startup(out io.Writer, path string) error {
	report, err := guarantee.Inspect(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %s\n", report.Environment.Filesystem, report.Environment.Class)
	for _, g := range guarantee.All() {
		fmt.Fprintf(out, "%-18s  %s\n", g, report.Guarantees[g])
	}
	diagnosis, err := guarantee.Doctor(path, guarantee.Probe(), guarantee.Require(guarantee.AtomicVisibility))
	if err != nil {
		return err
	}
	if !diagnosis.OK {
		return errors.New(diagnosis.Summary())
	}
	fmt.Fprintf(out, "the doctor has passed it, with %d checks\n", len(diagnosis.Checks))
	return nil
}

// write shows the options. AtomicVisibility and CrashDurability can't be switched off.
func write(out io.Writer, path string) error {
	for _, level := range []struct {
		name    string
		options []safefile.Option
	}{
		{"atomic and durable", []safefile.Option{safefile.WithoutLock()}},
		{"and writers exclude each other (the default)", nil},
		{"and damage is noticed", []safefile.Option{safefile.WithChecksum()}},
	} {
		file := safefile.New[map[string]string](path, level.options...)
		if err := file.Write(map[string]string{"written": level.name}); err != nil {
			return err
		}
		names, err := filepath.Glob(path + "*")
		if err != nil {
			return err
		}
		for i := range names {
			names[i] = filepath.Base(names[i])
		}
		fmt.Fprintf(out, "%s: %s\n", level.name, strings.Join(names, " "))
	}
	return nil
}

// damage changes the file as a bad disk may, and then takes its checksum away.
func damage(out io.Writer, path string) error {
	file := safefile.New[map[string]string](path, safefile.WithChecksum())
	good, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	bad := strings.Replace(string(good), "damage", "dam@ge", 1)
	if err := os.WriteFile(path, []byte(bad), 0o644); err != nil {
		return err
	}
	_, err = file.Read()
	fmt.Fprintln(out, "damaged content, ErrChecksumMismatch:", errors.Is(err, errors.ErrChecksumMismatch))
	if err := os.WriteFile(path, good, 0o644); err != nil {
		return err
	}
	fmt.Fprintln(out, "the old content again:", file.Verify())
	if err := checksum.Remove(path); err != nil {
		return err
	}
	fmt.Fprintln(out, "no checksum, ErrNoChecksum:", errors.Is(file.Verify(), errors.ErrNoChecksum))
	return nil
}

// move renames the file. A move to another filesystem would be a copy, which is not atomic, so it is refused at every level of safety.
func move(out io.Writer, path string) error {
	other := filepath.Join(filepath.Dir(path), "other.json")
	if err := safefile.Move(path, other); err != nil {
		return err
	}
	fmt.Fprintln(out, "moved within the filesystem")
	memory, err := os.MkdirTemp("/dev/shm", "guarantees")
	if err != nil {
		fmt.Fprintln(out, "there is no other filesystem to try")
		return nil
	}
	defer os.RemoveAll(memory)
	err = safefile.Move(other, filepath.Join(memory, "state.json"), safefile.WithSafety(safefile.BestEffort))
	fmt.Fprintln(out, "moved to another one, ErrCrossDevice:", errors.Is(err, errors.ErrCrossDevice))
	return nil
}
