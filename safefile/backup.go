package safefile

import (
	"time"

	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Backup is an older content of a file, kept by [WithBackups]. [SafeFile.Backups] lists them.
type Backup struct {
	Number int       // grows with each backup of the file
	Time   time.Time // when this content was last changed
	Size   int64     // of the content, in bytes
	Path   string    // where the content lies, for other programs
}

// WithBackups keeps the last n contents of the file, beside it as PATH.~1~, PATH.~2~ and so on. A write
// makes the old content a backup, and then removes all backups but the newest n. With 0, the
// default, a write makes and removes none. A negative n makes every call fail.
//
// A backup is made by everything that replaces or removes the content:
//   - All writes of one commit make one backup, also if several callers share the commit. A write that
//     changes no byte makes none.
//   - [SafeFile.Remove] makes the removed content a backup, and older backups stay.
//   - [SafeFile.Restore] makes the content before it a backup.
//   - [Move] makes the content that it replaces a backup of dst. The backups of src keep the name
//     of src.
//
// If the backup can't be made, the write fails and the file is unchanged. An old backup that can't be
// removed is reported to the logger.
//
// The backup is a hard link to the replaced file, so nothing is copied and the backup has the permissions of
// the old file. A program that has the old file open, and goes on writing to it, changes the
// backup. Where no link can be made, and for a file that has other hard links or is rewritten in place, the
// content is copied. A copy can be read by the same users as the file, or by fewer.
//
// After a crash of the machine every listed backup is whole. If a write was under way, one backup
// more than n may be listed, or the newest one may be missing; the file has its old content or the
// new one. Under [WithChecksum] each backup has a checksum, in PATH.~N~.sha256.
//
// Emacs and cp --backup=numbered use the same names. Their backups of the file count as backups,
// so they are listed and removed too. Anything but a regular file under such a name is left alone. In a
// sticky directory such as /tmp, so are the files of other users: a backup belongs to the file's
// owner, to root or to the process's own user.
func WithBackups(n int) Option {
	return handle.OptionFunc(func(o *handle.Options) {
		if n < 0 {
			o.Reject("WithBackups(%d) is negative", n)
		}
		o.Backups = n
	})
}

// Backups lists the file's backups, the newest first. It takes no lock, and works also after the file
// was removed and on a handle without [WithBackups]. A file without backups has an empty list.
func (f *SafeFile[T]) Backups() ([]Backup, error) {
	list, err := f.handle().Backups(background)
	return backups(list), err
}

// backups converts the list to the public type.
func backups(list []store.Backup) []Backup {
	var all []Backup
	for _, b := range list {
		all = append(all, Backup(b))
	}
	return all
}

// ReadBackup decodes a backup, as [SafeFile.Read] decodes the file. Under [WithChecksum] it verifies the
// backup's checksum.
//
// The backup is found by its Number. If it was removed meanwhile, the error is [fs.ErrNotExist]. If b
// comes from another file, the error is [fs.ErrInvalid].
func (f *SafeFile[T]) ReadBackup(b Backup) (T, error) {
	return f.handle().ReadBackup(background, store.Backup(b))
}

// ReadBackupBytes is [SafeFile.ReadBackup] without a codec.
func (f *SafeFile[T]) ReadBackupBytes(b Backup) ([]byte, error) {
	return f.handle().ReadBackupBytes(background, store.Backup(b))
}

// Restore writes the content of a backup into the file, byte for byte, as [SafeFile.WriteBytes] does. On a
// handle with [WithBackups] the current content becomes a backup, so Restore can be undone. If the file
// was removed, Restore creates it with owner, group, ACL and permissions of the backup. If one of them can't be
// kept, fewer users can open the file. A file that is there keeps its own, which may let more users read it.
//
// The errors are those of [SafeFile.ReadBackupBytes] and [SafeFile.WriteBytes].
func (f *SafeFile[T]) Restore(b Backup) error {
	return f.handle().Restore(background, store.Backup(b))
}
