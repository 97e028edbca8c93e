package disk

import (
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
)

// intact marks the error of a change after which the file has its old content. The text of an
// errors.Error says so.
type intact struct{ error }

func (e intact) Unwrap() error          { return e.error }
func (e intact) OldContentIntact() bool { return true }

// outcome marks the error of a failed change as intact if that is certain: after the
// failure there is a regular file, and only this session could have changed it.
// It does not mark the error in these cases:
//   - The change is visible, or there is no file.
//   - The fsync of the file itself failed, so its content may be lost.
//   - Another program has changed the file or taken the lock.
//   - The file was rewritten in place, and its old content is in the copy.
func (f *file) outcome(err error) error {
	if err == nil || errors.Is(err, errors.ErrNotDurable) || errors.Is(err, errors.ErrChanged) || errors.Is(err, errors.ErrLockLost) {
		return err
	}
	if errors.As(err, new(unsynced)) {
		return err
	}
	info, statErr := f.dir.Stat(f.name)
	if statErr != nil || !info.Mode.IsRegular() {
		return err
	}
	if inPlace(&info) {
		if _, statErr := f.dir.Stat(replace.CopyName(f.name, info.Ino)); !errors.Is(statErr, fs.ErrNotExist) {
			return err
		}
	}
	return intact{err}
}

// unsynced is the error of an fsync of the file itself, and not of a temp that would
// have replaced it.
type unsynced struct{ error }

func (e unsynced) Unwrap() error { return e.error }
