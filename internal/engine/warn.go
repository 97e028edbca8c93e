package engine

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"time"
)

// longWait is how long a caller waits for others of this process before that is
// taken for a mistake, such as a Locked inside a Locked on the same file.
const longWait = 10 * time.Second

// holder is the caller that has the lock between processes, and since when nobody
// else had it; nil if nobody has it. The mutex is held.
func (ent *entry) holder() (who *waiter, since time.Time) {
	if !ent.busy || ent.run == nil {
		return nil, time.Time{}
	}
	// The turn may have begun with a wait for another process, which is no tenure.
	since = ent.turnSince
	if ent.run.began.After(since) {
		since = ent.run.began
	}
	return ent.who, since
}

// warn logs of each caller, once, that it has waited for long for one and the same
// holder of this process. A wait for another process is no mistake, nor one for many
// holders in turn.
func (ent *entry) warn(now time.Time) {
	var late []*waiter
	ent.mu.Lock()
	who, since := ent.holder()
	for _, w := range ent.queue {
		if who != nil && !w.warned && !now.Before(w.lateAt(since)) {
			w.warned = true
			late = append(late, w)
		}
	}
	ent.mu.Unlock()
	for _, w := range late {
		w.warn(who)
	}
}

// lateAt is when a caller has waited for long for a holder.
func (w *waiter) lateAt(held time.Time) time.Time {
	if w.since.After(held) {
		held = w.since
	}
	return held.Add(longWait)
}

func (w *waiter) warn(who *waiter) {
	at := who.caller.String()
	if at == "" {
		at = "unknown"
	}
	w.Options.Policy.Log.Warn("waiting for a lock that this process itself holds",
		"path", w.Target.Path, "waited", longWait, "holder", at, "function", source(who.function))
}

// joinWarning logs, once, that a caller has waited for long for one and the same
// function that joined a transaction.
type joinWarning struct {
	tx     *Tx
	waiter *waiter

	mu    sync.Mutex
	timer *time.Timer
	over  bool
}

func warnLater(tx *Tx, w *waiter) *joinWarning {
	j := &joinWarning{tx: tx, waiter: w}
	j.after(longWait)
	return j
}

func (j *joinWarning) after(d time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.over {
		j.timer = time.AfterFunc(d, j.check)
	}
}

func (j *joinWarning) check() {
	who, since := j.tx.running()
	switch early := time.Until(j.waiter.lateAt(since)); {
	case early > 0:
		j.after(early)
	case who == nil:
		j.after(longWait)
	default:
		j.waiter.warn(who)
	}
}

func (j *joinWarning) stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.over = true
	j.timer.Stop()
}

// source is where a function is written.
func source(fn any) string {
	v := reflect.ValueOf(fn)
	if v.Kind() != reflect.Func {
		return "unknown"
	}
	f := runtime.FuncForPC(v.Pointer())
	file, line := f.FileLine(v.Pointer())
	return fmt.Sprintf("%s:%d", file, line)
}
