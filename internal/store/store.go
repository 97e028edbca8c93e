// Package store is the interface between transactions and the storage of their files. It
// holds interfaces and values, and no code that touches a file.
//
// The engine decides which function runs when, and which changes are committed together. A [Store]
// locates a file, locks it, loads it with its version, and changes it in one
// durable step. Package disk implements it for the local filesystem. A store that several machines
// share is another implementation.
//
// A context can end only a wait: for a lock, or for another program that keeps a file
// from being opened. A prepared change is finished even if its context has ended.
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
	// Locate finds the file that a target means now. It takes no lock, and changes
	// nothing, with one exception: it makes missing parents if the target asks for that.
	Locate(ctx context.Context, t Target) (Location, error)

	// Read gives a file's content without a lock. The content is of one version.
	// Read creates nothing and waits for no writer.
	Read(ctx context.Context, t Target, o ReadOptions) (Content, error)
	// Open is Read for content that need not fit into memory. With Verify the
	// checksum is compared at the end: a mismatch is returned instead of io.EOF.
	Open(ctx context.Context, t Target, o ReadOptions) (Stream, error)
	// Checksum reads the recorded checksum of a file, without the lock. It is
	// ErrNoChecksum if there is none.
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
	//   - ErrMoved: the target means another file now; locate it again.
	//   - ErrUnsupportedEnvironment: the options allow no change at this location.
	//     Nothing was made.
	//   - ErrNotExist: the options ask for a file that exists, and there is none.
	//     Nothing was made.
	TryLock(ctx context.Context, t Target, at Location, o Options) (Session, error)
	// Lock is TryLock, but waits for the lock until the context ends. Then it fails
	// with ErrLocked.
	Lock(ctx context.Context, t Target, at Location, o Options) (Session, error)
	// PublishAll makes several changes visible and durable, all or none. Each is of another session of the store,
	// whose lock is held, in the order of the locks. guard is called right before the change can't be taken back any more;
	// its error stops the change. An error gives the index of the change that failed, and leaves the old
	// contents, as for [Prepared.Publish]. The exception is ErrNotDurable: the changes, or some of them, are visible, and
	// the next session of one of the files completes them. Readers may see the changes one after the other.
	PublishAll(ctx context.Context, all []Prepared, guard func() error) (failed int, err error)
	// Admit makes the checks that TryLock makes before it takes the lock, and makes no file. It is
	// for a call that takes several locks: if one of them would be refused, it takes none.
	Admit(ctx context.Context, t Target, at Location, o Options) error
	// Movable returns an error if it is certain, before both locations are locked, that a file can't
	// be moved from one to the other.
	Movable(ctx context.Context, from, to Location) error

	// Holder names the holder of the lock, for an error text; empty if unknown.
	Holder(ctx context.Context, t Target, at Location) string
	// Inspect describes a lock. It changes nothing.
	Inspect(ctx context.Context, t Target, at Location) (LockInfo, error)
	// Force takes the lock away from its holder. Nil means that the holder can publish
	// no change any more. If the lock is free it changes nothing.
	Force(ctx context.Context, t Target, at Location) error
}

// InOrder is implemented by a store that gives a lock to its waiters in the order in which they came. Nobody need leave
// such a lock free for a moment so that a waiter gets it.
type InOrder interface{ InOrder() }

// Session is a file while its lock is held. It is not safe for concurrent use, except
// for the methods that say so.
type Session interface {
	// Load reads the file. If there is no file, Exists of the content is false. It has a version too.
	Load(ctx context.Context, o ReadOptions) (Content, error)
	// Exists reports whether there is a file.
	Exists(ctx context.Context) (bool, error)
	// Prepare does everything that can fail before a change becomes visible: the new content is
	// complete and durable, and not visible. The caller must call Publish, Abort or both.
	Prepare(ctx context.Context, c Change, o Options) (Prepared, error)
	// MoveTo renames the file to the name of the file of another session of the same
	// store, which it replaces. A move to itself changes nothing.
	MoveTo(ctx context.Context, to Session, o Options) error
	// Respell renames the file to another spelling of its name. The location as must have
	// the session's own key. The same spelling changes nothing.
	Respell(ctx context.Context, as Location, o Options) error
	// Seal records the checksum of the current content.
	Seal(ctx context.Context, o Options) error
	// Unseal removes the record of the checksum. It is ErrNotExist if there is none.
	Unseal(ctx context.Context, o Options) error
	// Check returns ErrLockLost if the lock was taken away by force. It may be called
	// during a Prepare or a Publish.
	Check(ctx context.Context) error
	// Announce records the holder of the lock for other processes, until Release. It may be called
	// during a Prepare or a Publish.
	Announce(ctx context.Context)
	// Recover completes the changes of PublishAll that were cut off in the place of the file. A
	// session of a file that such a change waits for does that too; Recover also reports what is of no
	// concern for the file itself.
	Recover(ctx context.Context, policy safety.Policy) error
	// Stale reports whether the last holder died while it held the lock.
	Stale() bool
	// Release frees the lock.
	Release(ctx context.Context) error
}

