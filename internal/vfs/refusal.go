package vfs

import (
	"io/fs"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
)

// This is the one place that tells an operation that does not exist, or that this
// process may not use, from one that was tried and failed. The difference decides
// whether Warn and BestEffort go on: a disk that fails must never pass for a
// filesystem that lacks something.

// Missing reports whether the kernel or the filesystem has no such operation: ENOTSUP or
// ENOSYS, or errors.ErrUnsupported of a platform without it.
func Missing(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

// SyncMissing is Missing for fsync(2), which also says EINVAL of what can't be synced.
func SyncMissing(err error) bool { return Missing(err) || errors.Is(err, syscall.EINVAL) }

// OwnerRefused reports whether chown(2) left the owner because it may not be set
// here. EINVAL is the answer of a user namespace without a mapping for an id.
func OwnerRefused(err error) bool {
	return Missing(err) || denied(err) || errors.Is(err, syscall.EINVAL)
}

// ModeRefused is OwnerRefused for chmod(2).
func ModeRefused(err error) bool { return Missing(err) || denied(err) }

// AttrRefused reports whether an extended attribute could not be listed, read, set
// or removed because of what this process may do and this filesystem may store: EINVAL
// is the answer to an ACL that names an id without a mapping, and ENOSPC, EDQUOT, E2BIG
// and ERANGE are those to a value that finds no room.
func AttrRefused(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EINVAL, syscall.ENOSPC, syscall.EDQUOT, syscall.E2BIG, syscall.ERANGE} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return Missing(err) || denied(err)
}

// denied matches EPERM and EACCES.
func denied(err error) bool { return errors.Is(err, fs.ErrPermission) }
