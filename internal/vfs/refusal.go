package vfs

import (
	"io/fs"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
)

// The functions here tell an operation that does not exist, or that this process may not use, from an operation that
// failed. Warn and BestEffort go on only in the first case: a failing disk must not look like a filesystem
// that lacks something.

// Missing reports whether the kernel or the filesystem has no such operation: ENOTSUP or
// ENOSYS, or errors.ErrUnsupported of a platform without it.
func Missing(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

// SyncMissing is Missing for fsync(2), which returns EINVAL for a file that can't be synced.
func SyncMissing(err error) bool { return Missing(err) || errors.Is(err, syscall.EINVAL) }

// LinkRefused reports whether link(2) failed because the filesystem has no hard links, because the file can get no
// further one, or because this process may not make one (fs.protected_hardlinks in proc_sys_fs(5)).
func LinkRefused(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.EMLINK, syscall.EXDEV} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return Missing(err)
}

// WriteRefused reports whether permissions or a read-only mount have prevented a write.
func WriteRefused(err error) bool { return denied(err) || errors.Is(err, syscall.EROFS) }

// OwnerRefused reports whether chown(2) failed because the owner may not be set here. EINVAL is the error of a user
// namespace without a mapping for an id.
func OwnerRefused(err error) bool {
	return Missing(err) || denied(err) || errors.Is(err, syscall.EINVAL)
}

// ModeRefused is OwnerRefused for chmod(2).
func ModeRefused(err error) bool { return Missing(err) || denied(err) }

// AttrRefused reports whether a call for an extended attribute failed because of the permissions of this process or the
// limits of this filesystem. EINVAL is the error for an ACL with an id without a mapping. ENOSPC, EDQUOT, E2BIG and
// ERANGE are the errors for a value that is too large.
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
