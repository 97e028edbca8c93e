//go:build !unix || aix || solaris || illumos

package vfs

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// Without the *at calls a Dir is a path. If another process renames a parent, an operation goes to another directory.
// The guarantee report lists systems without these calls as NonTarget.

type osFS struct{}

type osDir struct{ path string }

type osFile struct{ *os.File }

func (osFS) OpenDir(path string) (Dir, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open directory", Path: path, Err: errNotDir}
	}
	return &osDir{path}, nil
}

func (osFS) Open(path string, follow bool) (File, error) {
	if !follow {
		if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil, &fs.PathError{Op: "open", Path: path, Err: errors.ErrSymlink}
		}
	}
	return opened(os.Open(path))
}

func opened(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return &osFile{f}, nil
}

func (osFS) Stat(path string, follow bool) (Info, error) {
	stat := os.Lstat
	if follow {
		stat = os.Stat
	}
	info, err := stat(path)
	if err != nil {
		return Info{}, err
	}
	return infoOf(path, info)
}

func (osFS) Volume(path string, _ Info) (Volume, error) { return volumeOf(path) }

func accessible(string) error { return errors.ErrUnsupported }

func (osFS) Readlink(path string) (string, error) { return os.Readlink(path) }

func (osFS) Mkdir(path string, perm fs.FileMode) error { return os.Mkdir(path, perm) }

func (osFS) Rmdir(path string) error {
	if info, err := os.Lstat(path); err == nil && !info.IsDir() {
		return &fs.PathError{Op: "rmdir", Path: path, Err: errNotDir}
	}
	return os.Remove(path)
}

func (d *osDir) Path() string { return d.path }

func (d *osDir) join(name string) string { return filepath.Join(d.path, name) }

func (d *osDir) Self() (Info, error) { return osFS{}.Stat(d.path, true) }

func (d *osDir) Stat(name string) (Info, error) { return osFS{}.Stat(d.join(name), false) }

func (d *osDir) Volume(name string, _ Info) (Volume, error) {
	if name == "" {
		return volumeOf(d.path)
	}
	return volumeOf(d.join(name))
}

// Same implements Dir.
func (d *osDir) Same(name string, l Lock) (bool, error) {
	there, err := os.Lstat(d.join(name))
	return err == nil && os.SameFile(there, l.(*fileLock).info), err
}

// InfoOf converts an fs.FileInfo. The ID, owner and group are zero, since an fs.FileInfo has none here.
func InfoOf(info fs.FileInfo) Info { return plainInfo(ID{}, info) }

func (d *osDir) Open(name string) (File, error) { return osFS{}.Open(d.join(name), false) }

func (d *osDir) OpenRecord(name string) (File, error) {
	return opened(os.OpenFile(d.join(name), os.O_RDWR, 0))
}

func (d *osDir) Create(name string, perm fs.FileMode) (File, error) {
	return opened(os.OpenFile(d.join(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, perm))
}

func (d *osDir) Writable(name string) error {
	info, err := os.Stat(d.join(name))
	if err == nil && info.Mode().Perm()&0o200 == 0 {
		err = &fs.PathError{Op: "access", Path: d.join(name), Err: fs.ErrPermission}
	}
	return err
}

func (d *osDir) Rename(name string, to Dir, newName string) error {
	return replaceFile(d.join(name), to.(*osDir).join(newName))
}

func (d *osDir) Link(name, newName string) error {
	err := os.Link(d.join(name), d.join(newName))
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return &fs.PathError{Op: "link", Path: d.join(newName), Err: linkError(link.Err)}
	}
	return err
}

func (d *osDir) Remove(name string) error { return os.Remove(d.join(name)) }

func (d *osDir) Names() ([]string, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// Sync returns an error, since the platform can't sync a directory.
func (d *osDir) Sync() error {
	return &fs.PathError{Op: "sync directory", Path: d.path, Err: errors.ErrUnsupported}
}

func (d *osDir) Confirm() error { return nil }

func (d *osDir) Close() error { return nil }

func (f *osFile) Stat() (Info, error) {
	info, err := f.File.Stat()
	if err != nil {
		return Info{}, err
	}
	return infoOf(f.Name(), info)
}

// Close does nothing if the file is closed already.
func (f *osFile) Close() error {
	if err := f.File.Close(); !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}

// Chown does nothing: these systems have no numeric owner.
func (f *osFile) Chown(uid, gid uint32) error { return nil }

func (f *osFile) SetMtime(ns int64) error { return os.Chtimes(f.Name(), time.Time{}, time.Unix(0, ns)) }

func (f *osFile) Attrs() ([]string, error) { return nil, nil }

func (f *osFile) Attr(name string) ([]byte, error) { return nil, errors.ErrUnsupported }

func (f *osFile) SetAttr(name string, value []byte) error { return errors.ErrUnsupported }

func (f *osFile) RemoveAttr(string) error { return nil }

func (f *osFile) CloneFrom(src File, size int64) error { return copyFrom(f, src, size) }

func plainInfo(id ID, info fs.FileInfo) Info {
	return Info{ID: id, Mode: info.Mode(), Links: 1, Size: info.Size(), Mtime: info.ModTime().UnixNano()}
}
