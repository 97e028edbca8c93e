package lockedfile

import (
	"context"

	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/safefile"
)

// Backups lists the file's backups, the newest first. See [safefile.SafeFile.Backups].
func (f *LockedFile[T]) Backups() ([]safefile.Backup, error) {
	list, err := f.handle().Backups(context.Background())
	return backups(list), err
}

// ReadBackup decodes a backup. See [safefile.SafeFile.ReadBackup].
func (f *LockedFile[T]) ReadBackup(b safefile.Backup) (T, error) {
	return f.handle().ReadBackup(context.Background(), store.Backup(b))
}

// ReadBackupBytes reads a backup without a codec. See [safefile.SafeFile.ReadBackupBytes].
func (f *LockedFile[T]) ReadBackupBytes(b safefile.Backup) ([]byte, error) {
	return f.handle().ReadBackupBytes(context.Background(), store.Backup(b))
}

// Restore makes the content of a backup the file's. See [safefile.SafeFile.Restore].
func (f *LockedFile[T]) Restore(b safefile.Backup) error {
	return f.handle().Restore(context.Background(), store.Backup(b))
}

// Backups lists the file's backups, the newest first. A transaction makes its backup when it is
// committed, so inside it the list is the one from before.
func (f *ContextFile[T]) Backups(ctx context.Context) ([]safefile.Backup, error) {
	list, err := f.with(ctx).Backups(ctx)
	return backups(list), err
}

// ReadBackup decodes a backup.
func (f *ContextFile[T]) ReadBackup(ctx context.Context, b safefile.Backup) (T, error) {
	return f.with(ctx).ReadBackup(ctx, store.Backup(b))
}

// ReadBackupBytes reads a backup without a codec.
func (f *ContextFile[T]) ReadBackupBytes(ctx context.Context, b safefile.Backup) ([]byte, error) {
	return f.with(ctx).ReadBackupBytes(ctx, store.Backup(b))
}

// Restore makes the content of a backup the file's. Inside a transaction it stages that content.
func (f *ContextFile[T]) Restore(ctx context.Context, b safefile.Backup) error {
	return f.with(ctx).Restore(ctx, store.Backup(b))
}

// backups converts the list to the public type.
func backups(list []store.Backup) []safefile.Backup {
	var all []safefile.Backup
	for _, b := range list {
		all = append(all, safefile.Backup(b))
	}
	return all
}
