package engine

import (
	"fmt"
	"runtime"
	"strings"
)

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
