package replace

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

const accessACL = "system.posix_acl_access"

// setBits are the permission bits that chmod(2) sets.
const setBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// carry gives the temp the old file's owner, ACL, extended attributes and mode.
//
// The owner comes first, because chown(2) clears set-id bits and file
// capabilities; the mode last, because until then nobody but the writer can
// open the temp.
func carry(old *Old, temp vfs.File, policy safety.Policy) error {
	now, err := temp.Stat()
	if err != nil {
		return err
	}
	mode, err := carryOwner(old.Info, now, temp, policy)
	if err != nil {
		return err
	}
	if err := carryAttrs(old, temp, policy); err != nil {
		return err
	}
	return temp.Chmod(mode & setBits)
}

// carryOwner returns the mode that the file may have with the owner that it got.
func carryOwner(old, now vfs.Info, temp vfs.File, policy safety.Policy) (fs.FileMode, error) {
	if old.UID == now.UID && old.GID == now.GID {
		return old.Mode, nil
	}
	err := temp.Chown(old.UID, old.GID)
	switch {
	case err == nil:
		return old.Mode, nil
	case !refused(err):
		return 0, err
	case old.UID == now.UID:
		// Nothing changes for the owner. The group bits were meant for another
		// group, so this one gets no more than everybody.
		policy.Report("the group can't be kept", err)
		everybody := old.Mode.Perm() & 0o007
		return old.Mode.Perm()&0o707 | everybody<<3, nil
	}
	if err := policy.Weaken("the owner can't be kept", err); err != nil {
		return 0, err
	}
	return old.Mode.Perm(), nil // a set-id bit must not move to another user
}

// carryAttrs copies what a rename would lose: ACLs, security labels and the
// attributes users set.
func carryAttrs(old *Old, temp vfs.File, policy safety.Policy) error {
	var names []string
	err := error(fs.ErrPermission)
	if old.File != nil {
		names, err = old.File.Attrs()
	}
	if err != nil {
		return policy.Weaken("extended attributes and ACL can't be read", err)
	}
	for _, name := range names {
		if neverCarried(name) {
			continue
		}
		if err := carryAttr(name, old.File, temp); err != nil {
			if err := policy.Weaken(name+" can't be kept", err); err != nil {
				return err
			}
		}
	}
	if slices.Contains(names, accessACL) {
		return nil
	}
	// The directory's default ACL may have given the temp one, which would let
	// in whom the old file kept out.
	return temp.RemoveAttr(accessACL)
}

func carryAttr(name string, old, temp vfs.File) error {
	value, err := old.Attr(name)
	if err != nil {
		return err
	}
	err = temp.SetAttr(name, value)
	if err == nil {
		return nil
	}
	// A security label that may not be set is often there already.
	if has, getErr := temp.Attr(name); getErr == nil && bytes.Equal(has, value) {
		return nil
	}
	return err
}

// neverCarried are the attributes that describe the old content or the old
// inode itself: a signature copied to new content is false, and overlayfs's own
// marks belong to overlayfs.
func neverCarried(name string) bool {
	return name == "security.ima" || name == "security.evm" || strings.HasPrefix(name, "trusted.overlay.")
}

// refused are the answers of a system that knows the owner but does not let us
// set it; EINVAL is that of a user namespace without a mapping for it.
func refused(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported)
}
