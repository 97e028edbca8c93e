// Package safefile keeps a file that a program must not lose.
//
// A [SafeFile] is made once for a file and used from anywhere:
//
//	settings := safefile.New[Config]("app.yaml")
//	config, err := settings.Read()
//	err = settings.Write(config)
//
// It keeps four promises, each of which package guarantee can be asked about:
//
//   - AtomicVisibility: whoever reads the file, with this library or without,
//     sees the old content or the new, never a part or a mixture.
//   - CrashDurability: when a call that changes the file has returned nil, the
//     change survives a crash of the program, the system or the power.
//   - WriterExclusion: writers that use this library, or take flock(2) on
//     PATH.lock themselves, never lose each other's changes; [SafeFile.Merge]
//     and [SafeFile.Append] read and write under one lock.
//   - IntegrityDetection: bytes that nobody wrote are noticed, with checksums.
//
// An error means that the old content is there, whole, and that nothing else
// was left behind. The one exception is [errors.ErrNotDurable].
//
// # Where it weakens
//
// Locks are advisory: an editor does not take them. What it saves is never
// torn, but a change that is written without being read first goes over it.
//
// A replaced file is a new file: a hard link's twin keeps the old content, and
// a program that holds the old file open goes on reading that.
//
// The new file keeps of the old one:
//   - the permission bits, and the set-user-ID, set-group-ID and sticky bits
//   - owner and group
//   - the POSIX access ACL
//   - every other extended attribute that the process can list, security labels among them
//
// It does not keep:
//   - security.capability: a capability was given to the old content; os.WriteFile drops it too
//   - security.ima, security.evm and trusted.overlay.*, which describe the old content or inode
//   - the flags of chattr(1) and the project id, which are those of a new file in the directory
//   - times, the inode number and further hard links
//   - on other systems than Linux: ACLs and extended attributes; on Windows the owner too
//
// If something of the first list can't be kept, [Strict] refuses the write, unless
// it is a group by whose loss nobody loses access. The other levels report it, and
// give nobody more access than the old file did. In a user namespace an owner without a mapping
// can't be kept.
//
// Where a guarantee that a call relies on can't be kept, as on a network
// filesystem, the call fails with [errors.ErrUnsupportedEnvironment] before it has
// changed anything; reads do not. [WithSafety] accepts less.
//
// A single file that is mounted, as into a container, can't be replaced. With [WithSafety] it is
// rewritten in place; better mount its directory. Meanwhile a copy of the old content lies beside the
// file, in .holdfast-HASH-INODE.copy, and stands for it:
//   - Readers that use this library at the same path read the copy, and so see one content or
//     the other. Other programs may see a mixture.
//   - After a crash the next write puts the copy back.
//   - A copy is trusted only if it belongs to the file's owner, to root or to the process's own user.
//   - If the file was changed after the crash, that change stays. The copy gets a name that
//     ends in .aside, and the logger is told. A change within two seconds of the crash, or one that
//     sets the file's time back, as cp -p does, can't be told from the write that was cut off.
//   - Where the directory can't be written, lock and copy need [WithLockDir], for readers too.
//   - If the copy lies on another filesystem than the file, a crash of the machine may take the copy, and
//     the logger is told. If it could not be synced there, the write is refused.
//
// The promises are those of Linux on ext4, xfs and btrfs. tmpfs keeps them for
// the life of the machine. Other systems are compiled by the gate and were
// never run.
//
// To read, think and write under one lock, see package lockedfile.
package safefile

import (
	"context"

	"github.com/holdfast-go/holdfast/internal/handle"
)

// background is for the calls that no context can end; a timeout still can.
var background = context.Background()

// SafeFile is a file whose content is a T. It holds nothing open, so there is
// no Close. All methods are safe for concurrent use.
//
// A method that fails returns an *[errors.Error].
type SafeFile[T any] struct {
	file *handle.File[T]
}

// New makes the handle of a file, which does not have to exist. It touches
// nothing and never fails: what is wrong with the arguments is returned by every
// call. A relative path is made absolute at once, so a later chdir moves
// nothing.
//
// The codec is found by the path's extension; see package registry.
func New[T any](path string, opts ...Option) *SafeFile[T] {
	return &SafeFile[T]{handle.New[T](path, handle.Collect(opts))}
}

// handle is what every method works on. That of a zero SafeFile fails.
func (f *SafeFile[T]) handle() *handle.File[T] {
	if f == nil || f.file == nil {
		return handle.Unmade[T]("safefile.New")
	}
	return f.file
}

// Path is the file's absolute path.
func (f *SafeFile[T]) Path() string { return f.handle().Path() }

// Read decodes the file. It takes no lock, creates nothing and never waits, so
// it works on a read-only mount and on files of other users.
//
// A missing file is [fs.ErrNotExist]; what can't be decoded is ErrDecode, and
// ErrTooLarge what is over the limit of [WithMaxSize].
func (f *SafeFile[T]) Read() (T, error) { return f.handle().Read() }

