// Package store is the seam between transactions and where their files live.
//
// The engine above decides who runs when and what is committed together; a
// [Store] can locate a file, lock it, load it with its version, and replace it
// or append to it in one durable step. [Disk] is the local filesystem. A store
// that many machines share can be another.
package store

import (
	"io"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Store finds and locks files. It is safe for concurrent use.
type Store interface {
	// Locate says which file a path means now. It takes no lock, and it changes
	// nothing but to make missing parents where the placement asks for that.
	Locate(p Placement) (Location, error)
	// Withdraw removes parents that Locate made, as far as nothing lies in them: it
	// is for a call that failed.
	Withdraw(made []string)
	// Admit fails as TryLock would before that takes a lock, and makes nothing. It is
	// for a call that takes several locks, so that it leaves none behind where
	// one of them would be refused.
	Admit(p Placement, at Location, o Options) error
	// Movable reports nil if a file at one location can be moved to the other, as far
	// as that can be told before either is locked.
	Movable(from, to Location) error
	// Read gives a file's content without a lock: rename has made it whole. It
	// creates nothing and waits for nobody.
	Read(p Placement, o ReadOptions) ([]byte, error)
	// Open is Read for content that need not fit into memory. The content is
	// of one version. With Verify what was read is checked at its end.
	Open(p Placement, o ReadOptions) (io.ReadCloser, error)
	// Sidecar reads what is recorded of a file's checksum, and says where, without
	// the lock.
	Sidecar(p Placement) (path string, side sidecar.Sidecar, err error)
	// TryLock locks a location's file, or fails with ErrLocked. Like Lock it
	// fails with ErrMoved if the placement means another file by now, and with
	// ErrUnsupportedEnvironment, before it has made anything, if the options
	// allow no change in this place, or if the options ask for a file that exists
	// and there is none.
	TryLock(p Placement, at Location, o Options) (Session, error)
	// Lock waits for the lock until done is closed, and then fails with ErrLocked.
	Lock(p Placement, at Location, o Options, done <-chan struct{}) (Session, error)
	// Holder says who holds the lock, for an error text; empty if unknown.
	Holder(p Placement, at Location) string
	// Inspect tells what is known of a lock. It changes nothing.
	Inspect(p Placement, at Location) (LockInfo, error)
	// Force takes the lock away from its holder, who can then commit no more.
	Force(p Placement, at Location) error
}

// Session is a file while its lock is held. It is not safe for concurrent use.
type Session interface {
	// Load reads the file.
	Load(o ReadOptions) (Content, error)
	// Exists reports whether there is a file.
	Exists() (bool, error)
	// Commit makes a change visible and durable, all or nothing.
	Commit(c Change, o Options) (Version, error)
	// Draft prepares a new content that need not fit into memory.
	Draft(o Options) (Draft, error)
	// MoveTo moves the file to the place of another one of the same store. To
	// itself changes nothing.
	MoveTo(to Session, o Options) error
	// Respell moves the file to another spelling of its name, for a location with
	// the key of the session's own. The same spelling changes nothing.
	Respell(as Location, o Options) error
	// Seal makes a checksum of the content that is there.
	Seal(o Options) error
	// Unseal takes the checksum away.
	Unseal(o Options) error
	// Check reports ErrLockLost if the lock was taken away by force. It is safe beside
	// a Commit.
	Check() error
	// Announce puts the holder's record into the lock, until Release. It is
	// safe beside a Commit.
	Announce()
	// Stale reports whether the last holder left its record, and so did not
	// come to its end.
	Stale() bool
	// Release frees the lock.
	Release() error
}

// Draft is a new content on its way. Commit or Abort ends it.
type Draft interface {
	io.Writer
	Commit() error
	Abort()
}

// ReadOptions say how much of a file is read, and whether its checksum must agree.
type ReadOptions struct {
	Max    int64 // more bytes are ErrTooLarge; 0 is no limit
	Verify bool  // ErrChecksumMismatch or ErrNoChecksum if it does not
	// Busy is asked while another program's lease keeps the file from being opened. Its
	// error ends the wait. Nil waits until the lease is given up or taken away.
	Busy func(waited time.Duration) error
}

// LockInfo is what is known of a lock.
type LockInfo struct {
	Path   string
	Held   bool
	Record *lock.Record // nil if there is none
}

// ErrMoved says that a path meant one file before the lock and another under it.
var ErrMoved = errors.New("the path means another file now")

// Placement is how a caller names a file and its lock.
type Placement struct {
	Path     string // absolute
	Symlinks Symlinks
	LockDir  string      // absolute; "" puts the lock beside the file
	Suffix   string      // makes a lock's name of the file's; "" is lock.Suffix
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

// Location is the file that a placement means.
type Location struct {
	Key  Key
	Lock string // which lock covers it: empty for the one beside the file
	// Made are the parents that Locate made, the outermost first.
	Made []string
	// Unsure says that another spelling of the name may be the same file, which can't
	// be told before its lock file is there. Then the Key is the spelling as it is.
	Unsure bool

	dir, name string    // the same as a path
	path      string    // of both
	target    *vfs.Info // what was there when it was located; nil if nothing
}

// Key tells files apart before they exist. Admission orders by it.
type Key struct {
	Dir  vfs.ID // the directory, after links
	Name string // in that directory, in one spelling for all that mean the same file
}

// Less orders keys, the same in every process.
func (k Key) Less(l Key) bool {
	if k.Dir.Dev != l.Dir.Dev {
		return k.Dir.Dev < l.Dir.Dev
	}
	if k.Dir.Ino != l.Dir.Ino {
		return k.Dir.Ino < l.Dir.Ino
	}
	return k.Name < l.Name
}

// Version is a store's own note of what a file was. Nil means not looked at.
type Version any

// Content is a loaded file.
type Content struct {
	Exists  bool
	Data    []byte // never changed by anybody
	Version Version
}

// Change is what a commit makes of a file.
type Change struct {
	Remove bool     // the file goes away; else
	Append bool     // Parts come after what is there; else they are the whole content
	Parts  [][]byte // in order
	Read   Version  // what the change was based on; nil if on nothing
}

// Options are how a commit is made. Changes go into one commit only if their
// options are the same.
type Options struct {
	Perm     fs.FileMode // of a new file, before the umask
	Metadata bool        // a replacement keeps owner, ACL, attributes and mode
	Checksum bool        // the file gets a checksum
	Bare     bool        // nothing but the lock is wanted; a change is judged when it comes
	Full     bool        // the change needs no space, so it is made on a full disk too
	Existing bool        // where there is no file, fs.ErrNotExist comes before the lock is made
	Policy   safety.Policy
}

// Same reports whether one commit may serve both.
func (o Options) Same(p Options) bool {
	return o.Perm == p.Perm && o.Metadata == p.Metadata && o.Checksum == p.Checksum && o.Policy.Same(p.Policy)
}

// Covers reports whether a commit with these options keeps whatever one with p
// would keep.
func (o Options) Covers(p Options) bool {
	return o.Perm == p.Perm && (o.Metadata || !p.Metadata) && (o.Checksum || !p.Checksum) && o.Policy.Covers(p.Policy)
}
