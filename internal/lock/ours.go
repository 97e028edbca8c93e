package lock

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// refuse reports ErrLock for a file that is no lock file of this library: its
// content does not begin as a record does, or it has more than one hard link. The file may be
// data (Pipfile.lock, Gemfile.lock). It may also be the lock of a program for which the
// existence of the file is the lock, and which keeps data in it (git).
//
// An empty file is accepted. Another program may have just made it in order to fill it: git
// makes config.lock, writes the new configuration into it and renames it over config. A lock
// on the file does no harm to that program. A record would, so Announce writes none into a
// young file.
func (p Spec) refuse(links uint64, size int64, head []byte) error {
	switch {
	case p.DataFile:
		return nil
	case links > 1:
		return fmt.Errorf("%w: %s has %d hard links, which a lock file of this library never has; %s",
			errors.ErrLock, printable(p.Path), links, remedy)
	case !bytes.HasPrefix(head, []byte(recordMagic+" ")) && !(size <= recordSize && len(bytes.Trim(head, "\x00")) == 0): // zeros are a record that a power cut kept from the disk
		return fmt.Errorf("%w: %s has content that is not of this library: it may be somebody's data, or another program's lock; %s",
			errors.ErrLock, printable(p.Path), remedy)
	}
	return nil
}

// inspect refuses a locked file that is no lock file of this library.
// For an empty file it makes no system call.
func (h *Held) inspect() error {
	if h.info.Size != 0 && !h.spec.DataFile {
		f, err := h.open()
		if err == nil {
			h.head, err = readHead(f)
		}
		if errors.Is(err, errors.ErrLockLost) {
			return err
		}
		if err != nil {
			return h.spec.classify(err)
		}
	}
	return h.spec.refuse(h.info.Links, h.info.Size, h.head)
}

// inspectPath refuses the file at the path if it is no lock file of this library. It does not
// lock the file. A missing file is fs.ErrNotExist.
func (p Spec) inspectPath() error {
	if p.DataFile {
		return nil
	}
	info, err := p.Dir.Stat(p.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return err
	case err != nil:
		return p.classify(err)
	case !info.Mode.IsRegular():
		return p.irregular()
	case info.Size == 0: // an empty file need not be opened, so it need not be readable
		return p.refuse(info.Links, 0, nil)
	}
	f, err := p.Dir.Open(p.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil {
		return p.classify(err)
	}
	defer f.Close()
	head, err := readHead(f)
	if err == nil {
		info, err = f.Stat()
	}
	if err != nil {
		return p.classify(err)
	}
	return p.refuse(info.Links, info.Size, head)
}

// readHead reads the first recordSize bytes, or fewer if the file is shorter.
func readHead(f vfs.File) ([]byte, error) {
	buf := make([]byte, recordSize)
	n, err := f.ReadAt(buf, 0)
	if err == io.EOF {
		err = nil
	}
	return buf[:n], err
}
