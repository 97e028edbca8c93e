package lock

import (
	"fmt"
	"io/fs"
	"strconv"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
)

// remedy is the advice for a lock file that can't be used.
const remedy = "choose another lock file with WithLockSuffix or WithLockDir"

// errLeased is an ErrLocked: the lock file can't be opened now, since another
// program holds a file lease on it (fcntl(2), F_SETLEASE).
var errLeased = fmt.Errorf("%w: another program holds a file lease on the lock file", errors.ErrLocked)

// classify explains an error of opening or locking the lock file. Only EWOULDBLOCK of flock(2)
// means that the lock is busy, and gofrs/flock does not return that as an error.
func (p Spec) classify(err error) error {
	path := printable(p.Path)
	cause, opening := err, false
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		cause, opening = e.Err, e.Op != "lock" // the path of the PathError is not quoted
	}
	switch {
	case errors.Is(cause, syscall.ENOSYS), errors.Is(cause, syscall.ENOTSUP), errors.Is(cause, syscall.ENOLCK):
		return fmt.Errorf("%w: %s can't be locked: %w; choose another directory for the lock with WithLockDir",
			errors.ErrUnsupportedEnvironment, path, cause)
	case errors.Is(cause, syscall.ELOOP):
		return fmt.Errorf("%w: %w: %s is a symbolic link, which a lock file may not be; %s", errors.ErrLock, errors.ErrSymlink, path, remedy)
	case errors.Is(cause, syscall.EISDIR), opening && errors.Is(cause, syscall.ENXIO):
		return p.irregular()
	case opening && errors.Is(cause, syscall.EAGAIN):
		return errLeased
	case opening && errors.Is(cause, fs.ErrPermission):
		return fmt.Errorf("%w: %s can't be opened: %w; it serves those who may write the data file: get write permission for it, or %s",
			errors.ErrLock, path, cause, remedy)
	case errors.Is(cause, syscall.EPERM):
		return fmt.Errorf("%w: the system does not allow flock(2) on %s: %w; a sandbox or a security policy may forbid it: "+
			"allow it, or choose another directory for the lock with WithLockDir", errors.ErrLock, path, cause)
	case opening:
		return fmt.Errorf("%w: %s can't be opened: %w", errors.ErrLock, path, cause)
	}
	return fmt.Errorf("%w: %s can't be locked: %w", errors.ErrLock, path, cause)
}

// irregular is the error for a lock file that is no regular file. Some programs make a directory
// as their lock (npm's proper-lockfile), so the text does not say to remove it.
func (p Spec) irregular() error {
	return fmt.Errorf("%w: %s is no regular file: another program may use it as its own lock, as npm's proper-lockfile uses a directory; %s",
		errors.ErrLock, printable(p.Path), remedy)
}

// printable gives a path for an error text. A path with control characters or with bytes that are
// no UTF-8 is quoted, so that it can't forge text or send commands to a terminal.
func printable(path string) string {
	if quoted := strconv.Quote(path); quoted != `"`+path+`"` {
		return quoted
	}
	return path
}
