package replace

import (
	"encoding/binary"
	"io/fs"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// accessACL is the extended attribute that holds a file's POSIX ACL on Linux.
const accessACL = "system.posix_acl_access"

// acl is the value of that attribute: a version, then entries of a tag, permissions and an id, all
// little-endian (linux/posix_acl_xattr.h, acl(5)). Nil means that the file has no ACL. If a file has an
// ACL, the group bits of its mode are the ACL's mask and not the permissions of its group.
type acl []byte

const (
	aclVersion   = 2
	aclHeader    = 4
	aclEntry     = 8
	tagGroupObj  = 0x04 // the file's group
	tagMask      = 0x10
	tagOther     = 0x20
	noPermission = 0
)

// parseACL refuses a value that this package does not understand.
func parseACL(value []byte) (acl, bool) {
	if len(value) < aclHeader || (len(value)-aclHeader)%aclEntry != 0 || binary.LittleEndian.Uint32(value) != aclVersion {
		return nil, false
	}
	return value, true
}

// entry gives the entry with that tag, or nil.
func (a acl) entry(tag uint16) []byte {
	for at := aclHeader; at < len(a); at += aclEntry {
		if e := a[at : at+aclEntry]; binary.LittleEndian.Uint16(e) == tag {
			return e
		}
	}
	return nil
}

// perm gives the three permission bits of the entry with that tag.
func (a acl) perm(tag uint16) (fs.FileMode, bool) {
	e := a.entry(tag)
	if e == nil {
		return noPermission, false
	}
	return fs.FileMode(binary.LittleEndian.Uint16(e[2:])) & 0o7, true
}

// limited gives a copy that grants the file's group and all other users at most perm.
func (a acl) limited(perm fs.FileMode) acl {
	a = slices.Clone(a)
	for _, tag := range []uint16{tagGroupObj, tagOther} {
		if e := a.entry(tag); e != nil {
			binary.LittleEndian.PutUint16(e[2:], uint16(perm))
		}
	}
	return a
}

// access holds the permissions that a file's mode and ACL grant.
type access struct {
	mode    fs.FileMode
	acl     acl  // nil if there is none, or it is unknown
	unknown bool // there may be an ACL, but it can't be read
}

// readACL reads the ACL of a file. If it can't be read, known is false and the error says why.
func readACL(f vfs.File) (_ acl, known bool, _ error) {
	value, err := f.Attr(accessACL)
	switch {
	case errors.Is(err, fs.ErrNotExist), vfs.Missing(err):
		return nil, true, nil
	case err != nil:
		return nil, false, err
	}
	a, known := parseACL(value)
	if !known {
		err = &fs.PathError{Op: "getxattr", Path: accessACL, Err: fs.ErrInvalid}
	}
	return a, known, err
}

// group gives the permissions of the file's group. If the ACL is unknown, the mode's group bits may be a
// mask, so only the permissions of all users are certain.
func (a access) group() fs.FileMode {
	bits := a.mode >> 3 & 0o7
	if a.unknown {
		return bits & a.others()
	}
	if perm, ok := a.acl.perm(tagGroupObj); ok {
		return perm & bits
	}
	return bits
}

func (a access) others() fs.FileMode { return a.mode & 0o7 }
