// Package vfs is the set of filesystem verbs that every protocol of the library uses. No other package calls the
// operating system for a data file. So a test can use a faulty or a simulated disk instead.
//
// A [Dir] is an open directory. Where the platform has the *at calls, its operations use its descriptor. So
// an operation stays in the directory even if a parent is renamed or a link is changed meanwhile.
//
// Every verb retries EINTR and reports a failure as *[fs.PathError]. Names
// given to a Dir are single path elements.
//
// The Linux verbs are tested on Linux. The verbs for macOS, the BSDs and Windows
// are compiled by the gate and were never run.
package vfs

import (
	"io"
	"io/fs"
)

// FS opens things by path.
type FS interface {
	// OpenDir opens a directory, following links.
	OpenDir(path string) (Dir, error)
	// Open opens a file for reading. It does not wait for the writer of a FIFO, and does not make a terminal the
	// controlling one. If follow is false, a path that ends in a symbolic link is an error.
	Open(path string, follow bool) (File, error)
	// Stat describes the file at path. It follows links only if follow is set.
	Stat(path string, follow bool) (Info, error)
	// Volume gives the filesystem of path; info is what Stat gave for it. It follows links and needs no
	// permission to read.
	Volume(path string, info Info) (Volume, error)
	// Readlink gives the text of a symbolic link.
	Readlink(path string) (string, error)
	// Mkdir makes one directory.
	Mkdir(path string, perm fs.FileMode) error
	// Rmdir removes a directory that is empty.
	Rmdir(path string) error
	// Notifier makes something that reports changes. It is errors.ErrUnsupported on systems without inotify(7).
	Notifier() (Notifier, error)
}

// Dir is an open directory. An entry that is a symbolic link is not followed.
type Dir interface {
	// Path is the path that the directory was opened with.
	Path() string
	// Self describes the directory.
	Self() (Info, error)
	// Stat describes an entry.
	Stat(name string) (Info, error)
	// Volume gives the filesystem of an entry; info is what Stat gave for it. For an empty name it gives the
	// filesystem of the directory, and info is what Self gave.
	Volume(name string, info Info) (Volume, error)
	// Lock opens an entry, or the directory itself as ".", and takes flock(2) on it. A nil
	// Lock without an error means that another process or call holds the lock. Lock uses the
	// directory's path, since gofrs/flock needs a path. So it works on a closed Dir too.
	Lock(name string, mode LockMode) (Lock, error)
	// Same reports whether the entry is the file that is locked.
	Same(name string, l Lock) (bool, error)
	// Open opens an entry for reading, as [FS.Open] does.
	Open(name string) (File, error)
	// OpenRecord opens an entry for reading and writing in place.
	OpenRecord(name string) (File, error)
	// Create makes a new file, which must not exist, readable and writable.
	Create(name string, perm fs.FileMode) (File, error)
	// Writable returns nil if the effective user may write the entry.
	Writable(name string) error
	// Rename moves an entry to another directory. An entry of the new name is replaced.
	Rename(name string, to Dir, newName string) error
	// Link gives an entry a second name in the directory, a hard link. The new name must not exist. A symbolic
	// link is not followed.
	Link(name, newName string) error
	// Remove unlinks an entry that is no directory.
	Remove(name string) error
	// Names lists the entries, unordered.
	Names() ([]string, error)
	// Sync makes the directory's entries durable. On some filesystems it returns nil although the filesystem has
	// stopped, so Confirm must follow.
	Sync() error
	// Confirm returns an error if the filesystem has stopped, so that an earlier Sync may have done nothing.
	Confirm() error
	Close() error
}

// SyncDir makes the entries of a directory durable, and returns an error if they may be lost.
func SyncDir(d Dir) error {
	if err := d.Sync(); err != nil {
		return err
	}
	return d.Confirm()
}

// File is an open file.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	Stat() (Info, error)
	// Chmod sets permission, set-id and sticky bits.
	Chmod(mode fs.FileMode) error
	Chown(uid, gid uint32) error
	// Attrs lists the names of the extended attributes, ACLs among them. The list is empty if
	// the filesystem has no extended attributes.
	Attrs() ([]string, error)
	// Attr reads an extended attribute. A missing attribute is fs.ErrNotExist.
	Attr(name string) ([]byte, error)
	SetAttr(name string, value []byte) error
	// RemoveAttr removes an attribute. A missing attribute is no error.
	RemoveAttr(name string) error
	// CloneFrom appends the first size bytes of src to this file. If the filesystem can, the kernel shares the blocks
	// or copies them. On Linux holes stay holes. The position of src may move.
	CloneFrom(src File, size int64) error
	// SetMtime sets the time of the last change of the content, in nanoseconds since 1970.
	// A filesystem may round it down. The next write sets it again.
	SetMtime(ns int64) error
	// Truncate cuts the file to size bytes, or extends it by zeros.
	Truncate(size int64) error
	// Sync makes content and metadata durable.
	Sync() error
	Close() error
}

// ID identifies a file as long as it exists.
type ID struct{ Dev, Ino uint64 }

// Info is the description of a file that one system call gives.
type Info struct {
	ID
	Mode     fs.FileMode // type and permission bits
	UID, GID uint32
	Links    uint64
	Size     int64 // bytes
	Mtime    int64 // nanoseconds since 1970
	Ctime    int64 // nanoseconds since 1970; 0 if the platform has none
	Birth    int64 // creation time, in nanoseconds since 1970; 0 if unknown
	Mount    Mount
}

// Mount describes the file's mount. The same system call gives it, if the kernel can.
type Mount struct {
	ID        MountID
	Root      bool // the file is itself a mount point
	Immutable bool // the file can't be changed, renamed or replaced
	Append    bool // the file can only be appended to

	RootUnknown bool // it is unknown whether the file is a mount point; Root is false
}

// MountID identifies a mount. The zero MountID is none.
type MountID struct {
	Number uint64
	Unique bool // never given to another mount until the machine restarts
}

// OS is the operating system's filesystem.
var OS FS = osFS{}
