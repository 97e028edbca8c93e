// Package store is the seam between transactions and where their files live. It
// holds interfaces and values, and no code that touches a file.
//
// The engine above decides who runs when and what is committed together. A [Store]
// below can locate a file, lock it, load it with its version, and change it in one
// durable step. Package disk is the local filesystem; a store that many machines
// share can be another.
//
// A context bounds waiting: for a lock, or for another program that keeps a file
// from being opened. A change that was prepared is finished whatever its context says.
package store

import (
	"context"
	"io"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
)

// Store finds, reads and locks files. It is safe for concurrent use.
type Store interface {
	// Locate says which file a target means now. It takes no lock, and it changes
	// nothing but to make missing parents where the target asks for that.
	Locate(ctx context.Context, t Target) (Location, error)

	// Read gives a file's content without a lock. The content is of one version.
	// Read creates nothing and waits for no writer.
	Read(ctx context.Context, t Target, o ReadOptions) (Content, error)
	// Open is Read for content that need not fit into memory. With Verify the
	// checksum is compared at the end: a mismatch takes the place of io.EOF.
	Open(ctx context.Context, t Target, o ReadOptions) (Stream, error)
	// Checksum reads what is recorded of a file's checksum, without the lock. It is
	// ErrNoChecksum if nothing is.
	Checksum(ctx context.Context, t Target) (Checksum, error)

	// Watch begins to notice changes of the file that a target means, whoever makes
	// them. A change after it returned is not missed. With Verify, changes of the recorded
	// checksum count too. log is told if changes will be noticed later than usual. The
	// caller must call Close.
	Watch(ctx context.Context, t Target, o ReadOptions, log *safety.Log) (Watch, error)

	// Backups lists the backups of a file without its lock, the newest first.
	Backups(ctx context.Context, t Target) ([]Backup, error)
	// ReadBackup is Read for the backup of that number. The error is ErrNotExist if there is none, and
	// ErrInvalid if b has the path of another file's backup.
	ReadBackup(ctx context.Context, t Target, b Backup, o ReadOptions) (Content, error)

	// TryLock locks the file at a location, or fails with ErrLocked. Nil means that
	// the session holds the lock until its Release. An error leaves no lock:
	//   - ErrMoved: the target means another file by now; locate it again.
	//   - ErrUnsupportedEnvironment: the options allow no change in this place.
	//     Nothing was made.
	//   - ErrNotExist: the options ask for a file that exists, and there is none.
	//     Nothing was made.
	TryLock(ctx context.Context, t Target, at Location, o Options) (Session, error)
	// Lock is TryLock, but waits for the lock until the context ends. Then it fails
	// with ErrLocked.
	Lock(ctx context.Context, t Target, at Location, o Options) (Session, error)
	// Admit fails as TryLock would before it takes the lock, and makes nothing. It is
	// for a call that takes several locks, so that it leaves none behind where one of
	// them would be refused.
	Admit(ctx context.Context, t Target, at Location, o Options) error
	// Movable fails if a file at one location can't be moved to the other, as far as
	// that can be told before either is locked.
	Movable(ctx context.Context, from, to Location) error

	// Holder says who holds the lock, for an error text; empty if unknown.
	Holder(ctx context.Context, t Target, at Location) string
	// Inspect tells what is known of a lock. It changes nothing.
	Inspect(ctx context.Context, t Target, at Location) (LockInfo, error)
	// Force takes the lock away from its holder. Nil means that the holder can publish
	// no change any more. Where nobody holds the lock it changes nothing.
	Force(ctx context.Context, t Target, at Location) error
}

