package lock

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// refuse reports ErrLock for a lock file that is not ours to lock: one with
// content that does not begin as a record does, or with more than one name. It
// may be data (Pipfile.lock, Gemfile.lock) or the lock of a program that treats
// its existence as the lock and keeps its data there (git).
//
// An empty file is taken for ours. It may be one that another program has just
// made in order to fill it: git makes config.lock, writes the new configuration
// into it and renames it over config. Locking such a file does not harm it.
// Announce leaves a young file without a record for that reason.
func (p Spec) refuse(links uint64, size int64, head []byte) error {
	switch {
	case p.Foreign:
		return nil
	case links > 1:
		return fmt.Errorf("%w: %s has %d hard links, which a lock file of this library never has; %s",
			errors.ErrLock, printable(p.Path), links, remedy)
	case !ours(size, head):
		return fmt.Errorf("%w: %s has content that is not of this library: it may be somebody's data, or another program's lock; %s",
			errors.ErrLock, printable(p.Path), remedy)
	}
	return nil
}

// ours reports whether a lock file may have this size and beginning. Nothing but zeros in the
// length of a record is a record that a power cut kept from the disk.
func ours(size int64, head []byte) bool {
	return bytes.HasPrefix(head, []byte(recordMagic+" ")) || size <= recordSize && len(bytes.Trim(head, "\x00")) == 0
}

// inspect refuses a lock that was taken on a file that is not ours to lock.
// An empty file costs no system call.
func (h *Held) inspect() error {
	if h.Size() != 0 && !h.spec.Foreign {
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
	return h.spec.refuse(h.info.Links, h.Size(), h.head)
}

// look refuses what lies at the path, without locking it, if it is not ours to
// lock. It is fs.ErrNotExist if nothing is there.
func (p Spec) look() error {
	if p.Foreign {
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
	case info.Size == 0: // which spares those who may not read it a refusal
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

// readHead reads the length of a record, or less if there is not as much.
func readHead(f vfs.File) ([]byte, error) {
	buf := make([]byte, recordSize)
	n, err := f.ReadAt(buf, 0)
	if err == io.EOF {
		err = nil
	}
	return buf[:n], err
}
