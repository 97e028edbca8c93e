package disk

import (
	"time"

	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
)

// snapshot is the result of stat(2) on a watched file and its sidecar. Equal snapshots show the same content.
type snapshot struct {
	file, sidecar version
	birth         int64
	err           string // why there is no file, or why it can't be seen
}

// snapshot asks stat(2).
func (w *watch) snapshot() (s snapshot) {
	follow := w.target.Symlinks != store.Refuse
	info, err := w.disk.FS.Stat(w.target.Path, follow)
	if err != nil {
		return snapshot{err: err.Error()}
	}
	s.file, s.birth = versionOf(info), info.Birth
	if w.verify {
		path := w.target.Path
		if w.route.path != "" {
			path = w.route.path // the sidecar is beside the file, not beside a link to it
		}
		if info, err := w.disk.FS.Stat(path+sidecar.Suffix, follow); err == nil {
			s.sidecar = versionOf(info)
		}
	}
	return s
}

// settles is how long a snapshot must stay the same until the file counts as complete. last is the snapshot of the last
// complete content, and zero before the first.
func (s *snapshot) settles(last snapshot) time.Duration {
	switch {
	case last == snapshot{}:
		if s.young() {
			return quietSpan
		}
		return 0
	case s.err != "", s.file.size == 0:
		return quietSpan // another may come into its place; and open(2) with O_TRUNC comes before the content
	case s.file.id == last.file.id && s.birth == last.birth:
		return closedSpan
	}
	return 0 // it was put here by a rename
}

// young reports whether the file may still be being written in place: its last change was just now, and it was a
// change of the content. A rename or chmod(2) after it would have made ctime later than mtime.
func (s *snapshot) young() bool {
	return s.file.exists && s.file.mtime >= s.file.ctime && time.Since(time.Unix(0, s.file.mtime)).Abs() < quietSpan
}
