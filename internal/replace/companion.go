package replace

import (
	"io/fs"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// readWrite are the permission bits that a companion takes from its file. Execute bits are left out.
const readWrite = 0o666

// ShareAccess gives f the access rights of another file, whose checksum or copy it holds. Before the call only
// the owner can open f. After it, the users can open f who can open the other file, and no others.
//
// Owner, group, ACL and mode come from of. If one of them can't be kept, fewer users get access:
//   - If the group can't be kept, group and others get the permissions that both had.
//   - If the ACL can't be read or kept, or belongs to another group, only the owner gets access.
//
// The ACL is set before the mode: until chmod(2) widens its mask, an ACL that f inherited from the directory
// grants nothing.
//
// If and is not nil, f holds something of that file too. Then only users get access who may open both.
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

// giveACL sets the other file's ACL on f, or removes f's if the other file has none. It reports whether that
// was possible.
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

// knownACL gives a file's ACL, or nil if the file has none. The ACL is unknown if the file can't be opened for
// reading, or if its attributes can't be read.
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

// accessBeside gives the widest mode with which a file is readable by no user who can't read both files. The
// bits can be compared only if the two files have the same owner and group.
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
