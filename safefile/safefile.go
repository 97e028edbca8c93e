// Package safefile reads and writes files that a program must not lose.
//
// A [SafeFile] is a handle for one file:
//
//	settings := safefile.New[Config]("app.yaml")
//	config, err := settings.Read()
//	err = settings.Write(config)
//
// To read, change and write a value under one lock, use package lockedfile.
//
// # Guarantees
//
//   - AtomicVisibility: a reader sees the old content or the new one, never a part or a
//     mixture. This holds for readers that don't use this library, too.
//   - CrashDurability: when a call that changes the file has returned nil, the
//     change survives a crash of the program, the system or the power.
//   - WriterExclusion: no writer overwrites another writer's change, if both use this
//     library or take flock(2) on PATH.lock. [SafeFile.Merge] and [SafeFile.Append] read and
//     write under one lock.
//   - IntegrityDetection: with [WithChecksum], damaged bytes are noticed.
//
// Package guarantee tells which of them hold for a path.
//
// After an error the file has its old content, and no temp file is left. The one
// exception is [errors.ErrNotDurable].
//
// # Limits of the lock
//
// The lock is advisory: an editor does not take it. A [SafeFile.Write] overwrites the save of an editor;
// it never mixes the two.
//
// # Limits of a replaced file
//
// A write replaces the file by a new one. A hard link to the old file keeps the old content. A
// program that has the old file open goes on reading the old content.
//
// The new file has these properties of the old one:
//   - the permission bits, and the set-user-ID, set-group-ID and sticky bits
//   - owner and group
//   - the POSIX access ACL
//   - every other extended attribute that the process can list, security labels among them
//
// It does not have:
//   - security.capability: the capability was given to the old content; os.WriteFile drops it too
//   - security.ima, security.evm and trusted.overlay.*, which describe the old content or inode
//   - the flags of chattr(1) and the project id; it has those of a new file in the directory
//   - times, the inode number and further hard links
//   - on other systems than Linux: ACLs and extended attributes; on Windows the owner too
//
// If a property of the first list can't be kept, [Strict] refuses the write. The one exception is the
// group, if nobody loses access by that. The other levels go on and report the loss; they give nobody
// more access than the old file gave. In a user namespace, an owner without a mapping can't be kept.
//
// # If a guarantee can't be kept
//
// On some filesystems a guarantee can't be kept, for example over a network. A write that relies on
// the guarantee fails with [errors.ErrUnsupportedEnvironment] before it has changed anything. With
// [WithSafety] it goes on. Reads do not fail for this reason.
//
// # A single file that is mounted
//
// If a container runtime mounts a single file, that file can't be replaced. It is better to mount the
// directory. With [WithSafety] the file is rewritten in place. During such a write a
// copy of the old content lies beside the file, in .holdfast-HASH-INODE.copy:
//   - Readers that use this library and the same path read the copy. So they see one content or
//     the other. Other programs may see a mixture.
//   - After a crash the next write puts the copy back.
//   - A copy is trusted only if it belongs to the file's owner, to root or to the process's own user.
//   - If another program changed the file after the crash, that change stays. The copy gets a name that
//     ends in .aside, and the logger is told. Two kinds of change are not recognised: one within two
//     seconds of the crash, and one that sets the file's time back, as cp -p does.
//   - If the directory can't be written, lock and copy need [WithLockDir], in readers too.
//   - If the copy lies on another filesystem than the file, a crash of the machine may lose the
//     copy, and the logger is told. If the copy could not be synced there, the write is refused.
//
// # Systems
//
// The guarantees hold on Linux with ext4, xfs and btrfs. On tmpfs they hold until the machine
// stops. The library compiles for other systems and was never run there.
package safefile

import (
	"context"
	"iter"

	"github.com/holdfast-go/holdfast/internal/handle"
)

// background is the context of all calls: only a timeout can end their wait.
var background = context.Background()

// SafeFile is a handle for a file whose content is a T. It holds nothing open, so there is no
// Close. All methods are safe for concurrent use.
//
// A method that fails returns an *[errors.Error].
type SafeFile[T any] struct {
	file *handle.File[T]
}

