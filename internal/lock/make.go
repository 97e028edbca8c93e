package lock

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// create makes a lock file that only the users can open who may write the data file. flock(2)
// needs no more than an open file, so a user who may only read could block every writer for
// ever.
func (p Spec) create(name string) (vfs.File, error) {
	// The umask, or the directory's default ACL, removes the same write bits as from a new data
	// file. The remaining write bits say who may write. Without read bits only the owner can
	// open the file until its mode is set. The owner must be able to: another process of theirs
	// may open it meanwhile, and this process may be killed here.
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
	_ = f.SetMtime(backdated)
	return f, nil
}

// accessACL is where Linux keeps a file's ACL (acl(5)); a new file may inherit one.
const accessACL = "system.posix_acl_access"

// writersOf gives an ACL in which every entry with write permission may read and write, and every
// other entry nothing. The format is that of linux/posix_acl_xattr.h: a header of 4 bytes, then
// for each entry a tag and permission bits of 2 bytes each, and an id of 4 bytes.
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
// with which the writers of the data file can open it. If the group can't be set, the lock
// file's own group gets access only if all users get it.
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

// lockMode gives read and write permission to each class of users that may write the data, and
// always to the owner.
func lockMode(data fs.FileMode) fs.FileMode {
	writers := data & 0o222
	return writers | writers<<1 | 0o600
}

// mend widens the mode of a lock file that was made when fewer users could write the data than
// now. Only the owner of the data file does so, and only if the lock file is theirs too: the
// mode of their data file says who may write.
func (h *Held) mend() {
	data := h.spec.Data
	if h.spec.DataFile || data == nil || !data.Mode.IsRegular() {
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
