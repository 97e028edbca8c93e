package crashfs

import (
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

type file struct {
	fs   *FS
	node *node
	path string
	pos  int64
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if off >= int64(len(f.node.now.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.now.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.pos)
	f.pos += int64(n)
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	return len(p), f.change(func(s *state) {
		if short := off + int64(len(p)) - int64(len(s.data)); short > 0 {
			s.data = append(s.data, make([]byte, short)...)
		}
		copy(s.data[off:], p)
		f.node.mtime, s.mtime = f.fs.tick(), 0
	})
}

// change alters what programs see of the file, and leaves it to Sync to make it durable.
func (f *file) change(how func(*state)) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	how(&f.node.now)
	f.node.ctime = f.fs.tick()
	return nil
}

func (f *file) Stat() (vfs.Info, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.node.info(), nil
}

func (f *file) Chmod(mode fs.FileMode) error {
	return f.change(func(s *state) { s.mode = s.mode&fs.ModeType | mode&^fs.ModeType })
}

func (f *file) Chown(uid, gid uint32) error {
	return f.change(func(s *state) { s.uid, s.gid = uid, gid })
}

func (f *file) Attrs() ([]string, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return slices.Sorted(maps.Keys(f.node.now.attrs)), nil
}

func (f *file) Attr(name string) ([]byte, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	value, ok := f.node.now.attrs[name]
	if !ok {
		return nil, pathError("getxattr "+name, f.path, fs.ErrNotExist)
	}
	return []byte(value), nil
}

func (f *file) SetAttr(name string, value []byte) error {
	return f.change(func(s *state) { s.attrs[name] = string(value) })
}

func (f *file) RemoveAttr(name string) error {
	return f.change(func(s *state) { delete(s.attrs, name) })
}

func (f *file) CloneFrom(src vfs.File, size int64) error {
	buf := make([]byte, size)
	if n, err := src.ReadAt(buf, 0); int64(n) < size {
		return errors.Join(err, io.ErrUnexpectedEOF)
	}
	_, err := f.Write(buf)
	return err
}

func (f *file) SetMtime(ns int64) error {
	return f.change(func(s *state) { s.mtime = ns })
}

func (f *file) Truncate(size int64) error {
	return f.change(func(s *state) {
		s.data = append(s.data[:min(int64(len(s.data)), size):len(s.data)], make([]byte, max(0, size-int64(len(s.data))))...)
		f.node.mtime, s.mtime = f.fs.tick(), 0
	})
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.node.disk = f.node.now.clone()
	return nil
}

func (f *file) Close() error { return nil }
