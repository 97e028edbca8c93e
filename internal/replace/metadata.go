package replace

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

const (
	setIDs = fs.ModeSetuid | fs.ModeSetgid
	// setBits are the permission bits that chmod(2) sets.
	setBits = fs.ModePerm | setIDs | fs.ModeSticky
)

// carry gives the temp file the old file's owner, extended attributes, ACL and mode, in this order:
//   - The owner is first, because chown(2) clears set-id bits and file capabilities.
//   - A security label comes before the ACL.
//   - The mode is last. Until then only the owner can open the temp file, even if the directory gave it
//     an ACL: the temp file is created with mode 0600, which is also the mask of that ACL.
//
// If metadata can't be kept and a user would lose access by that, Strict returns an error. The other levels
// report the loss. No level grants an access that the old file did not grant.
func carry(old *Old, temp vfs.File, policy safety.Policy) error {
	now, err := temp.Stat()
	if err != nil {
		return err
	}
	names, grants, err := listMetadata(old, policy)
	if err != nil {
		return err
	}
	lost, err := setOwner(old.Info, now, temp)
	if err != nil {
		return err
	}
	if lost != (owners{}) {
		if grants, err = grants.without(lost, old.Info, policy); err != nil {
			return err
		}
	}
	if len(names) > 0 {
		if err := carryAttrs(names, old.File, temp, policy); err != nil {
			return err
		}
	}
	if grants, err = setACL(grants, temp, policy); err != nil {
		return err
	}
	mode := grants.mode & setBits
	if err = temp.Chmod(mode); err == nil || !vfs.ModeRefused(err) {
		return err
	}
	// If the file has the right mode already, a refused chmod(2) is no loss.
	if now, statErr := temp.Stat(); statErr != nil || now.Mode&setBits == mode {
		return statErr
	}
	return policy.Weaken("the mode can't be kept", err)
}

// listMetadata lists the old file's attributes and reads its ACL.
func listMetadata(old *Old, policy safety.Policy) (names []string, grants access, err error) {
	grants.mode = old.Info.Mode
	if old.File == nil {
		grants.unknown = true
		return nil, grants, policy.Weaken("extended attributes and ACL can't be read", fs.ErrPermission)
	}
	if names, err = old.File.Attrs(); err == nil && !slices.Contains(names, accessACL) {
		return names, grants, nil
	}
	if err != nil {
		if !vfs.AttrRefused(err) {
			return nil, grants, err
		}
		if err := policy.Weaken("extended attributes can't be listed", err); err != nil {
			return nil, grants, err
		}
	}
	var known bool
	grants.acl, known, err = readACL(old.File)
	grants.unknown = !known
	if err == nil {
		return names, grants, nil
	}
	if !vfs.AttrRefused(err) && !errors.Is(err, fs.ErrInvalid) {
		return nil, grants, err
	}
	return names, grants, policy.Weaken("the ACL can't be read", err)
}

// without limits the access to what the new file may grant with the owner that it has.
func (a access) without(lost owners, old vfs.Info, policy safety.Policy) (access, error) {
	if lost.user != nil {
		what := fmt.Sprintf("the owner (user %d) can't be kept", old.UID)
		if err := policy.WeakenOr(what, "run as that user or as root, or accept the loss with WithSafety(Warn)", lost.user); err != nil {
			return a, err
		}
		a.mode &^= setIDs // they must not move to another user
	}
	if lost.group == nil {
		return a, nil
	}
	group, others := a.group(), a.others()
	runsAs := a.mode&fs.ModeSetgid != 0 && group&0o1 != 0
	a.mode &^= setIDs
	what := fmt.Sprintf("the group (%d) can't be kept", old.GID)
	if group == others && !runsAs {
		policy.Report(what, lost.group)
		return a, nil
	}
	const advice = "run as a member of it or as root, or accept the loss of access with WithSafety(Warn)"
	if err := policy.WeakenOr(what, advice, lost.group); err != nil {
		return a, err
	}
	// Members of the old group may now count as others, and others as members of the new group. So group and
	// others get the permissions that both had.
	both := group & others
	if a.acl != nil {
		a.acl = a.acl.limited(both)
		a.mode = a.mode&^0o007 | both
	} else {
		a.mode = a.mode&^0o077 | both<<3 | both
	}
	return a, nil
}

// carryAttrs copies the extended attributes except the ACL: security labels, and attributes that users set.
func carryAttrs(names []string, old, temp vfs.File, policy safety.Policy) error {
	for _, name := range names {
		if name == accessACL || neverCarried(name) {
			continue
		}
		value, err := old.Attr(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed after it was listed
		}
		if err == nil {
			err = setAttr(temp, name, value)
		}
		if err == nil {
			continue
		}
		if !vfs.AttrRefused(err) {
			return err
		}
		if err := policy.WeakenOr(name+" can't be kept", unkept(name, err), err); err != nil {
			return err
		}
	}
	return nil
}

// unkept gives the advice for an attribute that can't be kept. Only a privileged process may set
// attributes of the classes security and trusted (xattr(7)).
func unkept(name string, err error) string {
	privileged := strings.HasPrefix(name, "security.") || strings.HasPrefix(name, "trusted.")
	if privileged && errors.Is(err, fs.ErrPermission) {
		return "only root may set it: run as root, or accept its loss with WithSafety(Warn)"
	}
	return "accept its loss with WithSafety(Warn)"
}

// setAttr sets an attribute, unless the temp file has it already. A new file often has the right security
// label, which the process may not set.
func setAttr(f vfs.File, name string, value []byte) error {
	err := f.SetAttr(name, value)
	if err == nil {
		return nil
	}
	if has, getErr := f.Attr(name); getErr == nil && bytes.Equal(has, value) {
		return nil
	}
	return err
}

// setACL gives the temp file its ACL, or removes one that it inherited. It returns the mode that may be set
// then.
func setACL(grants access, temp vfs.File, policy safety.Policy) (access, error) {
	if grants.acl != nil {
		err := setAttr(temp, accessACL, grants.acl)
		if err == nil {
			return grants, nil
		}
		if !vfs.AttrRefused(err) {
			return grants, err
		}
		if err := policy.Weaken("the ACL can't be kept", err); err != nil {
			return grants, err
		}
	}
	if grants.acl != nil || grants.unknown {
		// Without the ACL the group's bits in the mode are no mask any more.
		grants.mode = grants.mode&^0o070 | grants.group()<<3
	}
	// The temp file may have inherited an ACL from the directory. It could grant access that the old file did
	// not grant.
	if inherited, known, _ := readACL(temp); known && inherited == nil {
		return grants, nil
	}
	err := temp.RemoveAttr(accessACL)
	if err == nil {
		return grants, nil
	}
	if !vfs.AttrRefused(err) {
		return grants, err
	}
	grants.mode &^= 0o070 // the group bits are the mask of that ACL
	return grants, policy.Weaken("an ACL that the directory gave the new file can't be removed", err)
}

// neverCarried are attributes that describe the old content or the old inode. A signature of the old content is
// wrong for the new one. A capability was given to the old program; write(2) removes it too. The marks
// of overlayfs belong to overlayfs.
func neverCarried(name string) bool {
	switch name {
	case "security.ima", "security.evm", "security.capability":
		return true
	}
	return strings.HasPrefix(name, "trusted.overlay.")
}
