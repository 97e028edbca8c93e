package handle

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Backups are listed and read without a lock, also inside a transaction: it makes none before it is committed.

// Backups lists the backups, the newest first.
func (f *File[T]) Backups(ctx context.Context) ([]store.Backup, error) {
	err := f.err
	if err == nil {
		err = engine.Ended(ctx)
	}
	var list []store.Backup
	if err == nil {
		list, err = f.engine.Store().Backups(ctx, f.request.Target)
	}
	return list, f.fail("list backups", errors.ErrRead, err)
}

// ReadBackup decodes a backup.
func (f *File[T]) ReadBackup(ctx context.Context, b store.Backup) (v T, err error) {
	c, err := f.codec()
	var data []byte
	if err == nil {
		data, err = f.loadBackup(ctx, b, f.options.forCodec())
	}
	if err == nil {
		v, err = decode(c, data, f.options.MaxSize, f.start())
	}
	return v, f.failBackup("read backup", errors.ErrRead, b, err)
}

// ReadBackupBytes gives the content of a backup as it is.
func (f *File[T]) ReadBackupBytes(ctx context.Context, b store.Backup) ([]byte, error) {
	data, err := f.loadBackup(ctx, b, f.options.forBytes())
	return data, f.failBackup("read backup", errors.ErrRead, b, err)
}

// Restore makes the content of a backup the file's. The backup is read before the lock is waited for.
func (f *File[T]) Restore(ctx context.Context, b store.Backup) error {
	data, err := f.loadBackup(ctx, b, f.options.forBytes())
	if err != nil {
		return f.failBackup("restore", errors.ErrWrite, b, err)
	}
	return f.Do(ctx, "restore", errors.ErrWrite, nil, func(tx *Tx[T]) error {
		tx.tx.PutBackup(data, b.Number)
		return nil
	})
}

// failBackup is fail for an error about one of the backups, of which the path does not tell.
func (f *File[T]) failBackup(op string, kind error, b store.Backup, err error) error {
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // which names the number already
		err = fmt.Errorf("backup %d: %w", b.Number, err)
	}
	return f.fail(op, kind, err)
}

func (f *File[T]) loadBackup(ctx context.Context, b store.Backup, o store.ReadOptions) ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	if err := engine.Ended(ctx); err != nil {
		return nil, err
	}
	began := f.limitWait(ctx, &o)
	c, err := f.engine.Store().ReadBackup(ctx, f.request.Target, b, o)
	return c.Data, f.waitError(ctx, began, err)
}
