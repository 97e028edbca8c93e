package replace

import (
	"io/fs"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// readWrite are the permission bits that a companion takes from its file: nobody
// needs to execute it.
const readWrite = 0o666

// ShareAccess opens f, which nobody but its owner can open yet, to those who may open
// another file, and to nobody else. It is for a file that tells something of the other's
// content: its checksum, or a copy.
//
// Owner, group, ACL and mode come from of. Where one of them can't be kept the
// access becomes narrower, never wider:
//   - if the group is another one, group and others get what both of them had;
//   - if the ACL can't be read or kept, or belongs to another group, only the owner has access.
//
// The ACL comes before the mode. Until chmod(2) widens its mask, an ACL that f inherited
// from the directory lets nobody in.
//
// If and is not nil, f tells of that file too: only who may open both may open f.
func ShareAccess(f vfs.File, of, and *Old, policy safety.Policy) error {
	mode := of.Info.Mode & readWrite
	now, err := f.Stat()
	if err != nil {
		return err
	}
	lost, err := setOwner(of.Info, now, f)
	if err != nil {
		return err
	}
	groupKept := lost.group == nil
	aclKept, err := giveACL(f, of, groupKept)
	switch {
	case err != nil:
		return err
	case !aclKept:
		mode &= 0o600
	case !groupKept:
		both := mode >> 3 & mode & 0o007
		mode = mode&0o600 | both<<3 | both
	}
	if and != nil {
		mode &= accessBeside(of, and)
	}
	err = f.Chmod(mode)
	if err == nil || !vfs.ModeRefused(err) {
		return err
	}
	// A filesystem that refuses chmod(2) may show a fixed mode that is narrow enough.
	now, statErr := f.Stat()
	if statErr == nil && now.Mode&readWrite&^mode == 0 {
		return nil
	}
	return policy.Weaken("a checksum or a copy may be readable by more users than its file", err)
}

// giveACL reports whether f has exactly the other file's ACL, or none if that has none.
func giveACL(f vfs.File, of *Old, groupKept bool) (kept bool, err error) {
	wanted, known, err := knownACL(of)
	if err != nil {
		return false, err
	}
	if wanted != nil && groupKept {
		err := f.SetAttr(accessACL, wanted)
		if err == nil || !vfs.AttrRefused(err) {
			return err == nil, err
		}
	}
	err = f.RemoveAttr(accessACL)
	if err != nil && !vfs.AttrRefused(err) {
		return false, err
	}
	left, leftKnown := acl(nil), true
	if err != nil {
		left, leftKnown, _ = readACL(f)
	}
	return known && wanted == nil && leftKnown && left == nil, nil
}

// knownACL gives a file's ACL, nil if it has none. It is not known of a file that can't
// be opened for reading, or whose attributes may not be read.
func knownACL(of *Old) (_ acl, known bool, err error) {
	if of.File == nil {
		return nil, false, nil
	}
	a, known, err := readACL(of.File)
	if vfs.AttrRefused(err) || errors.Is(err, fs.ErrInvalid) {
		err = nil
	}
	return a, known, err
}

// accessBeside is the mode that a file with the access of one may have at most so that it is not
// readable by more users than another. Only the bits of files of the same owner and
// group can be compared.
func accessBeside(one, other *Old) fs.FileMode {
	bits := one.Info
	bits.Mode = other.Info.Mode
	if SameAccess(&Old{Info: bits, File: one.File}, other) {
		return other.Info.Mode & readWrite
	}
	return 0o600
}

// SameAccess reports whether two files can be opened by the same users.
func SameAccess(a, b *Old) bool {
	if a.Info.Mode&readWrite != b.Info.Mode&readWrite || a.Info.UID != b.Info.UID || a.Info.GID != b.Info.GID {
		return false
	}
	aACL, aKnown, aErr := knownACL(a)
	bACL, bKnown, bErr := knownACL(b)
	return errors.Join(aErr, bErr) == nil && aKnown && bKnown && slices.Equal(aACL, bACL)
}

// Wider reports whether the mode bits of a companion give more than those of its file.
func Wider(companion, file fs.FileMode) bool { return companion&readWrite&^file != 0 }
