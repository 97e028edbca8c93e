package disk

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// old opens the file that a commit replaces; nil if there is none. It refuses a file that may not be
// written. rename(2) checks only the permissions of the directory, but a read-only file should not change;
// os.WriteFile fails too.
func (f *file) old() (*replace.Old, error) {
	at := time.Now()
	info, open, err := f.openOld()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && info.Mode&fs.ModeSymlink != 0 && f.links == store.Replace {
		return nil, nil
	}
	if err == nil && !info.Mode.IsRegular() {
		err = notRegular(f.name, info.Mode)
	}
	return f.writable(&replace.Old{Info: info, At: at, File: open}, err)
}

// base gives the file that a change replaces, as old does. It needs no open(2) if the session has the file
// open already:
//   - The version that the change is based on was read or written in this session. [file.unchanged]
//     checks, before the rename, that the name still means that file.
//   - The change is based on no version, and no user's code has run since the file was opened while
//     the lock was taken.
func (f *file) base(read store.Version) (*replace.Old, error) {
	found, seen := f.found, f.seen
	switch {
	case found != nil && read == nil && !f.userCode.Load():
		f.found = nil
		return f.writable(found, nil)
	case seen != nil && read == versionOf(seen.Info):
		f.seen = nil
		return f.writable(seen, nil)
	}
	f.closeFound()
	return f.old()
}

// closeFound closes the file that was opened while the lock was taken.
func (f *file) closeFound() {
	f.found.Close()
	f.found = nil
}

// keepSeen keeps a file that was read or written open, since the next change is likely to be
// based on it.
func (f *file) keepSeen(now *replace.Old) {
	f.seen.Close()
	f.seen = now
}

// writable returns the file if it may be written. Otherwise it closes the file and returns an error.
func (f *file) writable(old *replace.Old, err error) (*replace.Old, error) {
	if err == nil {
		// The file's owner may write it if the mode says so (path_resolution(7)). Then access(2) is not
		// needed.
		const ownerWrite = 0o200
		info := &old.Info
		special := info.Mount.Root || info.Mount.Immutable || info.Mount.Append
		mayWrite := f.env.dir.BitsDecide() && !special && info.Mode&ownerWrite != 0 && int(info.UID) == os.Geteuid()
		if !mayWrite {
			err = f.dir.Writable(f.name)
		}
	}
	if err != nil {
		old.Close()
		return nil, err
	}
	return old, nil
}

// openOld opens the entry at the name. An unreadable file and a link are only described, not
// opened.
func (f *file) openOld() (vfs.Info, vfs.File, error) {
	open, err := f.openData()
	if err == nil {
		info, err := open.Stat()
		if err != nil {
			open.Close()
			open = nil
		}
		return info, open, err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return vfs.Info{}, nil, err
	}
	info, statErr := f.dir.Stat(f.name)
	if statErr != nil || errors.Is(err, fs.ErrPermission) || !info.Mode.IsRegular() {
		return info, nil, statErr
	}
	return info, nil, openError(err, f.name)
}

var chunks = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// compare reports whether an open file of the right size holds exactly these bytes.
func compare(f io.ReaderAt, parts [][]byte) (same bool, err error) {
	chunk := chunks.Get().(*[64 << 10]byte)
	defer chunks.Put(chunk)
	var off int64
	for _, part := range parts {
		for len(part) > 0 {
			n, err := f.ReadAt(chunk[:min(len(part), len(chunk))], off)
			if err != nil && err != io.EOF {
				return false, err
			}
			if n == 0 || !bytes.Equal(chunk[:n], part[:n]) {
				return false, nil
			}
			part, off = part[n:], off+int64(n)
		}
	}
	return true, nil
}
