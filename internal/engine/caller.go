package engine

import (
	"fmt"
	"runtime"
	"strings"
)

// caller is where a user's code called the library. Noting it costs 0.4 µs
// (BenchmarkCaller), a thousandth of an Update on tmpfs. It is done only where the
// user's own code runs under the lock, which can last, so a plain write pays nothing.
// The frames are looked up only when a text needs them.
type caller [maxFrames]uintptr

// maxFrames is enough to get from the engine out of the library: TryAcquire needs
// them all.
const maxFrames = 8

// note remembers the frames above the function that calls newWaiter.
func (c *caller) note() { runtime.Callers(4, c[:]) }

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
