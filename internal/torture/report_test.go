package torture

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// say writes one event as one line. A line is shorter than PIPE_BUF, so a pipe
// takes it whole or not at all, and a killed process leaves no half of one.
func say(to io.Writer, e event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = to.Write(append(line, '\n'))
	return err
}

// report collects what everybody says. They share one pipe, so its order is the
// order in which things were said.
type report struct {
	pipe *os.File // where to say it

	mu     sync.Mutex
	events history
	more   chan struct{} // closed at the next event
	err    error         // a line that makes no sense
	over   chan struct{} // closed when everything was read
}

func newReport(t *testing.T) *report {
	t.Helper()
	read, write, err := os.Pipe()
	testkit.Must(t, err)
	r := &report{pipe: write, more: make(chan struct{}), over: make(chan struct{})}
	go r.collect(read)
	return r
}

func (r *report) collect(from *os.File) {
	defer close(r.over)
	defer from.Close()
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		var e event
		err := json.Unmarshal(lines.Bytes(), &e)
		r.mu.Lock()
		if err != nil {
			r.err = err
		}
		r.events = append(r.events, e)
		close(r.more)
		r.more = make(chan struct{})
		r.mu.Unlock()
	}
}

// since gives the events from a position on, and a channel that is closed when
// there are more.
func (r *report) since(i int) (history, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[i:], r.more
}

// await shows done each event, from the first on, until it says true. It fails
// the test on an event that nobody may expect.
func (r *report) await(t *testing.T, what string, done func(event) bool) {
	t.Helper()
	timeout := time.After(patience)
	for i := 0; ; {
		events, more := r.since(i)
		for _, e := range events {
			if e.What == failed || e.What == wrong || (e.What == exited && e.Note != "") {
				t.Fatalf("waiting for %s: %s %s %s: %s", what, e.From, e.What, e.ID, e.Note)
			}
			if done(e) {
				return
			}
		}
		i += len(events)
		select {
		case <-more:
		case <-timeout:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// awaitEach waits until each of the named workers has said it.
func (r *report) awaitEach(t *testing.T, what string, names ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, name := range names {
		missing[name] = true
	}
	r.await(t, what, func(e event) bool {
		if e.What == what {
			delete(missing, e.From)
		}
		return len(missing) == 0
	})
}

// end gives everything that was said, once nobody is left to say more.
func (r *report) end(t *testing.T) history {
	t.Helper()
	r.pipe.Close()
	<-r.over
	if r.err != nil {
		t.Fatalf("a worker said something that is no event: %v", r.err)
	}
	return r.events
}

// event is one thing that somebody said.
type event struct {
	From string `json:"from"`           // the worker's name
	What string `json:"what"`           // one of the words below
	In   string `json:"in,omitempty"`   // the workload
	ID   string `json:"id,omitempty"`   // of a change, unique in its workload
	Note string `json:"note,omitempty"` // why, or how many
}

// The kinds of events.
const (
	begun    = "begun"    // the change is about to be made
	acked    = "acked"    // it was acknowledged
	failed   = "failed"   // it was not
	stopping = "stopping" // its temp is complete and not yet renamed
	watching = "watching" // a reader has begun
	seen     = "seen"     // a reader is done, and how often it looked
	wrong    = "wrong"    // a reader saw what nobody may ever see
	exited   = "exited"   // the process is gone; a note if nobody wanted that
)

// history is what was said, in an order that is true to time: if one event was
// over before another began, it comes first.
type history []event

// change is what a history tells of one change: the positions of its begin and
// its end, and whether it was acknowledged. A change whose process was killed has no end.
type change struct {
	id           string
	begun, ended int
	acked        bool
}

// changes are those of one workload, by id.
func (h history) changes(in string) map[string]change {
	all := map[string]change{}
	for i, e := range h {
		if e.In != in {
			continue
		}
		switch c := all[e.ID]; e.What {
		case begun:
			all[e.ID] = change{id: e.ID, begun: i, ended: len(h)}
		case acked, failed:
			c.ended, c.acked = i, e.What == acked
			all[e.ID] = c
		}
	}
	return all
}

// count says how many events say so.
func (h history) count(what string) int {
	n := 0
	for _, e := range h {
		if e.What == what {
			n++
		}
	}
	return n
}
