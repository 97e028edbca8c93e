package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// A backup is two keys, so that a list need not read the contents:
//
//	KEY/.holdfast/backup/content/NUMBER   an older content
//	KEY/.holdfast/backup/info/NUMBER      a backupInfo
//
// They are written in the transaction of the change that replaces the content.

func backupContent(key string, number int) string {
	return fmt.Sprintf("%s/%s/backup/content/%010d", key, own, number)
}

func backupInfos(key string) string { return key + "/" + own + "/backup/info/" }

func backupInfoKey(key string, number int) string {
	return fmt.Sprintf("%s%010d", backupInfos(key), number)
}

// backupInfo is what a list tells of a backup.
type backupInfo struct {
	Time   time.Time `json:"time"` // when the content was replaced: a cluster does not know when it was written
	Size   int       `json:"size"`
	SHA256 string    `json:"sha256,omitempty"` // as it was recorded for the content
}

// Backups is of the store.Store interface.
func (s *Store) Backups(ctx context.Context, t store.Target) (list []store.Backup, err error) {
	err = s.ask(ctx, s.timeout, func(ctx context.Context) error {
		r, err := s.client.Get(ctx, backupInfos(t.Path), clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend))
		if err != nil {
			return err
		}
		list = nil
		for _, kv := range r.Kvs {
			number, err := strconv.Atoi(string(kv.Key[len(backupInfos(t.Path)):]))
			var info backupInfo
			if err != nil || json.Unmarshal(kv.Value, &info) != nil {
				continue // it is not of this store
			}
			list = append(list, store.Backup{Number: number, Time: info.Time, Size: int64(info.Size), Path: backupContent(t.Path, number)})
		}
		return nil
	})
	return list, err
}

// ReadBackup is of the store.Store interface.
func (s *Store) ReadBackup(ctx context.Context, t store.Target, b store.Backup, o store.ReadOptions) (store.Content, error) {
	path := backupContent(t.Path, b.Number)
	if b.Path != "" && b.Path != path {
		return store.Content{}, fmt.Errorf("%s is not this file's backup %d: %w", errors.Printable(b.Path), b.Number, fs.ErrInvalid)
	}
	var c content
	err := s.ask(ctx, s.within(o.Wait), func(ctx context.Context) error {
		r, err := s.client.Txn(ctx).Then(clientv3.OpGet(path), clientv3.OpGet(backupInfoKey(t.Path, b.Number))).Commit()
		if err != nil {
			return err
		}
		c = contentOf(r.Responses)
		var info backupInfo
		if json.Unmarshal([]byte(c.digest), &info) != nil {
			c.exists = false
		}
		c.digest = info.SHA256
		return nil
	})
	if err == nil && !c.exists {
		err = fmt.Errorf("there is no backup %d of the file; Backups lists those there are: %w", b.Number, fs.ErrNotExist)
	}
	if err != nil {
		return store.Content{}, err
	}
	return c.checked(o)
}

// backup makes the content that a change replaces a backup, in the same transaction, and removes the oldest backups beyond the
// limit. The content that is known must be the file's; the change is based on it.
func (f *session) backup(ctx context.Context, c *change, limit int) error {
	if limit == 0 {
		return nil
	}
	c.based(f, f.known.version)
	if !f.known.exists {
		return nil
	}
	list, err := f.store.Backups(ctx, store.Target{Path: f.key})
	if err != nil {
		return err
	}
	number := 1
	if len(list) > 0 {
		number = list[0].Number + 1
	}
	info, err := json.Marshal(backupInfo{time.Now().UTC(), len(f.known.data), f.known.digest})
	if err != nil {
		return err
	}
	c.ops = append(c.ops,
		clientv3.OpPut(backupContent(f.key, number), string(f.known.data)),
		clientv3.OpPut(backupInfoKey(f.key, number), string(info)))
	for i := limit - 1; i < len(list); i++ {
		c.ops = append(c.ops, clientv3.OpDelete(list[i].Path), clientv3.OpDelete(backupInfoKey(f.key, list[i].Number)))
	}
	return nil
}
