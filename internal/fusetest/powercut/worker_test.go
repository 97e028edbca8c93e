package powercut

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	store "github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// workerJob is what a worker process does: it goes on with every lane until a change fails.
type workerJob struct {
	Dir     string
	Done    map[string][]int // by workload, for each lane: the last change that is on the disk
	Last    bool             // each lane makes two changes more, and no two lanes of a workload at once
	Without string           // the verb of faultfs that is left out; none if empty
}

// said is what a worker says of one change of one lane: before it makes it, and how it ended.
type said struct {
	In     string
	Lane   int
	Change int
	What   string // as in the constants
	Err    string `json:",omitempty"`
}

const (
	begun  = "begun"
	acked  = "acked"
	failed = "failed" // it was not acknowledged; the power was gone
	wrong  = "wrong"  // it failed otherwise
)

// work does a worker's job.
func work(text string) int {
	var job workerJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return fail(err)
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what the library reports of a disk that is gone
	over := fusekit.UntilEnd()
	var options []safefile.Option
	if job.Without != "" {
		options = append(options, leaveOut(job.Without))
	}
	var all sync.WaitGroup
	for name, done := range job.Done {
		lanes := workloads[name](filepath.Join(job.Dir, name), options...)
		if job.Last {
			all.Go(func() {
				for i, l := range lanes {
					s := said{In: name, Lane: i, Change: done[i]}
					_ = l.change(&s) && l.change(&s) // what ends in an error is in the report
				}
			})
			continue
		}
		for i, l := range lanes {
			all.Go(func() { l.run(said{In: name, Lane: i, Change: done[i]}, over) })
		}
	}
	all.Wait()
	return 0
}

// leaveOut has one verb report success without doing anything.
func leaveOut(verb string) safefile.Option {
	disk := faultfs.Wrap(vfs.OS)
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == verb {
			return faultfs.ErrSkip
		}
		return nil
	})
	e := engine.New(store.New(disk))
	return handle.OptionFunc(func(h *handle.Options) { h.Engine = e })
}

// run makes changes until one fails, or the test is over.
func (l lane) run(s said, over <-chan struct{}) {
	for l.change(&s) {
		select {
		case <-over:
			return
		default:
		}
	}
}

// change makes the next change and reports whether it was acknowledged.
func (l lane) change(s *said) bool {
	s.Change++
	s.say(begun, nil)
	switch err := l.step(s.Change); {
	case err == nil:
		s.say(acked, nil)
		return true
	case isPowerGone(err):
		s.say(failed, err)
	default:
		s.say(wrong, err)
	}
	return false
}

// isPowerGone reports whether an operation failed because the disk is gone. A filesystem that notices this
// during a write returns EIO. ext4 and btrfs that have noticed it before are read-only, and may not
// read a directory any more.
func isPowerGone(err error) bool {
	for _, errno := range []error{syscall.EIO, syscall.EROFS, syscall.EUCLEAN, syscall.ENODEV, syscall.ESHUTDOWN} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// say writes one line at once, which the kernel keeps whole since it is shorter than PIPE_BUF.
func (s said) say(what string, err error) {
	s.What = what
	if err != nil {
		s.Err = strings.ToValidUTF8(fmt.Sprintf("%.1500s", err.Error()), "?")
	}
	text, _ := json.Marshal(s)
	if _, err := os.Stdout.Write(append(text, '\n')); err != nil {
		os.Exit(1) // the test is gone
	}
}
