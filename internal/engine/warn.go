package engine

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"
)

// longWait is how long a caller waits for others of this process before that is
// taken for a mistake, such as a Locked inside a Locked on the same file.
const longWait = 10 * time.Second

// holder is the caller that has the lock between processes, and since when nobody
// else had it; nil if nobody has it. The mutex is held.
func (ent *entry) holder() (who *waiter, since time.Time) {
	if !ent.busy || ent.tenure == nil {
		return nil, time.Time{}
	}
	// The turn may have begun with a wait for another process, which is no tenure.
	since = ent.turnSince
	if ent.tenure.began.After(since) {
		since = ent.tenure.began
	}
	return ent.who, since
}

// caller is where a user's code called the library. The frames are looked up only when a
// text needs them.
type caller [maxFrames]uintptr

// maxFrames is enough to get out of the library from where RunsUser is called, and no more:
// every frame costs time (BenchmarkCaller), in each Update of thousands in a second.
const maxFrames = 4

// RunsUser notes that a user's code will run under the lock, and where that code called
// the library. fn is the user's function, if it is known. RunsUser itself is called by a
// function that the public one calls, or by that one.
func (r *Request) RunsUser(fn any) {
	r.announce, r.function = true, fn
	runtime.Callers(3, r.caller[:])
}

// String is FILE:LINE of the call, empty if none was noted.
func (c *caller) String() string {
	if c[0] == 0 {
		return ""
	}
	frames := runtime.CallersFrames(c[:])
	for {
		f, more := frames.Next()
		if f.PC != 0 && !ofLibrary(&f) {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return ""
		}
	}
}

// ofLibrary reports whether a frame is of the library's own code, whose tests count
// as users.
func ofLibrary(f *runtime.Frame) bool {
	const module = "github.com/holdfast-go/holdfast/"
	name, ours := strings.CutPrefix(f.Function, module)
	if !ours || strings.HasSuffix(f.File, "_test.go") {
		return false
	}
	for _, room := range []string{"internal/", "safefile.", "safefile/checksum.", "lockedfile.", "lockedfile/etcd."} {
		if strings.HasPrefix(name, room) {
			return true
		}
	}
	return false
}

// watch warns those who wait in one queue for long. It is one timer for all of them:
// one for each would cost more than most of them wait.
type watch struct {
	timer *time.Timer // nil until somebody had to wait
	at    time.Time   // when it is to go off; zero while it is not set
}

// minWatch is the least time until the watch of a queue goes off again.
const minWatch = 5 * time.Millisecond

// attend has the watch go off in time for a waiter in the queue. The mutex is held.
func (ent *entry) attend(w *waiter) {
	if w.warned {
		return
	}
	who, since := ent.holder()
	if who == nil {
		since = time.Now() // whoever comes to hold it has not done so for long
	}
	at := w.lateAt(since)
	if !ent.watch.at.IsZero() && !at.Before(ent.watch.at) {
		return
	}
	wait := max(time.Until(at), minWatch)
	ent.watch.at = time.Now().Add(wait)
	if ent.watch.timer == nil {
		ent.watch.timer = time.AfterFunc(wait, ent.tend)
	} else {
		ent.watch.timer.Reset(wait)
	}
}

// tend warns whom it is time to warn.
func (ent *entry) tend() {
	ent.warn(time.Now())
	ent.mu.Lock()
	defer ent.mu.Unlock()
	ent.watch.at = time.Time{}
	for _, w := range ent.queue {
		ent.attend(w)
	}
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
