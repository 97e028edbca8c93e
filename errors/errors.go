// Package errors is the error vocabulary of Holdfast, and everything of the
// standard package errors, so that a file needs to import only this one.
//
// Every failing operation of the library returns an *[Error], which says what
// was tried, on which path, and what kind of failure it was. Match with [Is],
// [As] and [AsType]; the text is for people and may change.
//
// An error that the user's own function returned inside a transaction is not
// wrapped: it comes back as it is.
//
// The sentinels form one small tree and several leaves:
//
//	ErrFile
//	├── ErrRead     a file could not be read, or what it holds not be understood
//	├── ErrWrite    a file could not be written
//	└── ErrAppend   a file could not be appended to
//
// A leaf such as [ErrDecode] is matched beside the branch: reading a damaged
// file is both ErrRead and ErrDecode.
package errors

import "io/fs"

// sentinel is an error known by its identity; parent is what it is a kind of.
type sentinel struct {
	text   string
	parent error
}

func (s *sentinel) Error() string { return s.text }

// Unwrap makes Is walk from a branch of the tree to its root.
func (s *sentinel) Unwrap() error { return s.parent }

func kind(text string, parent error) error { return &sentinel{text, parent} }

// The tree of file failures. Is(ErrRead, ErrFile) holds, likewise for the other two.
var (
	ErrFile   = kind("file operation failed", nil)
	ErrRead   = kind("reading failed", ErrFile)
	ErrWrite  = kind("writing failed", ErrFile)
	ErrAppend = kind("appending failed", ErrFile)
)

// What can go wrong around the lock, before anything was written.
var (
	// ErrTimeout: the wait for the lock took longer than allowed. See TimeoutError.
	ErrTimeout = kind("timed out waiting for the lock", nil)
	// ErrLocked: somebody else holds the lock, and the caller asked not to wait.
	ErrLocked = kind("the file is locked", nil)
	// ErrLock: the lock could not be operated at all.
	ErrLock = kind("the lock could not be taken", nil)
	// ErrLockLost: the lock was taken away by force while it was held; nothing was written
	// to the file.
	ErrLockLost = kind("the lock was lost", nil)
	// ErrChanged: somebody changed the file without taking the lock, after it
	// was read and before it was written. That change is left whole; read
	// again and retry. The file is looked at for the last time about 40 µs before
	// the rename that replaces it. A change in those 40 µs is not noticed and is
	// overwritten, because Linux has no rename that depends on what it replaces.
	ErrChanged = kind("the file was changed from outside", nil)
)

// What can be wrong with a format or the data in it.
var (
	// ErrUnknownFormat: no codec is registered for the file's extension.
	ErrUnknownFormat = kind("unknown format", nil)
	// ErrDecode: the content is no valid text of its format, or does not fit the type. See DecodeError.
	ErrDecode = kind("decoding failed", nil)
	// ErrEncode: the value can't be written in the format. Nothing was written.
	ErrEncode = kind("encoding failed", nil)
	// ErrTooLarge: the content is larger than WithMaxSize allows.
	ErrTooLarge = kind("the content is too large", nil)
)

// What the place of a file can refuse or fail to promise.
var (
	// ErrUnsupportedEnvironment: a guarantee that the operation relies on can't be kept at this path.
	ErrUnsupportedEnvironment = kind("unsupported environment", nil)
	// ErrCrossDevice: a move between two filesystems, which can't be atomic.
	ErrCrossDevice = kind("source and destination are on different filesystems", nil)
	// ErrNotDurable: the new content is visible (or the removal, or the new name), but
	// the disk did not confirm it. It may or may not survive a crash of the machine.
	// Writing again is safe.
	ErrNotDurable = kind("visible, but not confirmed to be durable", nil)
	// ErrSymlink: the path is, or leads through, a symbolic link that the
	// policy refuses, that loops, or that kept changing.
	ErrSymlink = kind("refused symbolic link", nil)
)

// What an integrity check can find.
var (
	// ErrChecksumMismatch: the content is not what the checksum was made of.
	ErrChecksumMismatch = kind("checksum mismatch", nil)
	// ErrNoChecksum: there is no checksum to compare with.
	ErrNoChecksum = kind("no checksum", nil)
)

// Error is what every operation of the library returns when it fails.
type Error struct {
	Op   string // what was tried: "read", "write", "append", …
	Path string // the file, as the caller named it
	Kind error  // a sentinel of this package; nil if none fits
	Err  error  // what happened
}

// Error reads like "write app.yaml: no space left on device (the old content is intact)".
// A path with characters that can't be printed is quoted as strconv.Quote does.
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

// short leaves out of a system call's error what the text says already: the
// path, and that it was about opening, reading or writing.
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

// outcome says that a failed change left the old content of its file as it was, where
// the part of the library that failed knows that. Where there was no file, or where
// the new content is visible, it says nothing.
func (e *Error) outcome() string {
	var known marked
	if As(e.Err, &known) && known.OldContentIntact() {
		return " (the old content is intact)"
	}
	return ""
}

// marked is an error that knows what a failed change left.
type marked interface {
	error
	OldContentIntact() bool
}

// Unwrap lets Is and As see both the kind and the cause.
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

// Timeout reports whether the operation failed because it waited too long: the
// question that net.Error asks.
func (e *Error) Timeout() bool { return Is(e, ErrTimeout) }
