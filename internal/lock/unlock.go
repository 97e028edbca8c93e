package lock

import (
	"os"
	"reflect"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
)

// unlock frees a lock. Where the system refuses to unlock, as network filesystems
// may, closing the descriptor frees the lock just as well, unless a child
// inherited it.
func unlock(f *flock.Flock) error {
	for {
		err := f.Unlock()
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil && closeFile(f) {
			return nil
		}
		return err
	}
}

// closeFile closes the file of a Flock that can't be unlocked. gofrs/flock keeps it
// open after an unlock that failed, and gives no access to it: this process would
// wait for itself from then on. It reports false if there is no such file.
func closeFile(f *flock.Flock) bool {
	field := reflect.ValueOf(f).Elem().FieldByName("fh")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*os.File]() || field.IsNil() {
		return false
	}
	// close(2) gives the descriptor up even where it reports an error.
	_ = (*os.File)(field.UnsafePointer()).Close()
	return true
}
