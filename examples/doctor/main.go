// Command doctor tells which guarantees hold for a file at a given path on this machine, and tests them.
//
//	go run ./examples/doctor [-dry] [-json] [-lock-dir DIR] [-require NAME,…] [PATH]
//
// Without PATH it tests for a file state.json in the current directory, which need not exist. It creates probe files beside PATH and
// removes them. It never touches PATH itself. With -dry it creates nothing. The exit status is:
//   - 0 if every required guarantee is Guaranteed, or, without -require, if every check passed that a
//     guarantee depends on
//   - 1 if not
//   - 2 if the arguments are wrong
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

// Exit statuses.
const (
	statusOK    = 0
	statusNotOK = 1
	statusUsage = 2
)

// tryLock makes this program the second process of its own test of the lock.
const tryLock = "-try-lock"

func main() {
	if len(os.Args) == 3 && os.Args[1] == tryLock {
		os.Exit(try(os.Args[2]))
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program, without the exit of the process.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: doctor [flags] [PATH]")
		flags.PrintDefaults()
	}
	asJSON := flags.Bool("json", false, "print the diagnosis as JSON")
	dry := flags.Bool("dry", false, "write nothing; what needs a write is unknown")
	lockDir := flags.String("lock-dir", "", "the `directory` of the lock file, if not beside PATH")
	require := flags.String("require", "", "guarantees that must hold, as a comma-separated `list`, or \"all\"")
	if err := flags.Parse(args); err != nil {
		return statusUsage // Parse has said what is wrong
	}
	path := "state.json"
	switch flags.NArg() {
	case 0:
	case 1:
		path = flags.Arg(0)
	default:
		flags.Usage()
		return statusUsage
	}
	diagnosis, err := guarantee.Doctor(path, options(*dry, *lockDir, *require)...)
	if err != nil {
		fmt.Fprintln(stderr, "doctor:", err)
		return statusUsage
	}
	if err := show(stdout, diagnosis, *asJSON); err != nil {
		fmt.Fprintln(stderr, "doctor:", err)
		return statusNotOK
	}
	if !diagnosis.OK {
		return statusNotOK
	}
	return statusOK
}

func options(dry bool, lockDir, require string) []guarantee.DoctorOption {
	opts := []guarantee.DoctorOption{guarantee.LockDir(lockDir)}
	if !dry {
		opts = append(opts, guarantee.Probe())
	}
	if self, err := os.Executable(); err == nil {
		opts = append(opts, guarantee.Helper(self, tryLock))
	}
	switch require {
	case "":
	case "all":
		opts = append(opts, guarantee.Require(guarantee.All()...))
	default:
		for name := range strings.SplitSeq(require, ",") {
			opts = append(opts, guarantee.Require(guarantee.Guarantee(strings.TrimSpace(name))))
		}
	}
	return opts
}

func show(w io.Writer, diagnosis *guarantee.Diagnosis, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(w, diagnosis.Summary())
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(diagnosis)
}

// try does what guarantee.Helper expects of a second process. It gives 0 if it got the lock, and 1 if the lock is held.
func try(path string) int {
	lock := flock.New(path)
	got, err := lock.TryLock()
	if err != nil {
		fmt.Fprintln(os.Stderr, "doctor:", err)
		return statusUsage
	}
	if !got {
		return 1
	}
	defer lock.Close()
	return 0
}