// Prepared is a change that is ready to become visible.
type Prepared interface {
	// Write adds to the content of a change that is a stream.
	io.Writer
	// Publish makes the change visible and durable, all or nothing, and gives the
	// file's new version. First it checks that the lock is still held, and that
	// the file is still the version that the change was based on. Then it calls guard,
	// if that is not nil; guard's error stops the change. After an error the file has its old
	// content:
	//   - ErrLockLost: the lock was taken away.
	//   - ErrChanged: another program changed the file without the lock. Its change stays.
	// The exception is ErrNotDurable: the change is visible, and may be lost in a
	// crash. Publish may be called once.
	Publish(ctx context.Context, guard func() error) (Version, error)
	// Abort throws away a change that was not published. After Publish it frees the replaced content.
	// This may take long, and may run during other calls of the session. A second Abort does nothing.
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

// ErrMoved means that a target meant one file before the lock was taken, and another one after.
var ErrMoved = errors.New("the path means another file now")

// ErrBusy is an ErrLocked: another program keeps the file from being opened.
var ErrBusy error = busy{}

type busy struct{}

func (busy) Error() string { return "another program keeps the file from being opened" }
func (busy) Unwrap() error { return errors.ErrLocked }

// Target names a file and its lock, as the caller does. Targets can be compared.
type Target struct {
	Path     string // absolute
	Symlinks Symlinks
	LockDir  string      // absolute; "" puts the lock beside the file
	Suffix   string      // makes the lock's name of the file's; "" is the default
	NoLock   bool        // no lock between processes
	Parents  fs.FileMode // permission bits for missing parents; 0 makes none
	Perm     fs.FileMode // permission bits of a new file, before the umask
}

// Symlinks says what a call does if the last element of its path is a symbolic link.
// Links before it are always followed.
type Symlinks uint8

const (
	// Follow works on the file that the link leads to. A write makes the target of a dangling link.
	Follow Symlinks = iota
	// Refuse fails with ErrSymlink.
	Refuse
	// Replace makes a write replace the link by a regular file.
	Replace
)

// Location is the file that a target means.
type Location struct {
	Key  Key
	Lock string // identifies the lock, since a file can have several
	// Unsure says that another spelling of the name may be the same file, and that this is unknown
	// until the lock was taken once. Until then the Key has the spelling of the path.
	Unsure bool
	// Undo removes the parents that Locate has made, if they are empty. It is for a call
	// that failed. It is nil if Locate has made none.
	Undo func()
	// Detail belongs to the store.
	Detail any
}

// Key identifies a file, even before it exists.
type Key struct {
	Space [2]uint64 // identifies the container of the file, such as its directory
	Name  string    // in the space, in one spelling for all spellings of the same file
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

// Version identifies one content of a file. Versions of one store can be compared. Nil means that the
// version is unknown.
type Version any

// Content is a loaded file.
type Content struct {
	Exists  bool
	Data    []byte // must not be changed
	Version Version
}

// Stream is a file that is being read.
type Stream struct {
	io.ReadCloser
	Version Version // of the content that the stream gives
}

// ReadOptions limit the size and the wait of a read, and say whether the checksum is compared.
type ReadOptions struct {
	Max    int64 // a larger file is ErrTooLarge; 0 means no limit
	Verify bool  // the checksum is compared; the error is ErrChecksumMismatch or ErrNoChecksum
	// Wait limits the wait for another program that keeps the file from being opened. When
	// it is over, the error is ErrBusy. Zero means the store's own limit; NoWait means no wait.
	Wait time.Duration
}

// NoWait is a ReadOptions.Wait.
const NoWait time.Duration = -1

// Change is a change of a file.
type Change struct {
	Remove bool     // the file is removed
	Append bool     // Parts are added to the end; otherwise they are the whole content
	Parts  [][]byte // in order
	Stream bool     // the content is written to the Prepared, not in Parts
	Read   Version  // the version that the change is based on; nil if none
	// Restores is the number of the backup whose content this is, or 0. If there is no file, the new one may be opened by no
	// more users than the backup.
	Restores int
}

// Options are how a change is made. Changes are committed together only if their
// options are the same.
type Options struct {
	Perm     fs.FileMode // of a new file, before the umask
	Metadata bool        // a replacement keeps owner, ACL, attributes and mode
	Checksum bool        // the file gets a checksum
	Backups  int         // the newest of its old contents that are kept; 0 keeps no further one
	Bare     bool        // only the lock is needed; a later change is checked when it comes
	Full     bool        // the change needs no space, so it must work on a full disk
	Existing bool        // if there is no file, the error is ErrNotExist before a lock is made
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

// Covers reports whether a commit with these options keeps everything that a commit with p keeps.
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

// Checksum is the recorded checksum of a file. Digests are lower-case hex.
type Checksum struct {
	Path     string // the file that holds the record
	Digest   string
	Previous []string // digests of older content, which is valid too while a write is under way
}

// LockInfo describes a lock.
type LockInfo struct {
	Path   string
	Held   bool
	Record *Record // nil if there is none
	// Pending is where a change of several files is recorded that was not completed for the file; empty if there is none.
	Pending string
}

// Record is the text that a holder has written about itself.
type Record struct {
	PID   int
	Host  string // safe to print
	Since time.Time
}
