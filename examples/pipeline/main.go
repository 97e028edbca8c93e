// Pipeline takes jobs through validation, computation and finalisation, with
// three workers over two files: active.json holds the jobs that are on their way,
// results.json those that are through.
//
//	go run ./examples/pipeline                     in a temporary directory
//	go run ./examples/pipeline DIR                 in a directory that stays
//	go run ./examples/pipeline DIR 4,8,15 16,23    with jobs of your own
//
// Each stage is one transaction, and its step is printed when it is durable.
// Kill the program where you like, best with -slow 1s, and start it again with
// the same directory: it goes on behind the last step that was printed, or one
// further. Several copies may work in one directory.
//
// It shows how several workers change one file without losing anything
// (pipeline.go), in which order two files are committed so that a crash in
// between is harmless (finalise), and how to look at two files under both their
// locks (submit).
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

const usage = `usage: pipeline [-slow DURATION] [DIR [JOB…]]

A job is a list of whole numbers, as in: 4,8,15,16,23,42
`

// patience is how long a worker waits for the others.
const patience = 10 * time.Second

// samples are the jobs of a run that is given none. The empty one is refused by
// the validation.
var samples = [][]int{
	{1, 2, 3, 4, 5},
	{10, 20, 30, 40, 50, 60},
	{100, 200, 300},
	{},
	{1, 3, 5, 7, 9, 11, 13, 15},
}

func main() {
	// An interrupt ends the waits, never a commit that has begun.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case err == nil:
		return
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "pipeline: interrupted; the next run in this directory goes on from here")
	case errors.Is(err, errors.ErrTimeout):
		fmt.Fprintf(os.Stderr, "pipeline: somebody keeps the files locked; nothing is lost, run it again later: %v\n", err)
	default:
		fmt.Fprintln(os.Stderr, "pipeline:", err)
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("pipeline", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the usage
	slow := flags.Duration("slow", 0, "how long each computation takes at least")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp
	}
	jobs, err := parse(flags.Args())
	if err != nil {
		return err
	}
	dir := flags.Arg(0)
	if dir == "" {
		if dir, err = os.MkdirTemp("", "pipeline"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	p := open(dir, patience)
	p.slow = *slow
	p.say = func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	return p.run(ctx, jobs)
}

// parse reads the jobs that follow the directory.
func parse(args []string) ([][]int, error) {
	if len(args) < 2 {
		return samples, nil
	}
	var jobs [][]int
	for _, arg := range args[1:] {
		numbers := []int{}
		for text := range strings.SplitSeq(arg, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil {
				return nil, fmt.Errorf("%q is no list of whole numbers", arg)
			}
			numbers = append(numbers, n)
		}
		jobs = append(jobs, numbers)
	}
	return jobs, nil
}
