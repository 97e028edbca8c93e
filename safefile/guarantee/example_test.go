package guarantee_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

// A program can ask before the file exists.
func ExampleInspect() {
	report, err := guarantee.Inspect(filepath.Join(os.TempDir(), "state.json"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if report.Guarantees[guarantee.CrashDurability] != guarantee.Guaranteed {
		fmt.Fprintln(os.Stderr, "not durable on", report.Filesystem)
	}
	fmt.Println(len(report.Guarantees), "guarantees")
	// Output: 4 guarantees
}

// A program that must not lose its state proves at startup that it can keep it.
func ExampleDoctor() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	diagnosis, err := guarantee.Doctor(filepath.Join(dir, "state.json"), guarantee.Probe())
	if err != nil {
		fmt.Println(err)
		return
	}
	if !diagnosis.OK {
		fmt.Println(diagnosis.Summary())
		return
	}
	fmt.Println("fit for use")
	// Output: fit for use
}
