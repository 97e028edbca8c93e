// Package errors holds the errors of Holdfast, and everything of the standard package errors. A
// file needs to import only this package.
//
// An operation of the library that fails returns an *[Error]. It says what was tried, on which path,
// and what kind of failure it was. Match it with [Is], [As] and [AsType]. The text is for people
// and may change.
//
// If a function that the program gave to a transaction returns an error, the library
// returns that error as it is.
//
// # Kinds
//
// Three errors say what was tried, and are all an [ErrFile]:
//
//	ErrFile
//	├── ErrRead     a file could not be read or decoded
//	├── ErrWrite    a file could not be written
//	└── ErrAppend   a file could not be appended to
//
// The other errors say what went wrong. An *Error can match both: reading a damaged file is
// [ErrRead] and [ErrDecode].
package errors

import "io/fs"

// sentinel is an error that is compared by identity. It is a kind of its parent.
type sentinel struct {
	text   string
	parent error
}

func (s *sentinel) Error() string { return s.text }

// Unwrap makes Is walk from a branch of the tree to its root.
func (s *sentinel) Unwrap() error { return s.parent }

func kind(text string, parent error) error { return &sentinel{text, parent} }

// The operation that failed. ErrRead, ErrWrite and ErrAppend are each an ErrFile, as Is reports it.
var (
	ErrFile   = kind("file operation failed", nil)
	ErrRead   = kind("reading failed", ErrFile)
	ErrWrite  = kind("writing failed", ErrFile)
	ErrAppend = kind("appending failed", ErrFile)
)

// Failures of the lock. The file was not changed.
var (
	// ErrTimeout: the wait for the lock took longer than allowed. See TimeoutError.
	ErrTimeout = kind("timed out waiting for the lock", nil)
	// ErrLocked: another call or process holds the lock, and the caller asked not to wait.
	ErrLocked = kind("the file is locked", nil)
	// ErrLock: the lock could not be taken or used, for a reason other than a busy file.
	ErrLock = kind("the lock could not be taken", nil)
	// ErrLockLost: the lock was taken away by force while it was held. The file was not written.
	ErrLockLost = kind("the lock was lost", nil)
	// ErrChanged: another program changed the file without taking the lock, after it was read
	// and before it was written. That change is still there. Read the file again and retry.
	// SafeFile.WriteIf returns it too if the file is not in the version that the caller has seen.
	//
	// The last check is about 40 µs before the rename that replaces the file. A change in these
	// 40 µs is not noticed and is overwritten, since Linux has no rename with a condition.
	ErrChanged = kind("the file has changed", nil)
)

// Failures of the format or of the data.
var (
	// ErrUnknownFormat: no codec is registered for the file's extension.
	ErrUnknownFormat = kind("unknown format", nil)
	// ErrDecode: the content is not valid in its format, or does not fit the type. See DecodeError.
	ErrDecode = kind("decoding failed", nil)
	// ErrEncode: the value can't be written in the format, or the write would lose a part of the
	// existing text that it must keep. The file was not written.
	ErrEncode = kind("encoding failed", nil)
	// ErrTooLarge: the content is larger than WithMaxSize allows.
	ErrTooLarge = kind("the content is too large", nil)
)

// Failures of the path or of its filesystem.
var (
	// ErrUnsupportedEnvironment: a guarantee that the operation relies on can't be kept at this path.
	ErrUnsupportedEnvironment = kind("unsupported environment", nil)
	// ErrCrossDevice: a move between two filesystems, which can't be atomic.
	ErrCrossDevice = kind("source and destination are on different filesystems", nil)
	// ErrNotDurable: the change is visible, but the disk did not confirm it. It may be lost in a
	// crash of the machine. It is safe to repeat the call.
	// With package lockedfile/etcd it is not known whether the change was made: read the file before repeating the call.
	ErrNotDurable = kind("visible, but not confirmed to be durable", nil)
	// ErrSymlink: the path is or contains a symbolic link that WithSymlinks refuses, that loops, or
	// that kept changing during the call.
	ErrSymlink = kind("refused symbolic link", nil)
)

// Failures of a comparison with a checksum.
var (
	// ErrChecksumMismatch: the content does not have the recorded checksum.
	ErrChecksumMismatch = kind("checksum mismatch", nil)
	// ErrNoChecksum: the file has no checksum.
	ErrNoChecksum = kind("no checksum", nil)
)

// Error is the error of an operation of the library. Is and As look at both Kind and Err.
type Error struct {
	Op   string // what was tried: "read", "write", "append", …
	Path string // the file, as the caller named it
	Kind error  // a sentinel of this package; nil if none fits
	Err  error  // what happened
}

// Error gives a text such as "write app.yaml: no space left on device (the old content is intact)".
// If the path has characters that can't be printed, it is quoted as by strconv.Quote.
func (e *Error) Error() string {
	what := e.Err
	if what == nil {
		what = e.Kind
	}
	text := e.Op
	if e.Path != "" {
		text += " " + e.Path
	}
	if what != nil {
		text += ": " + short(what)
	}
	text += e.outcome()
	if printable(text) {
		return text
	}
	return visible(text, e.names())
}

// short shortens a system call's error: it removes the path and the operation, since the text has both
// already.
func short(err error) string {
	if mark, ok := err.(marked); ok {
		err = Unwrap(mark)
	}
	call, ok := err.(*fs.PathError)
	if !ok {
		return err.Error()
	}
	switch call.Op {
	case "open", "read", "write", "stat":
		return call.Err.Error()
	}
	return call.Op + ": " + call.Err.Error()
}

// outcome gives a text that the old content of the file is intact, if the failed change has left it so.
// It is empty if there was no file, if the new content is visible, or if the outcome is unknown.
func (e *Error) outcome() string {
	var known marked
	if As(e.Err, &known) && known.OldContentIntact() {
		return " (the old content is intact)"
	}
	return ""
}

// marked is an error that knows the outcome of a failed change.
type marked interface {
	error
	OldContentIntact() bool
}

// Unwrap gives Kind and Err, so that Is and As look at both.
func (e *Error) Unwrap() []error {
	var all []error
	if e.Kind != nil {
		all = append(all, e.Kind)
	}
	if e.Err != nil {
		all = append(all, e.Err)
	}
	return all
}

// Timeout reports whether the error is an [ErrTimeout], as the method of the same name of
// net.Error does.
func (e *Error) Timeout() bool { return Is(e, ErrTimeout) }