// New makes a handle for the file at path. The file need not exist. New touches nothing and
// never fails: if an argument is wrong, every call of the handle returns an error. A relative
// path is made absolute at once, so a later chdir does not change the file.
//
// The codec is found by the path's extension; see package registry.
func New[T any](path string, opts ...Option) *SafeFile[T] {
	return &SafeFile[T]{handle.New[T](path, handle.Collect(opts))}
}

// handle gives the file that every method works on. For a zero SafeFile its operations fail.
func (f *SafeFile[T]) handle() *handle.File[T] {
	if f == nil || f.file == nil {
		return handle.Unmade[T]("safefile.New")
	}
	return f.file
}

// Path gives the file's absolute path.
func (f *SafeFile[T]) Path() string { return f.handle().Path() }

// Read decodes the file. It takes no lock, creates nothing and does not wait for writers. So it
// works on a read-only mount and on files of other users.
//
// The errors are:
//   - [fs.ErrNotExist] if there is no file and the handle has no defaults, see [WithDefaults]
//   - ErrDecode if the content can't be decoded
//   - ErrTooLarge if the content is larger than [WithMaxSize] allows
func (f *SafeFile[T]) Read() (T, error) { return f.handle().Read() }

// ReadOr is [SafeFile.Read], but returns def if there is no file, also on a handle with [WithDefaults]. A damaged file is still an
// error, since a person may be able to repair it.
func (f *SafeFile[T]) ReadOr(def T) (T, error) { return f.handle().ReadOr(def) }

// Write makes v the file's content, and returns nil when that is durable. It creates the file
// if there is none. An existing file keeps its permissions, owner, ACL and attributes. A
// damaged file is replaced.
//
// A value that can't be encoded is ErrEncode, and nothing was touched. If the write would change
// no byte, the file is synced and not replaced.
func (f *SafeFile[T]) Write(v T) error { return f.handle().Write(background, v) }

// Merge reads the file, adds patch to the value and writes it, under one lock:
//   - If T is a map, the keys of patch replace or join those of the file.
//   - If T is a slice, the elements of patch follow those of the file.
//   - Any other T is ErrEncode.
//
// A missing file counts as empty, or with [WithDefaults] as the defaults. A file that can't be decoded is ErrDecode and stays as it is.
func (f *SafeFile[T]) Merge(patch T) error { return f.handle().Merge(background, patch) }

// Append adds text to the end of the file, and creates the file if there is none. Readers see
// all of the text or none of it. It needs no codec.
func (f *SafeFile[T]) Append(text string) error { return f.handle().Append(background, text) }

// ReadBytes reads the file without a codec. The size is unlimited unless [WithMaxSize] sets a
// limit. Like [SafeFile.Read] it takes no lock.
func (f *SafeFile[T]) ReadBytes() ([]byte, error) { return f.handle().ReadBytes() }

// WriteBytes makes data the file's content, as [SafeFile.Write] does, but without a codec. The
// caller may change data afterwards.
func (f *SafeFile[T]) WriteBytes(data []byte) error { return f.handle().WriteBytes(background, data) }

// Remove removes the file, and returns nil when that is durable. If there is no file the error
// is [fs.ErrNotExist], and no lock file is created. The lock file stays, since
// another process may be waiting for it.
//
// If the disk is too full for a lock file, Remove locks the directory instead. A program that
// creates the lock file and does not lock the directory, such as Python's filelock, is noticed
// right before the file is removed.
func (f *SafeFile[T]) Remove() error { return f.handle().Remove(background) }

// Verify reads the file and compares it with its checksum, also if the handle was made without
// [WithChecksum]. It returns nil, ErrChecksumMismatch, ErrNoChecksum, or the reason why the
// file could not be read. It needs little memory for a file of any size, and takes no lock.
func (f *SafeFile[T]) Verify() error { return f.handle().Verify(background) }

