package disk

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// version is the local disk's Version. A replaced file has another
// inode. A file that was rewritten in place has another size or time.
type version struct {
	exists       bool
	id           vfs.ID
	size         int64
	mtime, ctime int64
}

func versionOf(i vfs.Info) version { return version{true, i.ID, i.Size, i.Mtime, i.Ctime} }

// Read implements store.Store.
func (d *Disk) Read(ctx context.Context, t store.Target, o store.ReadOptions) (store.Content, error) {
	return d.read(t, o, leaseWait{ctx, o.Wait})
}

func (d *Disk) read(t store.Target, o store.ReadOptions, p leaseWait) (c store.Content, err error) {
	if o.Verify {
		return d.readPair(t, o, p)
	}
	f, err := d.open(t, p)
	if err != nil {
		return c, err
	}
	defer f.Close()
	info, err := regular(f, t.Path)
	switch {
	case err != nil:
		return c, err
	case maybeInPlace(&info):
		return d.readPair(t, o, p)
	}
	data, err := readAll(f, info, o.Max)
	if err != nil {
		return c, err
	}
	return store.Content{Exists: true, Data: data, Version: versionOf(info)}, nil
}

// maxDangling limits how often a dangling link is followed again.
const maxDangling = 20

// open opens a file for reading, and follows links as the target says. While a link is followed, it may be
// retargeted and its old target removed, as Kubernetes does with a ConfigMap's ..data. Then
// there is a file. So ErrNotExist counts only if nothing exists at the path itself, or if a link there
// is dangling each time.
func (d *Disk) open(t store.Target, p leaseWait) (vfs.File, error) {
	for tries := 1; ; tries++ {
		f, err := unleased(p, func() (vfs.File, error) { return d.FS.Open(t.Path, t.Symlinks != store.Refuse) })
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || tries == maxDangling || d.nothingAt(t.Path) {
			return nil, openError(err, t.Path)
		}
	}
}

// nothingAt reports whether nothing exists at a path, not even a link.
func (d *Disk) nothingAt(path string) bool {
	_, err := d.FS.Stat(path, false)
	return err != nil
}

// regular describes an open file. It returns an error if the file is not regular.
func regular(f vfs.File, path string) (vfs.Info, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode.IsRegular() {
		err = notRegular(path, info.Mode)
	}
	return info, err
}

// openError explains two errors of open(2) whose texts are unclear.
func openError(err error, path string) error {
	switch {
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EMLINK): // EMLINK is FreeBSD's
		return fmt.Errorf("%w: %s is a link that may not be followed, or a loop of links: %w", errors.ErrSymlink, errors.Printable(path), err)
	case errors.Is(err, syscall.ENXIO):
		return notRegular(path, fs.ModeSocket)
	}
	return err
}

// Load implements store.Session.
func (f *file) Load(_ context.Context, o store.ReadOptions) (store.Content, error) {
	for range maxVersions {
		// The file that was opened while the lock was taken is at its start as long as it is unread.
		old, err := f.found, error(nil)
		f.found = nil
		if old == nil || old.File == nil {
			old, err = f.open()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return store.Content{Version: version{}}, nil
		}
		if err != nil && f.links == store.Replace {
			return f.loadLinked(o)
		}
		if err != nil {
			return store.Content{}, openError(err, f.name)
		}
		c, steady, err := f.loadOnce(old, o)
		if steady {
			f.keepSeen(old)
			f.content = content{true, versionOf(old.Info), old.Settling() > 0, [][]byte{c.Data}}
			return c, nil
		}
		old.Close()
		if err != nil {
			return c, err
		}
	}
	return store.Content{}, fmt.Errorf("%w %d times while it was being read", errors.ErrChanged, maxVersions)
}

// open opens the file for reading.
func (f *file) open() (old *replace.Old, err error) {
	open, err := f.openData()
	if err != nil {
		return nil, err
	}
	old = &replace.Old{At: time.Now(), File: open}
	if old.Info, err = regular(open, f.name); err != nil {
		open.Close()
	}
	return old, err
}

// loadOnce reads the file. steady is false if another program has written in the file or replaced it
// meanwhile. Then the content may be a mixture of two versions.
func (f *file) loadOnce(old *replace.Old, o store.ReadOptions) (c store.Content, steady bool, err error) {
	data, err := readAll(old.File, old.Info, o.Max)
	if err != nil {
		return c, false, err
	}
	now, err := f.dir.Stat(f.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, false, err
	}
	v := versionOf(old.Info)
	if err != nil || versionOf(now) != v {
		return c, false, nil
	}
	if o.Verify {
		if err := f.vouch(sidecar.Sum(data)); err != nil {
			return c, false, err
		}
	}
	return store.Content{Exists: true, Data: data, Version: v}, true, nil
}

// loadLinked reads the file that a link leads to, since reads follow links under Replace. The version is
// that of the link, since a commit replaces the link.
func (f *file) loadLinked(o store.ReadOptions) (store.Content, error) {
	link, err := f.dir.Stat(f.name)
	if err != nil {
		return store.Content{}, err
	}
	c := store.Content{Version: versionOf(link)}
	path := vfs.Join(f.dir.Path(), f.name)
	target, err := f.disk.read(store.Target{Path: path}, o, leaseWait{})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrSymlink) {
		return c, nil // the link is dangling
	}
	c.Exists, c.Data = err == nil, target.Data
	return c, err
}

// Exists implements store.Session.
func (f *file) Exists(context.Context) (bool, error) {
	_, err := f.dir.Stat(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// readAll reads a regular file into one buffer of the size that fstat(2) gave. If the file is longer, it is
// read to its end: a writer in place may make it grow meanwhile, and the files of /proc have a size
// of 0.
func readAll(f io.Reader, info vfs.Info, max int64) ([]byte, error) {
	if max > 0 && info.Size > max {
		return nil, tooLarge(info.Size, max)
	}
	// The buffer has one more byte than the file, so that the read that gets the content also finds
	// the end.
	data := make([]byte, 0, info.Size+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF, err == nil && n == 0:
			return data, nil
		case err != nil:
			return nil, err
		case int64(len(data)) == info.Size && len(data) < cap(data):
			return data, nil
		case max > 0 && int64(len(data)) > max:
			return nil, tooLarge(int64(len(data)), max)
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

func tooLarge(size, max int64) error {
	return fmt.Errorf("%w: %d bytes, and the limit is %d; raise it with WithMaxSize", errors.ErrTooLarge, size, max)
}

func notRegular(path string, mode fs.FileMode) error {
	if mode.IsDir() {
		return &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	}
	what := "a special file"
	switch {
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	case mode&fs.ModeSymlink != 0:
		return fmt.Errorf("%w: %s turned into one", errors.ErrSymlink, errors.Printable(path))
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%s, not a regular file: %w", what, fs.ErrInvalid)}
}
