package torture

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"

	"github.com/holdfast-go/holdfast/safefile"
)

// job is what a worker process is told to do.
type job struct {
	Name       string   // unique in its test
	Workloads  []string // names in the table, all at once
	Dir        string
	Watch      bool // look at what the workloads make of Dir, and change nothing
	Goroutines int  // how many make changes, in each workload
	Changes    int  // how many each of them makes; 0 is until told to stop
	Seam       seamOptions
}

// worker is a process that has a job.
type worker struct {
	job
	stop    <-chan struct{}
	options []safefile.Option // of every handle
}

// serve does a job and gives the exit code.
func serve(text string) int {
	var w worker
	if err := json.Unmarshal([]byte(text), &w.job); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	w.stop = atEOF(os.Stdin)
	if w.Seam != (seamOptions{}) {
		w.options = append(w.options, w.Seam.option(func() { w.say(event{What: stopping}) }))
	}
	var all sync.WaitGroup
	for _, name := range w.Workloads {
		all.Go(func() { w.run(name, workloads[name]) })
	}
	all.Wait()
	return 0
}

// atEOF gives a channel that is closed when there is nothing more to read.
func atEOF(r io.Reader) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, r)
		close(over)
	}()
	return over
}

func (w *worker) run(name string, load workload) {
	if w.Watch {
		w.watch(name, load.(watched))
		return
	}
	change := load.open(w.Dir, w.options...)
	var all sync.WaitGroup
	for g := range w.Goroutines {
		all.Go(func() { w.change(name, w.Name+"."+strconv.Itoa(g), change) })
	}
	all.Wait()
}

// change makes one change after the other, until one fails.
func (w *worker) change(name, prefix string, change func(id string) error) {
	for n := 0; (w.Changes == 0 || n < w.Changes) && !w.stopped(); n++ {
		id := prefix + "." + strconv.Itoa(n)
		w.say(event{What: begun, In: name, ID: id})
		if err := change(id); err != nil {
			w.say(event{What: failed, In: name, ID: id, Note: err.Error()})
			return
		}
		w.say(event{What: acked, In: name, ID: id})
	}
}

// watch looks again and again, until it sees what it must not.
func (w *worker) watch(name string, load watched) {
	look := load.watch(w.Dir)
	var err error
	n := 0
	for ; err == nil && !w.stopped(); n++ {
		if n == 1 {
			w.say(event{What: watching, In: name})
		}
		err = look()
	}
	if err != nil {
		w.say(event{What: wrong, In: name, Note: err.Error()})
		return
	}
	w.say(event{What: seen, In: name, Note: strconv.Itoa(n)})
}

func (w *worker) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// say ends the process when the test is gone.
func (w *worker) say(e event) {
	e.From = w.Name
	if err := say(os.Stdout, e); err != nil {
		os.Exit(1)
	}
}
