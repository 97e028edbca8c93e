package vfs

import (
	"io/fs"
	"os"
	"reflect"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
)

// Lock is a lock of flock(2) that is held on an open file.
type Lock interface {
	// Info describes the file at the moment when it was locked. The ID is zero if the
	// platform has none.
	Info() Info
	// Unlock unlocks the file and closes it. The close alone would not do, since a child
	// process that inherited the descriptor would keep the lock. Unlock may be called once.
	Unlock() error
}

// LockMode says how a lock is taken.
type LockMode uint8

const (
	TryLock  LockMode = iota // exclusive, without waiting
	TryShare                 // shared, without waiting
	WaitLock                 // exclusive; the thread is blocked until it has the lock, and nothing else can end that
)

// fileLock is a lock by gofrs/flock, which opens the file by its path.
type fileLock struct {
	flock *flock.Flock
	info  fs.FileInfo
}

func (l *fileLock) Info() Info { return InfoOf(l.info) }

// lockPath opens a file and locks it. A nil Lock without an error means that another process or
// call holds the lock. An error of flock(2) itself has the operation "lock".
//
// The file is opened for writing if its permissions allow that, since NFS gives an exclusive lock
// only to a descriptor that is open for writing (flock(2)). Otherwise it is opened for reading.
// Each call makes a Flock of its own. A shared Flock would exclude nobody, since gofrs/flock lets a
// Flock that holds the lock lock again.
func lockPath(path string, mode LockMode, access ...int) (Lock, error) {
	for i, how := range access {
		// With permissions of 0, gofrs/flock tries an open for writing after EBADF,
		// whatever the mode of the file is. No file is created.
		f := flock.New(path, flock.SetFlag(lockFlags|how), flock.SetPermissions(0))
		free, err := take(f, mode)
		for err != nil && errors.Is(err, syscall.EINTR) {
			free, err = take(f, mode)
		}
		if err == nil && !free {
			return nil, nil
		}
		if err == nil {
			l := &fileLock{flock: f}
			if l.info, err = f.Stat(); err != nil {
				return nil, errors.Join(err, l.Unlock())
			}
			return l, nil
		}
		if _, opening := errors.AsType[*fs.PathError](err); !opening {
			return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
		}
		if i == len(access)-1 || !WriteRefused(err) {
			return nil, err
		}
	}
	panic("vfs: a lock without an access")
}

func take(f *flock.Flock, mode LockMode) (free bool, err error) {
	switch mode {
	case TryLock:
		return f.TryLock()
	case TryShare:
		return f.TryRLock()
	}
	return true, f.Lock()
}

// Unlock implements Lock. If the system refuses to unlock, as network filesystems
// may, closing the descriptor releases the lock as well, unless a child process
// inherited the descriptor.
func (l *fileLock) Unlock() error {
	for {
		err := l.flock.Unlock()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case closeFile(l.flock):
			return nil
		default:
			return err
		}
	}
}

// closeFile closes the file of a Flock that can't be unlocked. gofrs/flock keeps the file
// open after an unlock that failed, and does not export it. So this process would wait for
// its own lock from then on. closeFile returns false if it finds no file.
func closeFile(f *flock.Flock) bool {
	field := reflect.ValueOf(f).Elem().FieldByName("fh")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*os.File]() || field.IsNil() {
		return false
	}
	// close(2) closes the descriptor even if it returns an error.
	_ = (*os.File)(field.UnsafePointer()).Close()
	return true
}

// Lock implements Dir.
func (d *osDir) Lock(name string, mode LockMode) (Lock, error) {
	path := d.path + string(os.PathSeparator) + name
	if name == "." {
		return lockPath(path, mode, os.O_RDONLY) // a directory can't be opened for writing
	}
	return lockPath(path, mode, os.O_RDWR, os.O_RDONLY)
}
