package safefile

import (
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"reflect"
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

// WithOptions bundles options into one, for a program that keeps many files the same way.
func WithOptions(opts ...Option) Option {
	return handle.OptionFunc(func(o *handle.Options) { handle.Apply(o, opts) })
}

// WithTimeout limits how long a call waits for the lock. Without it a call waits without a
// limit. A call that has waited in vain fails with ErrTimeout and has changed nothing. With 0 a
// call does not wait: if the file is busy, the error matches ErrLocked as well. A change
// that has begun is finished even if that takes longer. A negative duration makes every call
// fail.
func WithTimeout(d time.Duration) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if d < 0 {
			o.Reject("WithTimeout(%v) is negative; leave the option out to wait without a limit", d)
		}
		o.Timeout = d
	})
}

// WithMode sets the permission bits of new files, before umask or the directory's default ACL
// is applied. The default is 0666. Existing files keep theirs.
func WithMode(perm fs.FileMode) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if perm&^fs.ModePerm != 0 {
			o.Reject("WithMode(%v) has more than permission bits", perm)
		}
		o.Mode = perm
		o.OnDisk("WithMode")
	})
}

// WithParents makes a write create missing parent directories, durably, with these permission
// bits before umask. Without it a missing parent is an error.
func WithParents(perm fs.FileMode) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if perm&^fs.ModePerm != 0 || perm&0o300 != 0o300 {
			o.Reject("WithParents(%v) must be permission bits with write and search for the owner", perm)
		}
		o.Parents = perm
		o.OnDisk("WithParents")
	})
}

// WithRegistry looks codecs up in r, instead of in the registry of the process. Nil means the
// registry of the process.
func WithRegistry(r *registry.Registry) Option {
	return handle.OptionFunc(func(o *handle.Options) { o.Registry = r })
}

// WithCodec uses c for a file of any name. Nil means that the name decides.
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

// level converts s for internal packages.
func (s Safety) level() safety.Level {
	switch s {
	case Warn:
		return safety.Warn
	case BestEffort:
		return safety.BestEffort
	}
	return safety.Strict
}

// WithSafety sets what a write does if a guarantee can't be kept. The default is [Strict].
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
	// Replace makes a write replace the link by a regular file. Reads follow the link.
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

// policy converts s for internal packages.
func (s Symlinks) policy() store.Symlinks {
	switch s {
	case Refuse:
		return store.Refuse
	case Replace:
		return store.Replace
	}
	return store.Follow
}

// WithSymlinks sets what a call does if its path is a symbolic link. The default is [Follow].
func WithSymlinks(s Symlinks) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if s > Replace {
			o.Reject("WithSymlinks(%v) is none of Follow, Refuse and Replace", s)
		}
		o.Symlinks = s.policy()
		o.OnDisk("WithSymlinks")
	})
}

// WithLockDir puts the lock into dir, instead of beside the file. Its name there is a hash
// of the file's path. Every writer of the file must use the same directory, since locks in
// different places don't exclude each other. The directory must exist.
//
// The directory is also used for a file that is itself a mount, if the file's own directory
// can't be written: the copy of the old content lies in dir. Then readers need this
// option to find the copy.
func WithLockDir(dir string) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if dir == "" {
			o.Reject("WithLockDir: the directory is empty")
		}
		o.LockDir = dir
		o.OnDisk("WithLockDir")
	})
}

// WithLockSuffix sets the suffix that makes the lock's name of the file's name. The default is
// ".lock". Choose another one for a file whose PATH.lock is somebody's data, such as Pipfile.lock, or
// another program's lock, such as the lock of git, kubectl or npm's proper-lockfile. Otherwise every
// call that needs the lock fails with ErrLock.
//
// Every writer of the file must use the same suffix, since locks of different names don't exclude
// each other. Under [WithLockDir] the lock's name ends in the suffix too.
func WithLockSuffix(suffix string) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		switch {
		case suffix == "":
			o.Reject("WithLockSuffix: the suffix is empty")
		case strings.ContainsAny(suffix, "/\x00") || strings.ContainsRune(suffix, filepath.Separator):
			o.Reject("WithLockSuffix(%q) can't be part of a file's name", suffix)
		case suffix == sidecar.Suffix:
			o.Reject("WithLockSuffix(%q) is the suffix of checksum files", suffix)
		}
		o.LockSuffix = suffix
		o.OnDisk("WithLockSuffix")
	})
}

