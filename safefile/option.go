package safefile

import (
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/registry"
)

// Option changes how a handle keeps its file. Only the functions of this package make
// options. If two options contradict each other, the later one holds. A nil Option
// panics; an option with a bad value makes every call of the handle fail.
type Option interface{ handle.Option }

// WithOptions bundles options, for a program that keeps many files the same way.
func WithOptions(opts ...Option) Option {
	return handle.OptionFunc(func(o *handle.Options) { handle.Apply(o, opts) })
}

// WithTimeout bounds how long a call waits for other writers; without it a
// call waits as long as it takes. It bounds waiting only: a change that has
// begun is finished. A call that waited in vain fails with ErrTimeout and has
// changed nothing. With 0 a call does not wait at all, and a file that is busy is
// ErrLocked too. A negative duration makes every call fail.
func WithTimeout(d time.Duration) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if d < 0 {
			o.Reject("WithTimeout(%v) is negative; leave it out to wait for ever", d)
		}
		o.Timeout = d
	})
}

// WithMode sets the permission bits of a file that a write makes, before the
// umask or the directory's default ACL cuts them; the default is 0666. A file
// that exists keeps its own.
func WithMode(perm fs.FileMode) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if perm&^fs.ModePerm != 0 {
			o.Reject("WithMode(%v) has more than permission bits", perm)
		}
		o.Mode = perm
	})
}

// WithParents makes a write make missing parent directories, with these
// permission bits before the umask, and durably. Without it a missing parent
// is an error.
func WithParents(perm fs.FileMode) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if perm&^fs.ModePerm != 0 || perm&0o300 != 0o300 {
			o.Reject("WithParents(%v) is not a directory's permission with write and search for the owner", perm)
		}
		o.Parents = perm
	})
}

// WithRegistry finds codecs in r instead of the registry of the process. Nil is
// the registry of the process.
func WithRegistry(r *registry.Registry) Option {
	return handle.OptionFunc(func(o *handle.Options) { o.Registry = r })
}

// WithCodec uses c whatever the file's name is. Nil finds one by the name.
func WithCodec(c codec.Codec) Option {
	return handle.OptionFunc(func(o *handle.Options) { o.Codec = c })
}

// Safety says what a write does if a guarantee can't be kept, or if a property of the
// old file can't be carried over to the new one.
type Safety uint8

const (
	// Strict makes the write fail before anything is changed. It is the default.
	Strict Safety = iota
	// Warn goes on, and logs each cause once per handle.
	Warn
	// BestEffort goes on without a log record.
	BestEffort
)

// String gives the name of the constant, such as "Strict".
func (s Safety) String() string {
	switch s {
	case Strict:
		return "Strict"
	case Warn:
		return "Warn"
	case BestEffort:
		return "BestEffort"
	}
	return fmt.Sprintf("Safety(%d)", uint8(s))
}

// level is s as the packages below know it.
func (s Safety) level() safety.Level {
	switch s {
	case Warn:
		return safety.Warn
	case BestEffort:
		return safety.BestEffort
	}
	return safety.Strict
}

// WithSafety sets what happens where a guarantee can't be kept.
func WithSafety(s Safety) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if s > BestEffort {
			o.Reject("WithSafety(%v) is none of Strict, Warn and BestEffort", s)
		}
		o.Safety = s.level()
	})
}

// Symlinks says what a call does if the last element of its path is a symbolic
// link. Links in the directories above are always followed.
//
// In a sticky directory that everybody may write, such as /tmp, a write follows a link only
// if the link belongs to the caller or to the directory's owner. Otherwise the error
// matches [fs.ErrPermission]. This is the rule of fs.protected_symlinks in
// proc_sys_fs(5); it holds even where that setting is off.
type Symlinks uint8

const (
	// Follow works on the file that the link leads to. The temp file, the lock and the
	// new file lie in that file's directory. The file need not exist. It is the default.
	Follow Symlinks = iota
	// Refuse fails with ErrSymlink.
	Refuse
	// Replace writes a regular file in the place of the link. Reads follow the link.
	Replace
)

