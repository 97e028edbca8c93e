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
	// Info describes the file, as it was when it was locked. The ID is zero where the
	// platform does not tell it.
	Info() Info
	// Unlock frees the lock by unlocking it rather than by closing alone, so that a child
	// that inherited the descriptor keeps nothing. It may be called once.
	Unlock() error
}

// LockMode says how a lock is taken.
type LockMode uint8

const (
	TryLock  LockMode = iota // exclusive, without waiting
	TryShare                 // shared, without waiting
	WaitLock                 // exclusive; the thread is blocked, and nothing can end that but the lock
)

// fileLock is a lock by gofrs/flock, which opens the file by its path.
type fileLock struct {
	flock *flock.Flock
	info  fs.FileInfo
}

func (l *fileLock) Info() Info { return InfoOf(l.info) }

// lockPath opens a file and locks it. A nil Lock without an error means that somebody else
// holds the lock. An error of flock(2) itself has the operation "lock".
//
// The file is opened for writing where it allows that, since NFS gives an exclusive lock only to a
// descriptor that is open for writing (flock(2)), and else for reading. Each call has a
// Flock of its own: gofrs/flock lets a Flock that holds the lock lock again, so a shared one would
// exclude nobody.
func lockPath(path string, mode LockMode, access ...int) (Lock, error) {
	for i, how := range access {
		// Permissions of 0 have gofrs/flock try an open for writing after EBADF
		// whatever the mode of the file; nothing is created.
		f := flock.New(path, flock.SetFlag(lockFlags|how), flock.SetPermissions(0))
		free, err := take(f, mode)
		for errors.Is(err, syscall.EINTR) {
			free, err = take(f, mode)
		}
		switch {
		case err == nil && free:
			return locked(f)
		case err == nil:
			return nil, nil
		}
		if _, opening := errors.AsType[*fs.PathError](err); !opening {
			return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
		}
		if i == len(access)-1 || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
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

func locked(f *flock.Flock) (Lock, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, unlock(f))
	}
	return &fileLock{f, info}, nil
}

func (l *fileLock) Unlock() error { return unlock(l.flock) }

// unlock frees a lock. Where the system refuses to unlock, as network filesystems
// may, closing the descriptor frees the lock just as well, unless a child
// inherited it.
func unlock(f *flock.Flock) error {
	for {
		err := f.Unlock()
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil && closeFile(f) {
			return nil
		}
		return err
	}
}

// closeFile closes the file of a Flock that can't be unlocked. gofrs/flock keeps it
// open after an unlock that failed, and gives no access to it: this process would
// wait for itself from then on. It reports false if there is no such file.
func closeFile(f *flock.Flock) bool {
	field := reflect.ValueOf(f).Elem().FieldByName("fh")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*os.File]() || field.IsNil() {
		return false
	}
	// close(2) gives the descriptor up even where it reports an error.
	_ = (*os.File)(field.UnsafePointer()).Close()
	return true
}

// Lock is of the Dir interface.
func (d *osDir) Lock(name string, mode LockMode) (Lock, error) {
	if name == "." {
		return lockPath(d.join(name), mode, os.O_RDONLY) // a directory can't be opened for writing
	}
	return lockPath(d.join(name), mode, os.O_RDWR, os.O_RDONLY)
}
