package faultfs

import (
	"io/fs"
	"sync/atomic"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// OpenDir implements vfs.FS.
func (f *FS) OpenDir(path string) (vfs.Dir, error) {
	if err := f.begin(OpenDir, path); err != nil {
		return nil, err
	}
	d, err := f.inner.OpenDir(path)
	if err != nil {
		return nil, err
	}
	return &dir{fs: f, inner: d}, nil
}

// Open implements vfs.FS.
func (f *FS) Open(path string, follow bool) (vfs.File, error) {
	return f.opened(Open, path, func() (vfs.File, error) { return f.inner.Open(path, follow) })
}

// Stat implements vfs.FS.
func (f *FS) Stat(path string, follow bool) (vfs.Info, error) {
	return ask(f, Stat, path, func() (vfs.Info, error) { return f.inner.Stat(path, follow) })
}

// Volume implements vfs.FS.
func (f *FS) Volume(path string, info vfs.Info) (vfs.Volume, error) {
	return ask(f, Volume, path, func() (vfs.Volume, error) { return f.inner.Volume(path, info) })
}

// Readlink implements vfs.FS.
func (f *FS) Readlink(path string) (string, error) {
	return ask(f, Readlink, path, func() (string, error) { return f.inner.Readlink(path) })
}

// Mkdir implements vfs.FS.
func (f *FS) Mkdir(path string, perm fs.FileMode) error {
	return f.do(Mkdir, path, func() error { return f.inner.Mkdir(path, perm) })
}

// Rmdir implements vfs.FS.
func (f *FS) Rmdir(path string) error {
	return f.do(Rmdir, path, func() error { return f.inner.Rmdir(path) })
}

// Notifier implements vfs.FS.
func (f *FS) Notifier() (vfs.Notifier, error) {
	if err := f.begin(Notifier, ""); err != nil {
		return nil, err
	}
	n, err := f.inner.Notifier()
	if err != nil {
		return nil, err
	}
	return &notifier{n, f}, nil
}

// notifier can fail to watch one thing more.
type notifier struct {
	vfs.Notifier
	fs *FS
}

func (n *notifier) Watch(path string, s vfs.Scope) (vfs.WatchID, error) {
	if err := n.fs.begin(Watch, path); err != nil {
		return 0, err
	}
	return n.Notifier.Watch(path, s)
}

// opened runs an operation that opens a file, which can't be skipped.
func (f *FS) opened(verb, path string, open func() (vfs.File, error)) (vfs.File, error) {
	if err := f.begin(verb, path); err != nil {
		return nil, err
	}
	inner, err := open()
	if err != nil {
		return nil, err
	}
	return &file{fs: f, inner: inner, path: path}, nil
}

type dir struct {
	fs     *FS
	inner  vfs.Dir
	closed atomic.Bool
}

func (d *dir) join(name string) string { return d.inner.Path() + "/" + name }

func (d *dir) Path() string { return d.inner.Path() }

func (d *dir) Self() (vfs.Info, error) { return ask(d.fs, Stat, d.Path(), d.inner.Self) }

func (d *dir) Stat(name string) (vfs.Info, error) {
	return ask(d.fs, Stat, d.join(name), func() (vfs.Info, error) { return d.inner.Stat(name) })
}

func (d *dir) Volume(name string, info vfs.Info) (vfs.Volume, error) {
	return ask(d.fs, Volume, d.join(name), func() (vfs.Volume, error) { return d.inner.Volume(name, info) })
}

// Lock can't be skipped.
func (d *dir) Lock(name string, mode vfs.LockMode) (vfs.Lock, error) {
	if err := d.fs.begin(Lock, d.join(name)); err != nil {
		return nil, err
	}
	return d.inner.Lock(name, mode)
}

func (d *dir) Same(name string, l vfs.Lock) (bool, error) {
	return ask(d.fs, Same, d.join(name), func() (bool, error) { return d.inner.Same(name, l) })
}

func (d *dir) Open(name string) (vfs.File, error) {
	return d.fs.opened(Open, d.join(name), func() (vfs.File, error) { return d.inner.Open(name) })
}

func (d *dir) OpenRecord(name string) (vfs.File, error) {
	return d.fs.opened(OpenRecord, d.join(name), func() (vfs.File, error) { return d.inner.OpenRecord(name) })
}

func (d *dir) Create(name string, perm fs.FileMode) (vfs.File, error) {
	return d.fs.opened(Create, d.join(name), func() (vfs.File, error) { return d.inner.Create(name, perm) })
}

func (d *dir) Writable(name string) error {
	return d.fs.do(Writable, d.join(name), func() error { return d.inner.Writable(name) })
}

func (d *dir) Rename(name string, to vfs.Dir, newName string) error {
	target := to.(*dir)
	return d.fs.do(Rename, target.join(newName), func() error { return d.inner.Rename(name, target.inner, newName) })
}

func (d *dir) Link(name, newName string) error {
	return d.fs.do(Link, d.join(newName), func() error { return d.inner.Link(name, newName) })
}

func (d *dir) Remove(name string) error {
	return d.fs.do(Remove, d.join(name), func() error { return d.inner.Remove(name) })
}

func (d *dir) Names() ([]string, error) { return ask(d.fs, Names, d.Path(), d.inner.Names) }

func (d *dir) Sync() error { return d.fs.do(SyncDir, d.Path(), d.inner.Sync) }

func (d *dir) Confirm() error { return d.fs.do(Confirm, d.Path(), d.inner.Confirm) }

func (d *dir) Close() error { return d.fs.close(&d.closed, d.Path(), d.inner.Close) }

// close closes in any case, since a descriptor is gone even if close(2) fails.
// A second time it would close what somebody else has opened since.
func (f *FS) close(closed *atomic.Bool, path string, inner func() error) error {
	if closed.Swap(true) {
		panic("faultfs: " + path + " is closed twice")
	}
	failed := f.do(Close, path, func() error { return nil })
	if err := inner(); failed == nil {
		return err
	}
	return failed
}

type file struct {
	fs     *FS
	inner  vfs.File
	path   string
	closed atomic.Bool
}

func (f *file) Read(p []byte) (int, error) {
	return ask(f.fs, Read, f.path, func() (int, error) { return f.inner.Read(p) })
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	return ask(f.fs, Read, f.path, func() (int, error) { return f.inner.ReadAt(p, off) })
}

func (f *file) Write(p []byte) (int, error) { return f.write(p, f.inner.Write) }

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	return f.write(p, func(p []byte) (int, error) { return f.inner.WriteAt(p, off) })
}

