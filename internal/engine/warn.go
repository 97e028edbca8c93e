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

// warn logs that a caller has waited for long, and for whom.
func (ent *entry) warn(w *waiter) {
	ent.mu.Lock()
	who := ent.who
	held := ent.busy && ent.run != nil
	ent.mu.Unlock()
	if held && who != nil {
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
