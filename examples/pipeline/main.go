// Pipeline takes jobs through validation, computation and finalisation, with
// three workers over two files: active.json holds the jobs in the pipeline, results.json the finished ones.
//
//	go run ./examples/pipeline                     in a temporary directory
//	go run ./examples/pipeline DIR                 in a directory that stays
//	go run ./examples/pipeline DIR 4,8,15 16,23    with jobs of your own
//
// Each stage is one transaction, and is printed when it is durable. Kill the program at any moment, best with
// -slow 1s, and start it again with the same directory. It continues after the last step that was printed, or one
// step later. Several copies may work in one directory.
//
// It shows how several workers change one file without losing a change (pipeline.go), how two files change together
// (finalise), and how to read two files under both locks (submit).
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

// patience is the longest wait of a worker for the others.
const patience = 10 * time.Second

// samples are the jobs of a run without jobs of its own. The validation refuses the empty one.
var samples = [][]int{
	{1, 2, 3, 4, 5},
	{10, 20, 30, 40, 50, 60},
	{100, 200, 300},
	{},
	{1, 3, 5, 7, 9, 11, 13, 15},
}

func main() {
	// An interrupt ends a wait. A commit that has begun is finished.
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
