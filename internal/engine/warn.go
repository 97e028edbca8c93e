package engine

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"
)

// longWait is the time after which a wait for a caller of this process is logged. It is probably a
// mistake, such as a Locked inside a Locked on the same file.
const longWait = 10 * time.Second

// holder gives the caller that has the lock between processes, and the time since when it has it;
// nil if no caller has it. The mutex is held.
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

// caller is the call stack at the call of the library. The frames are looked up only when a
// text needs them.
type caller [maxFrames]uintptr

// maxFrames is the number of frames that reach from RunsUser to the caller of the library. It is not
// larger, since every frame costs time in every Update (BenchmarkCaller).
const maxFrames = 4

// RunsUser records that a user's code will run under the lock, and where that code called
// the library. fn is the user's function, if it is known. RunsUser must be called by the public
// function, or by a function that it calls.
func (r *Request) RunsUser(fn any) {
	r.announce, r.function = true, fn
	runtime.Callers(3, r.caller[:])
}

// String gives FILE:LINE of the call; empty if none was recorded.
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

// ofLibrary reports whether a frame is of the library's own code. The library's tests count
// as users.
func ofLibrary(f *runtime.Frame) bool {
	const module = "github.com/holdfast-go/holdfast/"
	name, ours := strings.CutPrefix(f.Function, module)
	if !ours || strings.HasSuffix(f.File, "_test.go") {
		return false
	}
	for _, prefix := range []string{"internal/", "safefile.", "safefile/checksum.", "lockedfile.", "lockedfile/etcd."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// watch warns about long waits in one queue. It is one timer for all waiters, since a timer for each
// would cost more than most waits.
type watch struct {
	timer *time.Timer // nil before the first wait
	at    time.Time   // when it fires; zero while it is not set
}

// minWatch is the shortest time until the watch of a queue fires again.
const minWatch = 5 * time.Millisecond

// attend sets the watch so that it fires in time for a waiter in the queue. The mutex is held.
func (ent *entry) attend(w *waiter) {
	if w.warned {
		return
	}
	who, since := ent.holder()
	if who == nil {
		since = time.Now() // the next holder begins now at the earliest
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

// tend warns the waiters that have waited for long, and sets the watch again.
func (ent *entry) tend() {
	ent.warn(time.Now())
	ent.mu.Lock()
	defer ent.mu.Unlock()
	ent.watch.at = time.Time{}
	for _, w := range ent.queue {
		ent.attend(w)
	}
}

// warn logs, once per caller, that the caller has waited for long for one holder of this process. A long
// wait for another process, or for several holders in turn, is no mistake.
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

// lateAt gives the time at which a caller has waited for long for a holder.
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

// joinWarning logs, once, that a caller has waited for long for one function that joined a transaction.
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

// source gives FILE:LINE of a function.
func source(fn any) string {
	v := reflect.ValueOf(fn)
	if v.Kind() != reflect.Func {
		return "unknown"
	}
	f := runtime.FuncForPC(v.Pointer())
	file, line := f.FileLine(v.Pointer())
	return fmt.Sprintf("%s:%d", file, line)
}