// Session is a file while its lock is held. It is not safe for concurrent use, except
// for the methods that say so.
type Session interface {
	// Load reads the file. Without a file the content says so, and has a version too.
	Load(ctx context.Context, o ReadOptions) (Content, error)
	// Exists reports whether there is a file.
	Exists(ctx context.Context) (bool, error)
	// Prepare does all of a change that can fail early: the new content is complete
	// and durable, and not visible. The caller must call Publish, Abort or both.
	Prepare(ctx context.Context, c Change, o Options) (Prepared, error)
	// MoveTo moves the file to the place of the file of another session of the same
	// store. A move to itself changes nothing.
	MoveTo(ctx context.Context, to Session, o Options) error
	// Respell moves the file to another spelling of its name, for a location with
	// the key of the session's own. The same spelling changes nothing.
	Respell(ctx context.Context, as Location, o Options) error
	// Seal records the checksum of the content that is there.
	Seal(ctx context.Context, o Options) error
	// Unseal removes the record of the checksum. It is ErrNotExist if there is none.
	Unseal(ctx context.Context, o Options) error
	// Check reports ErrLockLost if the lock was taken away by force. It is safe beside
	// a Prepare or a Publish.
	Check(ctx context.Context) error
	// Announce lets others read who holds the lock, until Release. It is safe beside a
	// Prepare or a Publish.
	Announce(ctx context.Context)
	// Stale reports whether the last holder did not come to its end.
	Stale() bool
	// Release frees the lock.
	Release(ctx context.Context) error
}

// Prepared is a change that is ready to become visible.
type Prepared interface {
	// Write adds to the content of a change that is a stream.
	io.Writer
	// Publish makes the change visible and durable, all or nothing, and gives the
	// file's new version. It first makes sure that the lock is still held and that
	// the file is still the version that the change was based on. Then it calls guard,
	// unless that is nil; guard's error stops the change. An error leaves the old
	// content:
	//   - ErrLockLost: the lock was taken away.
	//   - ErrChanged: somebody without the lock changed the file. That change is whole.
	// The exception is ErrNotDurable: the change is visible, and a crash may take it
	// back. Publish may be called once.
	Publish(ctx context.Context, guard func() error) (Version, error)
	// Abort gives up what was not published. After Publish it frees what the change has
	// replaced, which may take long; then it is safe beside the session's other calls.
	// A second Abort does nothing.
	Abort()
}

// Watch notices changes of one file. It is for one goroutine.
type Watch interface {
	// Wait returns nil when the file may have changed since the Watch was made or since the last
	// Wait returned nil. Changes that follow each other closely may be noticed as one. A file
	// that is rewritten in place, where that can be told, is noticed when the
	// writer has finished, or has paused. The error is the context's.
	Wait(ctx context.Context) error
	// Settled reports false if content that was just read may be half written. Then the next Wait
	// returns when the writer has finished.
	Settled() bool
	// Close ends the watch. Nothing of it is left when Close returns.
	Close()
}

// ErrMoved says that a target meant one file before the lock and another under it.
var ErrMoved = errors.New("the path means another file now")

// ErrBusy is an ErrLocked: another program keeps the file from being opened for now.
var ErrBusy error = busy{}

type busy struct{}

func (busy) Error() string { return "another program keeps the file from being opened" }
func (busy) Unwrap() error { return errors.ErrLocked }

// Target is how a caller names a file and its lock. Targets can be compared.
type Target struct {
	Path     string // absolute
	Symlinks Symlinks
	LockDir  string      // absolute; "" puts the lock beside the file
	Suffix   string      // makes a lock's name of the file's; "" is the usual one
	NoLock   bool        // no lock between processes
	Parents  fs.FileMode // permission bits for missing parents; 0 makes none
	Perm     fs.FileMode // permission bits of a new file, before the umask
}

// Symlinks says what to do when the last element of a path is a symbolic link.
// Links before it are always followed.
type Symlinks uint8

const (
	// Follow works on what the link leads to; a dangling link's target is made.
	Follow Symlinks = iota
	// Refuse fails with ErrSymlink.
	Refuse
	// Replace puts a regular file in the link's place.
	Replace
)

// Location is the file that a target means.
type Location struct {
	Key  Key
	Lock string // tells the locks by which one file can be locked apart
	// Unsure says that another spelling of the name may be the same file, which can't
	// be told before its lock was taken once. Then the Key has the spelling as it is.
	Unsure bool
	// Undo takes back what Locate has made, as far as nobody uses it. It is for a call
	// that failed. Nil if nothing was made.
	Undo func()
	// Detail is the store's own.
	Detail any
}