func (f *file) write(p []byte, write func([]byte) (int, error)) (int, error) {
	switch err := f.fs.begin(Write, f.path); err {
	case nil:
		return write(p)
	case ErrSkip:
		return len(p), nil
	default:
		n, _ := write(p[:len(p)/2])
		return n, err
	}
}

func (f *file) Stat() (vfs.Info, error) { return ask(f.fs, Stat, f.path, f.inner.Stat) }

func (f *file) Chmod(mode fs.FileMode) error {
	return f.fs.do(Chmod, f.path, func() error { return f.inner.Chmod(mode) })
}

func (f *file) Chown(uid, gid uint32) error {
	return f.fs.do(Chown, f.path, func() error { return f.inner.Chown(uid, gid) })
}

func (f *file) Attrs() ([]string, error) { return ask(f.fs, Attrs, f.path, f.inner.Attrs) }

func (f *file) Attr(name string) ([]byte, error) {
	return ask(f.fs, Attr, f.path, func() ([]byte, error) { return f.inner.Attr(name) })
}

func (f *file) SetAttr(name string, value []byte) error {
	return f.fs.do(SetAttr, f.path, func() error { return f.inner.SetAttr(name, value) })
}

func (f *file) RemoveAttr(name string) error {
	return f.fs.do(RemoveAttr, f.path, func() error { return f.inner.RemoveAttr(name) })
}

func (f *file) CloneFrom(src vfs.File, size int64) error {
	return f.fs.do(Clone, f.path, func() error {
		if wrapped, ok := src.(*file); ok {
			src = wrapped.inner
		}
		return f.inner.CloneFrom(src, size)
	})
}

func (f *file) SetMtime(ns int64) error {
	return f.fs.do(SetMtime, f.path, func() error { return f.inner.SetMtime(ns) })
}

func (f *file) Truncate(size int64) error {
	return f.fs.do(Truncate, f.path, func() error { return f.inner.Truncate(size) })
}

func (f *file) Sync() error { return f.fs.do(Sync, f.path, f.inner.Sync) }

func (f *file) Close() error { return f.fs.close(&f.closed, f.path, f.inner.Close) }