// Open opens the file for reading as a stream. The Reader reads the version that it has opened,
// even if the file is replaced meanwhile. Like [SafeFile.Read] it takes no lock. Under
// [WithChecksum], damage is reported at the end of the content.
func (f *SafeFile[T]) Open() (*Reader, error) {
	r, err := f.handle().Open(background)
	return (*Reader)(r), err
}

// Create begins a new content as a stream. It takes the lock: other writers wait until the
// Writer is committed or closed. Readers see the old content until it is committed.
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

// Watch yields the current value, and then the newest value after each change, until ctx ends:
//
//	for config, err := range file.Watch(ctx) {
//		if err != nil {
//			log.Print(err) // the program keeps the last good value
//			continue
//		}
//		use(config)
//	}
//
// It notices every change, no matter which program makes it and how:
//   - a rename over the file, as this library and most editors do
//   - a write in place, also through another hard link, if the link was there when the file was read
//   - a symbolic link on the path that is retargeted, as Kubernetes does with a ConfigMap
//   - a removal, also of the directory; the error is [fs.ErrNotExist], or with [WithDefaults] the value is the
//     defaults
//   - a file that appears, also in a directory that did not exist before
//   - a change of permissions, which may turn the value into an error
//
// A content that was already yielded is not yielded again, and an error is yielded once. An error does not
// end the sequence: after ErrDecode, ErrChecksumMismatch or [fs.ErrNotExist] the next good value follows. If the
// loop's body is slower than the changes, it gets the newest value and not each of them.
//
// A write in place is read when the writer closes the file, or has written nothing for 50 ms. A
// removal is reported if no other file has taken the place within 50 ms, since some editors move the old file
// away first.
//
// On Linux, changes are reported by inotify(7). The process uses one inotify instance for all watched files. The file is
// looked at once a second instead in these cases:
//   - The file is on a network or FUSE filesystem, where other machines or programs may write.
//   - A directory on the path can't be read.
//   - The user's inotify instances or watches ran out, which is logged once.
//   - The system is not Linux.
//
// A change through a shared mapping (mmap(2)) is not noticed by inotify(7).
//
// When ctx ends, the sequence ends without an error. When the sequence has ended, or the loop was left, no
// goroutine, descriptor or inotify watch remains. If the handle's arguments are wrong or no codec is registered for the
// path, that error is the only element. Like [SafeFile.Read], Watch takes no lock and creates nothing.
func (f *SafeFile[T]) Watch(ctx context.Context) iter.Seq2[T, error] {
	return f.handle().Watch(ctx)
}

// WriteFile is [os.WriteFile] with the guarantees of a [SafeFile]. A new file has the
// permissions 0666 before umask, unless [WithMode] says otherwise.
//
// An existing file is replaced by a new one, so WriteFile differs from os.WriteFile:
//   - The process must be allowed to list and change the directory.
//   - A file that the process may write but not read is refused, since its attributes can't be
//     kept. A file of another user is refused, since its owner can't be kept. See [WithSafety] and
//     [WithoutMetadata].
//   - The set-user-ID and set-group-ID bits stay.
func WriteFile(path string, data []byte, opts ...Option) error {
	return New[[]byte](path, opts...).WriteBytes(data)
}

// ReadFile is [os.ReadFile], except that it fails at once if path is not a regular file. For
// example, it does not wait for the writer of a named pipe.
func ReadFile(path string, opts ...Option) ([]byte, error) {
	return New[[]byte](path, opts...).ReadBytes()
}

// Move renames src to dst, and returns nil when that is durable. A file at dst is replaced. Move
// takes both locks, in the order in which all calls take several locks, and moves the
// checksum too.
//
// It never copies: if dst is on another filesystem the error is ErrCrossDevice. If src is missing
// the error is [fs.ErrNotExist]. After an error the file is at src; the one exception is
// [errors.ErrNotDurable].
//
// The options apply to source and destination. A symbolic link is followed at either
// end, unless [WithSymlinks] says otherwise.
func Move(src, dst string, opts ...Option) error { return handle.Move(src, dst, handle.Collect(opts)) }
