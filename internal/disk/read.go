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

// version is the local disk's Version. A file that was replaced has another
// inode; one that was rewritten in place has another size or time.
type version struct {
	exists       bool
	id           vfs.ID
	size         int64
	mtime, ctime int64
}

func versionOf(i vfs.Info) version { return version{true, i.ID, i.Size, i.Mtime, i.Ctime} }

// Read is of the store.Store interface.
func (d *Disk) Read(ctx context.Context, t store.Target, o store.ReadOptions) (store.Content, error) {
	return d.read(t, o, patience{ctx, o.Wait})
}

func (d *Disk) read(t store.Target, o store.ReadOptions, p patience) (c store.Content, err error) {
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

// maxDangling is how often a path that led nowhere through a link is followed again.
const maxDangling = 20

// open opens a file for reading, following links as the target says. A link may be
// retargeted, and what it led to removed, while it is followed, as Kubernetes does with
// a ConfigMap's ..data. Then there is a file all the same, so ErrNotExist counts only
// if nothing lies at the path itself, or if a link there leads nowhere time and again.
func (d *Disk) open(t store.Target, p patience) (vfs.File, error) {
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

// nothingAt reports whether nothing lies at a path, not even a link.
func (d *Disk) nothingAt(path string) bool {
	_, err := d.FS.Stat(path, false)
	return err != nil
}

// regular describes an open file and refuses it if it is no regular one.
func regular(f vfs.File, path string) (vfs.Info, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode.IsRegular() {
		err = notRegular(path, info.Mode)
	}
	return info, err
}

// openError names the two refusals of open(2) that its own text hides.
func openError(err error, path string) error {
	switch {
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EMLINK): // EMLINK is FreeBSD's
		return fmt.Errorf("%w: %s is one that may not be followed, or leads in a circle: %w", errors.ErrSymlink, errors.Printable(path), err)
	case errors.Is(err, syscall.ENXIO):
		return notRegular(path, fs.ModeSocket)
	}
	return err
}

// Load is of the store.Session interface.
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

// loadOnce reads the file. It is not steady if somebody without the lock wrote
// in it or replaced it meanwhile: then what was read is neither this version nor
// the next.
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

// loadLinked reads what the link in the file's place leads to, since reads
// follow it under Replace. The version is the link's: it is what a commit replaces.
func (f *file) loadLinked(o store.ReadOptions) (store.Content, error) {
	link, err := f.dir.Stat(f.name)
	if err != nil {
		return store.Content{}, err
	}
	c := store.Content{Version: versionOf(link)}
	path := vfs.Join(f.dir.Path(), f.name)
	target, err := f.disk.read(store.Target{Path: path}, o, patience{})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrSymlink) {
		return c, nil // it leads nowhere
	}
	c.Exists, c.Data = err == nil, target.Data
	return c, err
}

// Exists is of the store.Session interface.
func (f *file) Exists(context.Context) (bool, error) {
	_, err := f.dir.Stat(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// readAll reads a regular file of a size that fstat told, without a second
// buffer. One that grows meanwhile, which only a writer in place can do, or that
// hides its size, as those of /proc do, is read to its end.
func readAll(f io.Reader, info vfs.Info, max int64) ([]byte, error) {
	if max > 0 && info.Size > max {
		return nil, tooLarge(info.Size, max)
	}
	// One byte more than there is, so that the read that fills the rest also
	// shows the end.
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
