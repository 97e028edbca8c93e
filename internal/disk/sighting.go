package disk

import (
	"time"

	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
)

// sighting is what stat(2) says of a watched file and its sidecar. Two that are equal are of the same content.
type sighting struct {
	file, sidecar version
	birth         int64
	err           string // why there is no file, or why it can't be seen
}

// sight asks stat(2).
func (w *watch) sight() (s sighting) {
	follow := w.target.Symlinks != store.Refuse
	info, err := w.disk.FS.Stat(w.target.Path, follow)
	if err != nil {
		return sighting{err: err.Error()}
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

// settles is how long a sighting must stay as it is until the file counts as complete. last was complete; it is zero if
// nothing was seen before.
func (s *sighting) settles(last sighting) time.Duration {
	switch {
	case last == sighting{}:
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
func (s *sighting) young() bool {
	return s.file.exists && s.file.mtime >= s.file.ctime && time.Since(time.Unix(0, s.file.mtime)).Abs() < quietSpan
}
