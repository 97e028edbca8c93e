// Package etcd keeps the files of handles in a cluster of etcd instead of on the local disk. The program keeps its code and
// gives one more option:
//
//	config := lockedfile.New[Config]("/app/config.yaml", etcd.On(client))
//	err := config.Update(func(c *Config) error { c.Port = 8080; return nil })
//
// A file is a key, and its content is the value of the key. The codec is found by the extension of the key, as
// for a path. "etcdctl get /app/config.yaml" prints the file.
//
// # Guarantees
//
//   - AtomicVisibility: a commit is one transaction of etcd.
//   - CrashDurability: a change that was acknowledged is on the disks of a majority of the members.
//   - WriterExclusion: writers in all processes on all machines exclude each other. The fence is part of the
//     commit: the transaction compares that the lock is still this holder's and that the file still has the revision
//     that was read. A holder that was stopped or cut off for longer than its lease gets
//     ErrLockLost and has written nothing, even if it still takes the lock for its own.
//   - IntegrityDetection: with safefile.WithChecksum a digest is recorded in the same transaction, and is compared at every read.
//
// # Reads
//
// A read takes no lock and is linearizable: it sees every change that was acknowledged before it began.
// With [WithSerializable] it may see an older content, and needs no majority.
//
// # The lock
//
// A lock is a key on a lease, below the file's key. Waiters get the lock in the order of their coming. Each watches the one before
// it, so nobody polls. If a holder stops or loses its connection, the cluster removes its key after the time
// of [WithTTL]. lockedfile.ForceRelease removes it at once. A lock is never stale: lockedfile.ReleaseStale does nothing.
//
// Callers in one process that wait for the same file share a commit, as on a disk. The changes of 64 callers
// are one or two transactions of etcd.
//
// # Failures
//
//   - If no majority of the members answers, a call fails after its timeout: safefile.WithTimeout or [WithRequestTimeout], whichever is shorter. The
//     error matches ErrTimeout, and nothing was written.
//   - If the answer to a commit is lost, the store asks whether the commit was made. It is
//     never sent again before that is known.
//   - If the cluster can't be asked within [WithRequestTimeout], the error is ErrNotDurable: the change may have
//     been made or not. This is the only error after which the file may be changed.
//   - A program that does not use this library, such as etcdctl, takes no lock. If it changes the file between a read and the
//     commit, the error is ErrChanged.
//
// # Limits
//
// A change must fit into one request, which is 1.5 MiB by default; see [WithMaxRequest]. A larger one is ErrTooLarge before it is
// sent. Streams are held in memory. With safefile.WithBackups the old content counts too.
//
// lockedfile.LockAll is one transaction, so a reader sees all files change at one moment. A server accepts 128 comparisons or
// changes in one transaction, which is 42 files, or fewer with checksums and backups. More files are ErrTooLarge, and none is changed.
//
// safefile.Backup.Time is the time at which the content was replaced.
//
// A path is cleaned as an absolute path with slashes on every system: "config.yaml" is the key "/config.yaml". There are no links
// and no directories. An element ".holdfast" is refused: below KEY/.holdfast the store keeps the lock
// and the checksum of the file at KEY. A role of etcd that is to use a file needs permission for the keys with the file's key as prefix.
package etcd
