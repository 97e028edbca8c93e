package engine

import (
	"fmt"
	"reflect"
	"runtime"
	"time"
)

// longWait is how long a caller waits for others of this process before that is
// taken for a mistake, such as a Locked inside a Locked on the same file.
const longWait = 10 * time.Second

// warn logs of each caller, once, that it has waited for long, and for whom. A
// wait for another process is no mistake.
func (ent *entry) warn(now time.Time) {
	var late []*waiter
	ent.mu.Lock()
	who, held := ent.who, ent.busy && ent.run != nil
	for _, w := range ent.queue {
		if !w.warned && now.Sub(w.since) >= longWait {
			w.warned = true
			late = append(late, w)
		}
	}
	ent.mu.Unlock()
	if !held {
		return
	}
	for _, w := range late {
		w.warn(who)
	}
}

func (w *waiter) warn(who *waiter) {
	w.Options.Policy.Log.Warn("waiting for a lock that this process itself holds",
		"path", w.Place.Path, "waited", longWait, "holder", source(who.Func))
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
