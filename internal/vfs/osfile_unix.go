//go:build unix && !aix && !solaris && !illumos

package vfs

import (
	"io"
	"io/fs"

	"golang.org/x/sys/unix"
)

type osFile struct {
	descriptor
	dir  string // for error texts only; empty if name is a path
	name string
}

func (f *osFile) path() string {
	if f.dir == "" {
		return f.name
	}
	return f.dir + "/" + f.name
}

// failure adds the path to err. A nil error stays nil.
func (f *osFile) failure(op string, err error) error {
	if err == nil {
		return nil
	}
	return pathError(op, f.path(), err)
}

func (f *osFile) Read(p []byte) (n int, err error) {
	err = f.do(func(fd int) error { n, err = unix.Read(fd, p); return err })
	switch {
	case err != nil:
		return 0, f.failure("read", err)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

func (f *osFile) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		var m int
		err = f.do(func(fd int) error { m, err = unix.Pread(fd, p[n:], off+int64(n)); return err })
		switch {
		case err != nil:
			return n, f.failure("read", err)
		case m == 0:
			return n, io.EOF
		}
		n += m
	}
	return n, nil
}

func (f *osFile) Write(p []byte) (int, error) {
	return f.writeAll(p, func(fd int, rest []byte, _ int) (int, error) { return unix.Write(fd, rest) })
}

func (f *osFile) WriteAt(p []byte, off int64) (int, error) {
	return f.writeAll(p, func(fd int, rest []byte, done int) (int, error) {
		return unix.Pwrite(fd, rest, off+int64(done))
	})
}

// writeAll goes on after a short write, as write(2) asks for.
func (f *osFile) writeAll(p []byte, write func(fd int, rest []byte, done int) (int, error)) (int, error) {
	done := 0
	for done < len(p) {
		var n int
		err := f.do(func(fd int) (err error) { n, err = write(fd, p[done:], done); return err })
		if err == nil && n == 0 {
			err = io.ErrShortWrite
		}
		if err != nil {
			return done, f.failure("write", err)
		}
		done += n
	}
	return done, nil
}

func (f *osFile) Stat() (info Info, err error) {
	err = f.do(func(fd int) error { info, err = statFD(fd); return err })
	if err != nil {
		return info, f.failure("stat", err)
	}
	return info, nil
}

func (f *osFile) Chmod(mode fs.FileMode) error {
	if err := f.do(func(fd int) error { return unix.Fchmod(fd, unixMode(mode)) }); err != nil {
		return f.failure("chmod", err)
	}
	return nil
}

func (f *osFile) Chown(uid, gid uint32) error {
	return f.failure("chown", f.do(func(fd int) error { return unix.Fchown(fd, int(uid), int(gid)) }))
}

func (f *osFile) SetMtime(ns int64) error {
	return f.failure("set time", f.do(func(fd int) error { return setMtimeFD(fd, ns) }))
}

func (f *osFile) Truncate(size int64) error {
	return f.failure("truncate", f.do(func(fd int) error { return unix.Ftruncate(fd, size) }))
}

func (f *osFile) Sync() error {
	if err := f.do(syncFD); err != nil {
		return f.failure("sync", err)
	}
	return nil
}

// Close does nothing if the file is closed already.
func (f *osFile) Close() error {
	if err := f.close(); err != nil {
		return f.failure("close", err)
	}
	return nil
}