// String gives the name of the constant, such as "Follow".
func (s Symlinks) String() string {
	switch s {
	case Follow:
		return "Follow"
	case Refuse:
		return "Refuse"
	case Replace:
		return "Replace"
	}
	return fmt.Sprintf("Symlinks(%d)", uint8(s))
}

// policy is s as the packages below know it.
func (s Symlinks) policy() store.Symlinks {
	switch s {
	case Refuse:
		return store.Refuse
	case Replace:
		return store.Replace
	}
	return store.Follow
}

// WithSymlinks sets what happens with symbolic links.
func WithSymlinks(s Symlinks) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if s > Replace {
			o.Reject("WithSymlinks(%v) is none of Follow, Refuse and Replace", s)
		}
		o.Symlinks = s.policy()
	})
}

// WithLockDir puts the lock into dir, under a name made of a hash, instead of
// beside the file. All writers of a file must agree on it, since a lock in
// another place excludes nobody. The directory must exist.
//
// A file that is a mount of its own is rewritten in place. If its directory can't be written,
// the copy of its old content lies in dir as well, and readers need this option to find it.
func WithLockDir(dir string) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if dir == "" {
			o.Reject("WithLockDir: the directory is empty")
		}
		o.LockDir = dir
	})
}

// WithLockSuffix makes the lock's name of the file's by another suffix than
// ".lock". Choose one for a file whose PATH.lock is somebody's data (Pipfile.lock)
// or another program's lock (git, kubectl, npm's proper-lockfile); such a lock
// file is refused with ErrLock otherwise. All writers of a file must agree on the
// suffix, since a lock of another name excludes nobody. It is the end of the
// lock's name under [WithLockDir] too.
func WithLockSuffix(suffix string) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		switch {
		case suffix == "":
			o.Reject("WithLockSuffix: the suffix is empty")
		case strings.ContainsAny(suffix, "/\x00") || strings.ContainsRune(suffix, filepath.Separator):
			o.Reject("WithLockSuffix(%q) is no part of one name", suffix)
		case suffix == sidecar.Suffix:
			o.Reject("WithLockSuffix(%q) is the name of the checksum", suffix)
		}
		o.LockSuffix = suffix
	})
}

// WithMaxSize bounds, in bytes, what a call reads into memory, and what a codec
// inflates it to; more is ErrTooLarge, also for a write that would edit the file. The default is 64 MiB for what a codec
// loads and no limit for bytes. 0 is no limit for both.
func WithMaxSize(n int64) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if n < 0 {
			o.Reject("WithMaxSize(%d) is negative", n)
		}
		o.MaxSize, o.MaxSizeSet = n, true
	})
}

// WithLogger sets where a handle reports what it could not do as asked. Nil is
// slog's default logger.
func WithLogger(l *slog.Logger) Option {
	return handle.OptionFunc(func(o *handle.Options) { o.Logger = l })
}

// WithChecksum keeps a SHA-256 of the content beside the file, in PATH.sha256 in
// the format of sha256sum(1), and checks it whenever the file is read: damage is
// ErrChecksumMismatch, a missing checksum ErrNoChecksum. All who write the file
// must use it, since a write that leaves the checksum as it is looks like damage.
// Package checksum makes one for a file that has none.
func WithChecksum() Option {
	return handle.OptionFunc(func(o *handle.Options) { o.Checksum = true })
}

// WithoutLock takes no lock between processes, and so gives WriterExclusion up:
// of two processes that change the file at once one may lose its change. Calls
// of one process still take turns.
func WithoutLock() Option {
	return handle.OptionFunc(func(o *handle.Options) { o.NoLock = true })
}

// WithoutMetadata makes a replaced file like a new one: permissions, owner, ACL
// and attributes are those that a new file would get. The package documentation lists
// what a replaced file keeps otherwise.
func WithoutMetadata() Option {
	return handle.OptionFunc(func(o *handle.Options) { o.NoMetadata = true })
}