// ReadOr is [SafeFile.Read], but gives def if there is no file. A file that is
// damaged is still an error: what a person could repair must not be taken for
// nothing.
func (f *SafeFile[T]) ReadOr(def T) (T, error) { return f.handle().ReadOr(def) }

// Write makes v the file's content, and returns nil when it is durable. It
// makes the file if there is none; an existing one keeps its permissions,
// owner, ACL and attributes, and is replaced even if it is damaged.
//
// A value that can't be encoded is ErrEncode, before anything was touched. A
// write that would change no byte replaces nothing.
func (f *SafeFile[T]) Write(v T) error { return f.handle().Write(background, v) }

// Merge reads the file and writes it with patch put over it, under one lock: the
// keys of a map over those of the file, the elements of a slice after those of
// the file. A T of any other kind is ErrEncode. A missing file is taken for
// empty; one that can't be decoded is ErrDecode and left as it is.
func (f *SafeFile[T]) Merge(patch T) error { return f.handle().Merge(background, patch) }

// Append puts text at the end of the file, which is made if there is none.
// Readers see all of the text or none of it. It needs no codec.
func (f *SafeFile[T]) Append(text string) error { return f.handle().Append(background, text) }

// ReadBytes gives the content as it is. It needs no codec, and has no limit
// unless [WithMaxSize] sets one. Like [SafeFile.Read] it takes no lock.
func (f *SafeFile[T]) ReadBytes() ([]byte, error) { return f.handle().ReadBytes() }

// WriteBytes makes data the file's content as [SafeFile.Write] does. It needs no
// codec, and data may be used again afterwards.
func (f *SafeFile[T]) WriteBytes(data []byte) error { return f.handle().WriteBytes(background, data) }

// Remove takes the file away, and returns nil when that is durable. A missing
// file is [fs.ErrNotExist], and then no lock file is made. The lock file stays, since
// somebody may be waiting for it. On a disk that is too full for a lock file the
// directory is locked instead; a program that makes the lock file without sharing that
// lock, as Python's filelock does, is noticed right before the file goes.
func (f *SafeFile[T]) Remove() error { return f.handle().Remove(background) }

// Verify reads the file and compares it with its checksum, whether or not the
// handle was made [WithChecksum]. It returns nil, ErrChecksumMismatch or
// ErrNoChecksum, or why the file could not be read. It needs little memory
// however large the file is, and no lock.
func (f *SafeFile[T]) Verify() error { return f.handle().Verify(background) }

// Open opens the file for reading as a stream. The Reader stays with the version
// that it opened, whatever replaces it meanwhile. Like [SafeFile.Read] it takes no
// lock, and under [WithChecksum] it reports damage at the end of the content.
func (f *SafeFile[T]) Open() (*Reader, error) {
	r, err := f.handle().Open(background)
	return (*Reader)(r), err
}

// Create begins a new content as a stream. It takes the lock, so other writers
// wait until the Writer is committed or closed; readers see the old content
// until it is committed.
//
//	w, err := f.Create()
//	if err != nil {
//		return err
//	}
//	defer w.Close()
//	if _, err := io.Copy(w, source); err != nil {
//		return err
//	}
//	return w.Commit()
func (f *SafeFile[T]) Create() (*Writer, error) {
	w, err := f.handle().Create(background)
	return (*Writer)(w), err
}

// WriteFile is [os.WriteFile] with the promises of a [SafeFile]. A new file has
// the permissions 0666, cut by the umask, unless [WithMode] says otherwise.
//
// What it leaves, and where it fails, is what os.WriteFile does, but that a
// replacement is a new file: the directory must allow for listing and changing
// it, a file that may be written and not read is refused since its attributes
// can't be kept (see [WithSafety] and [WithoutMetadata]), as is one of another
// user, and a set-id bit stays.
func WriteFile(path string, data []byte, opts ...Option) error {
	return New[[]byte](path, opts...).WriteBytes(data)
}

// ReadFile is [os.ReadFile] that refuses what is no regular file instead of
// waiting for it.
func ReadFile(path string, opts ...Option) ([]byte, error) {
	return New[[]byte](path, opts...).ReadBytes()
}

// Move renames src to dst, replacing what is there, and returns nil when that is
// durable. It takes both locks, in the same order as everybody else, and takes
// the checksum along. It never copies: a dst on another filesystem is
// ErrCrossDevice. A missing src is [fs.ErrNotExist]. After an error the file is
// at src, but for [errors.ErrNotDurable].
//
// The options are those of both files. A symbolic link is followed at either
// end, unless [WithSymlinks] says otherwise.
func Move(src, dst string, opts ...Option) error { return handle.Move(src, dst, handle.Collect(opts)) }
