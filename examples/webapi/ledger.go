package main

import (
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// status is the state of a task.
type status string

const (
	pending    status = "pending"
	processing status = "processing"
	completed  status = "completed"
	failed     status = "failed"
)

// task is one upload and its result.
type task struct {
	Name     string    `json:"name"`
	Status   status    `json:"status"`
	Created  time.Time `json:"created_at"`
	Started  time.Time `json:"started_at,omitzero"`
	Finished time.Time `json:"completed_at,omitzero"`
	Results  *report   `json:"results,omitempty"`
	Error    string    `json:"error,omitempty"`
}

func (t *task) end(found *report, failure string) {
	t.Status, t.Results, t.Error, t.Finished = completed, found, failure, time.Now()
	if failure != "" {
		t.Status = failed
	}
}

// ledger is the state of the service. The end of a task and the count of ended tasks must change together.
// So both are in one file: two files never change at the same moment.
type ledger struct {
	Waiting   map[string]task `json:"waiting"`
	Analytics analytics       `json:"analytics"`
}

// analytics counts the tasks that have ended.
type analytics struct {
	Completed int            `json:"completed"`
	Failed    int            `json:"failed"`
	Days      map[string]day `json:"days"`
}

// day counts the tasks of one day.
type day struct {
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"` // from start to end, of all of them
}

// queueLimit is the largest number of waiting tasks.
const queueLimit = 100

var errFull = errors.New("too many tasks are waiting")

func (l *ledger) add(id string, t task) error {
	if len(l.Waiting) >= queueLimit {
		return errFull
	}
	if l.Waiting == nil {
		l.Waiting = map[string]task{}
	}
	l.Waiting[id] = t
	return nil
}

// remove removes a task and counts it. A task is counted once.
func (l *ledger) remove(id string, t task) {
	if _, waiting := l.Waiting[id]; !waiting {
		return
	}
	delete(l.Waiting, id)
	a := &l.Analytics
	if t.Status == failed {
		a.Failed++
	} else {
		a.Completed++
	}
	if a.Days == nil {
		a.Days = map[string]day{}
	}
	date := t.Finished.UTC().Format(time.DateOnly)
	d := a.Days[date]
	d.Count++
	d.Seconds += t.Finished.Sub(t.Started).Seconds()
	a.Days[date] = d
}

// average is the mean time of an analysis in seconds, 0 if there was none.
func (a *analytics) average() float64 {
	var all day
	for _, d := range a.Days {
		all.Count += d.Count
		all.Seconds += d.Seconds
	}
	if all.Count == 0 {
		return 0
	}
	return all.Seconds / float64(all.Count)
}
