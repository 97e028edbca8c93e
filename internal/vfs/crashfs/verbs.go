package crashfs

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

func pathError(op, path string, err error) error { return &fs.PathError{Op: op, Path: path, Err: err} }

// OpenDir implements vfs.FS.
func (f *FS) OpenDir(path string) (vfs.Dir, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.find("open directory", path, true)
	if err != nil {
		return nil, err
	}
	if n.entries == nil {
		return nil, pathError("open directory", path, syscall.ENOTDIR)
	}
	return &dir{f, n, path}, nil
}

// Open implements vfs.FS.
func (f *FS) Open(path string, follow bool) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.find("open", path, follow)
	if err != nil {
		return nil, err
	}
	if n.target != "" {
		return nil, pathError("open", path, syscall.ELOOP)
	}
	return &file{fs: f, node: n, path: path}, nil
}

// Stat implements vfs.FS.
func (f *FS) Stat(path string, follow bool) (vfs.Info, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.find("stat", path, follow)
	if err != nil {
		return vfs.Info{}, err
	}
	return n.info(), nil
}

// Volume implements vfs.FS.
func (f *FS) Volume(string, vfs.Info) (vfs.Volume, error) { return vfs.Volume{}, vfs.ErrNoVolume }

// Readlink implements vfs.FS.
func (f *FS) Readlink(path string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.find("readlink", path, false)
	if err == nil && n.target == "" {
		err = pathError("readlink", path, syscall.EINVAL)
	}
	if err != nil {
		return "", err
	}
	return n.target, nil
}

// Mkdir implements vfs.FS.
func (f *FS) Mkdir(path string, perm fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	above, name, err := f.split("mkdir", strings.TrimRight(path, "/"))
	if err != nil {
		return err
	}
	if above.entries == nil {
		return pathError("mkdir", path, syscall.ENOTDIR)
	}
	if above.entry(name) != nil {
		return pathError("mkdir", path, syscall.EEXIST)
	}
	made := f.newNode(fs.ModeDir | perm.Perm())
	made.parent = above
	f.apply(change{{above, name, made}})
	return nil
}

// Notifier implements vfs.FS. The simulated disk reports no changes.
func (f *FS) Notifier() (vfs.Notifier, error) { return nil, errors.ErrUnsupported }

// Rmdir implements vfs.FS.
func (f *FS) Rmdir(path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	above, name, err := f.split("rmdir", strings.TrimRight(path, "/"))
	if err != nil {
		return err
	}
	n := above.entry(name)
	switch {
	case n == nil:
		return pathError("rmdir", path, syscall.ENOENT)
	case n.entries == nil:
		return pathError("rmdir", path, syscall.ENOTDIR)
	case len(n.entries) > 0:
		return pathError("rmdir", path, syscall.ENOTEMPTY)
	}
	f.apply(change{{above, name, nil}})
	return nil
}

type dir struct {
	fs   *FS
	node *node
	path string
}

func (d *dir) join(name string) string { return d.path + "/" + name }

// entry finds a name. The mutex is held.
func (d *dir) entry(op, name string) (*node, error) {
	if n := d.node.entries[name]; n != nil {
		return n, nil
	}
	return nil, pathError(op, d.join(name), syscall.ENOENT)
}

func (d *dir) Path() string { return d.path }

func (d *dir) Self() (vfs.Info, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	return d.node.info(), nil
}

func (d *dir) Stat(name string) (vfs.Info, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	n, err := d.entry("stat", name)
	if err != nil {
		return vfs.Info{}, err
	}
	return n.info(), nil
}

func (d *dir) Volume(string, vfs.Info) (vfs.Volume, error) { return vfs.Volume{}, vfs.ErrNoVolume }

func (d *dir) Lock(name string, mode vfs.LockMode) (vfs.Lock, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	n := d.node
	if name != "." {
		var err error
		if n, err = d.entry("open", name); err != nil {
			return nil, err
		}
	}
	for n.exclusive || mode != vfs.TryShare && n.shared > 0 {
		if mode != vfs.WaitLock {
			return nil, nil
		}
		d.fs.freed.Wait()
	}
	l := &lock{fs: d.fs, node: n, info: n.info(), shared: mode == vfs.TryShare}
	l.count(1)
	return l, nil
}

func (d *dir) Same(name string, l vfs.Lock) (bool, error) {
	there, err := d.Stat(name)
	return err == nil && there.ID == l.Info().ID, err
}

// lock is a lock on a file of the disk. A crash frees it, as the kernel does.
type lock struct {
	fs     *FS
	node   *node
	info   vfs.Info
	shared bool
}

// count notes that the lock came, or went. The mutex is held.
func (l *lock) count(n int) {
	if l.shared {
		l.node.shared += n
	} else {
		l.node.exclusive = n > 0
	}
}

func (l *lock) Info() vfs.Info { return l.info }

func (l *lock) Unlock() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	l.count(-1)
	l.fs.freed.Broadcast()
	return nil
}

func (d *dir) Open(name string) (vfs.File, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	n, err := d.entry("open", name)
	if err == nil && n.target != "" {
		err = pathError("open", d.join(name), syscall.ELOOP)
	}
	if err != nil {
		return nil, err
	}
	return &file{fs: d.fs, node: n, path: d.join(name)}, nil
}

func (d *dir) OpenRecord(name string) (vfs.File, error) { return d.Open(name) }

func (d *dir) Create(name string, perm fs.FileMode) (vfs.File, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	if d.node.entries[name] != nil {
		return nil, pathError("open", d.join(name), syscall.EEXIST)
	}
	n := d.fs.newNode(perm.Perm())
	d.fs.apply(change{{d.node, name, n}})
	return &file{fs: d.fs, node: n, path: d.join(name)}, nil
}

func (d *dir) Writable(name string) error {
	_, err := d.Stat(name)
	return err
}

func (d *dir) Rename(name string, to vfs.Dir, newName string) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	n, err := d.entry("rename", name)
	if err != nil {
		return err
	}
	d.fs.apply(change{{d.node, name, nil}, {to.(*dir).node, newName, n}})
	return nil
}

func (d *dir) Link(name, newName string) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	n, err := d.entry("link", name)
	if err != nil {
		return err
	}
	if d.node.entries[newName] != nil {
		return pathError("link", d.join(newName), syscall.EEXIST)
	}
	d.fs.apply(change{{d.node, newName, n}})
	return nil
}

func (d *dir) Remove(name string) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	if _, err := d.entry("remove", name); err != nil {
		return err
	}
	d.fs.apply(change{{d.node, name, nil}})
	return nil
}

func (d *dir) Names() ([]string, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	return slices.Sorted(maps.Keys(d.node.entries)), nil
}

func (d *dir) Sync() error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	d.fs.sync(d.node)
	return nil
}

func (d *dir) Confirm() error { return nil }

func (d *dir) Close() error { return nil }