// WithMaxSize limits the number of bytes that a call reads into memory, and the number of bytes
// that a codec inflates them to. A larger file is ErrTooLarge, also for a write that edits the
// existing text. The default is 64 MiB for calls that use a codec, and no limit for calls
// on bytes. With 0 no call has a limit.
func WithMaxSize(n int64) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if n < 0 {
			o.Reject("WithMaxSize(%d) is negative", n)
		}
		o.MaxSize, o.MaxSizeSet = n, true
	})
}

// WithLogger sets where warnings go, for example of a guarantee that can't be kept. Nil means
// slog's default logger.
func WithLogger(l *slog.Logger) Option {
	return handle.OptionFunc(func(o *handle.Options) { o.Logger = l })
}

// WithChecksum keeps a SHA-256 of the content beside the file, in PATH.sha256 in the format of
// sha256sum(1), and compares it at every read. A damaged file is ErrChecksumMismatch. A missing
// checksum is ErrNoChecksum. Every writer of the file must use this option: a write that does
// not update the checksum looks like damage. Package checksum makes a checksum for an existing file.
func WithChecksum() Option {
	return handle.OptionFunc(func(o *handle.Options) { o.Checksum = true })
}

// WithDefaults makes every decode start with the value that f returns, so that a key which the file lacks
// keeps its default. f is called for each call that decodes, and before the lock is taken if the call takes
// one itself.
//
// Reading follows these rules, which are the same in every built-in format that has keys:
//   - A struct is merged key by key, and so is what a pointer in the default points to. A map in an
//     interface is merged like a struct.
//   - The keys of any other map in the file replace or join the keys of the default. A value in a
//     map is replaced whole.
//   - A list or an array in the file replaces the default one whole.
//   - A zero in the file is a value like any other. A null makes a pointer, a map, a list or an interface
//     nil. It has no effect on another type, so the default stays.
//   - A missing file reads as the defaults, also in a transaction. Update and Merge start with them. ReadOr
//     returns its own argument instead.
//   - An empty file is what the codec takes it for: YAML and TOML read the defaults, JSON and JSONC fail
//     without codec.AllowEmpty, and in text the empty file is the value.
//
// A write into an existing file adds no key that has its default. A key with another value is
// inserted alone, with just the sections around it. A value in a map is inserted whole. A key that
// is in the file stays there, even if its value becomes the default. A new file is written whole.
//
// Limits:
//   - A key of a map that has a default can't be removed by leaving it out: it is removed from the
//     file, and then reads as its default.
//   - If the encoding leaves out a zero value, as omitempty asks for, and the default is not zero, the zero is
//     written. If that is not possible the write fails with ErrEncode.
//   - A codec that can't edit writes the whole value, defaults included: codec.Rewrite, codec.Text and
//     codec.Pair. The values of Text and Pair have no keys, so only a missing file has defaults.
//   - A codec of one's own decodes into the default, and merges as it does that.
//
// The value that f returns is copied, so f may return a variable. If T is not the type of the handle, every call
// fails with an error that names both types. A nil f makes every call fail. A panic of f goes on.
func WithDefaults[T any](f func() T) Option {
	d := &handle.DefaultValue{Of: reflect.TypeFor[T](), Make: f}
	return handle.OptionFunc(func(o *handle.Options) {
		if f == nil {
			o.Reject("WithDefaults: the function is nil; leave the option out to have no defaults")
		}
		o.Default = d
	})
}

// WithoutLock takes no lock between processes, so WriterExclusion does not hold: if two processes
// change the file at once, one change may be lost. Calls within one process still wait for each other.
func WithoutLock() Option {
	return handle.OptionFunc(func(o *handle.Options) {
		o.NoLock = true
		o.OnDisk("WithoutLock")
	})
}

// WithoutMetadata gives a replaced file the permissions, owner, ACL and attributes of a new
// file. Without it, a replaced file keeps those that the package documentation lists.
func WithoutMetadata() Option {
	return handle.OptionFunc(func(o *handle.Options) {
		o.NoMetadata = true
		o.OnDisk("WithoutMetadata")
	})
}
