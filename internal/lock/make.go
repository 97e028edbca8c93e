package lock

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// create makes a lock file that is open to those who may write the data file, and
// to nobody else: flock(2) needs no more than an open file, so that a mere reader
// could block every writer for ever.
func (p Spec) create(name string) (vfs.File, error) {
	// The umask, or the directory's default ACL, takes away what it takes away
	// from a new data file: what remains says who may write. Without the bits to
	// read, nobody else can open the file even before its mode is set. The owner can,
	// since their other processes may come meanwhile, or the maker may be killed here.
	f, err := p.Dir.Create(name, p.Perm&0o222|0o600)
	if err != nil {
		return nil, err
	}
	if acl, err := f.Attr(accessACL); err == nil {
		_ = f.SetAttr(accessACL, writersOf(acl))
	}
	// A refused chmod leaves the mode as it is: the maker can use the lock either way.
	if data, ok := p.Like(); ok {
		_ = f.Chmod(share(f, data))
	} else if made, err := f.Stat(); err == nil {
		_ = f.Chmod(lockMode(made.Mode))
	}
	// See Announce.
	_ = f.SetMtime(longAgo)
	return f, nil
}

// accessACL is where Linux keeps a file's ACL (acl(5)); a new file may inherit one.
const accessACL = "system.posix_acl_access"

// writersOf makes of an ACL one by which those may read and write who may write, and
// nobody else. Its form is that of linux/posix_acl_xattr.h: a header of 4 bytes, then
// for each entry a tag, permission bits, both of 2 bytes, and an id.
func writersOf(acl []byte) []byte {
	const header, entry, write, readWrite = 4, 8, 2, 6
	acl = bytes.Clone(acl)
	for at := header; at+entry <= len(acl); at += entry {
		perm := binary.LittleEndian.Uint16(acl[at+2:])
		if perm&write != 0 {
			perm = readWrite
		} else {
			perm = 0
		}
		binary.LittleEndian.PutUint16(acl[at+2:], perm)
	}
	return acl
}

// share gives a lock file the owner and group of the data file, and returns the mode
// that lets in those who may write it. If the group can't be had, the lock file's own
// group is let in only where everybody is.
func share(f vfs.File, data vfs.Info) fs.FileMode {
	mode := lockMode(data.Mode)
	if f.Chown(data.UID, data.GID) == nil {
		return mode
	}
	made, err := f.Stat()
	if err == nil && made.GID != data.GID {
		err = f.Chown(made.UID, data.GID)
	}
	if err != nil && mode&0o006 == 0 {
		mode &^= 0o060
	}
	return mode
}

// lockMode lets each class of users read and write the lock file that may write
// the data, and never locks the owner out.
func lockMode(data fs.FileMode) fs.FileMode {
	writers := data & 0o222
	return writers | writers<<1 | 0o600
}

// mend opens a lock file to those who may write the data by now, if they could not
// lock it: it was made when they could not write yet. Only a lock file that belongs to
// the data file's owner is mended, and by that owner: they have said by the mode
// of the data who may write.
func (h *Held) mend() {
	data := h.spec.Data
	if h.spec.Foreign || data == nil || !data.Mode.IsRegular() {
		return
	}
	have, want := h.info.Mode.Perm(), lockMode(data.Mode)
	if want&^have == 0 {
		return
	}
	if h.info.ID == (vfs.ID{}) || h.info.UID != data.UID || int(h.info.UID) != os.Geteuid() {
		return
	}
	f, err := h.open()
	if err != nil {
		return
	}
	if h.info.GID != data.GID {
		want = share(f, *data)
	}
	_ = f.Chmod(have | want)
}
