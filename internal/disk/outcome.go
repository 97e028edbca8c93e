package disk

import (
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
)

// intact marks the error of a change that left the old content of its file as it
// was. Package errors says so in its text.
type intact struct{ error }

func (e intact) Unwrap() error          { return e.error }
func (e intact) OldContentIntact() bool { return true }

// outcome marks the error of a failed change as intact where that is known: after the
// failure there is a regular file, and nothing but this session could have changed it.
// It makes no claim
//   - where the change is visible, or where no file is there,
//   - where the fsync of the file itself failed, so that its content may be lost,
//   - where somebody else has changed the file or taken the lock,
//   - where the file was rewritten in place, and its old content waits in the copy.
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

// unsynced is the error of an fsync of the file itself, not of a temp that would
// have taken its place.
type unsynced struct{ error }

func (e unsynced) Unwrap() error { return e.error }