// Key tells files apart before they exist.
type Key struct {
	Space [2]uint64 // what holds the file and others, as a directory does
	Name  string    // in the space, in one spelling for all that mean the same file
}

// Less orders keys, the same in every process. Several locks are taken in this order.
func (k Key) Less(l Key) bool {
	for i := range k.Space {
		if k.Space[i] != l.Space[i] {
			return k.Space[i] < l.Space[i]
		}
	}
	return k.Name < l.Name
}

// Version tells one content of a file from another. Versions of one store can be compared.
// Nil means that nobody has looked.
type Version any

// Content is a loaded file.
type Content struct {
	Exists  bool
	Data    []byte // never changed by anybody
	Version Version
}

// Stream is a file that is being read.
type Stream struct {
	io.ReadCloser
	Version Version // of the content that the stream gives
}

// ReadOptions say how much of a file is read, and whether its checksum must agree.
type ReadOptions struct {
	Max    int64 // more bytes are ErrTooLarge; 0 is no limit
	Verify bool  // ErrChecksumMismatch or ErrNoChecksum if it does not
	// Wait bounds the wait for another program that keeps the file from being opened;
	// then the error is ErrBusy. Zero leaves it to the store, and NoWait waits not at all.
	Wait time.Duration
}

// NoWait is a ReadOptions.Wait.
const NoWait time.Duration = -1

// Change is what becomes of a file.
type Change struct {
	Remove bool     // the file goes away; else
	Append bool     // Parts come after what is there; else they are the whole content
	Parts  [][]byte // in order
	Stream bool     // the content is not in Parts, but written to the Prepared
	Read   Version  // the version that the change is based on; nil if it is based on none
}

// Options are how a change is made. Changes are committed together only if their
// options are the same.
type Options struct {
	Perm     fs.FileMode // of a new file, before the umask
	Metadata bool        // a replacement keeps owner, ACL, attributes and mode
	Checksum bool        // the file gets a checksum
	Backups  int         // the newest of its old contents that are kept; 0 keeps no further one
	Bare     bool        // nothing but the lock is wanted; a change is judged when it comes
	Full     bool        // the change needs no space, so it is made on a full disk too
	Existing bool        // where there is no file, ErrNotExist comes before the lock is made
	Policy   safety.Policy
	// Timeout is how long the caller waits for the lock. A store that must ask another
	// machine waits no longer than this for an answer before it has the lock. It is not positive if the caller sets no
	// such limit. It makes no difference to a commit.
	Timeout time.Duration
}

// Same reports whether one commit may serve both.
func (o Options) Same(p Options) bool {
	return o.Perm == p.Perm && o.Metadata == p.Metadata && o.Checksum == p.Checksum && o.Backups == p.Backups &&
		o.Policy.Same(p.Policy)
}

// Covers reports whether a commit with these options keeps whatever one with p
// would keep.
func (o Options) Covers(p Options) bool {
	return o.Perm == p.Perm && (o.Metadata || !p.Metadata) && (o.Checksum || !p.Checksum) && o.Backups >= p.Backups &&
		o.Policy.Covers(p.Policy)
}

// Backup is an older content of a file.
type Backup struct {
	Number int       // grows with each backup of the file
	Time   time.Time // when the content was last changed
	Size   int64     // of the content, in bytes
	Path   string    // where the store keeps it
}

// Checksum is what is recorded of a file's checksum. Digests are lower-case hex.
type Checksum struct {
	Path     string // where it is recorded
	Digest   string
	Previous []string // of older content, which is right too while a write is under way
}

// LockInfo is what is known of a lock.
type LockInfo struct {
	Path   string
	Held   bool
	Record *Record // nil if there is none
}

// Record is what a holder has written of itself.
type Record struct {
	PID   int
	Host  string // fit to be printed
	Since time.Time
}
