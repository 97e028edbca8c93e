package environ

import (
	"runtime"
	"strings"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Observed reports whether this machine's kernel sees every change on a volume, so that it can report them
// (inotify(7)). It does not if another machine, or a program behind FUSE, can change the files.
func Observed(v *vfs.Volume) bool {
	switch table[classify(runtime.GOOS, v)].class {
	case Persistent, Volatile, Overlay:
		return true
	case Foreign:
		return !strings.HasPrefix(v.Type, "fuse")
	}
	return false
}
