package etcd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/environ"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Store keeps files in a cluster. These are the keys of the file at KEY:
//
//	KEY                        the content, and nothing else
//	KEY/.holdfast/lock/ID      one for each process that holds the lock or waits for it, in the order of
//	                           their create revisions; the first holds it. Each lives on a lease.
//	KEY/.holdfast/sha256       the digest of the content, if the file has a checksum
//
// Every commit is one transaction of etcd, which compares the lock and the version of the file before it
// changes anything; see commit.go.
type Store struct {
	client *clientv3.Client
	settings
	space [2]uint64 // of the keys
	host  string

	seen atomic.Int64 // the newest revision that a watch has reported

	mu   sync.Mutex
	idle []*lease
}

func newStore(client *clientv3.Client, s settings) *Store {
	host, _ := os.Hostname() // it is for people to read
	return &Store{
		client: client, settings: s, host: host,
		// No directory has such a device number, and no other client lies at this address.
		space: [2]uint64{math.MaxUint64, uint64(reflect.ValueOf(client).Pointer())},
	}
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.InOrder = (*Store)(nil)
)

func lockPrefix(key string) string { return key + "/" + own + "/lock/" }
func digestKey(key string) string  { return key + "/" + own + "/sha256" }

// version is the revision of the last change of a file; 0 if there is none.
type version int64

// content is a file at one revision.
type content struct {
	exists  bool
	data    []byte
	digest  string // empty if none is recorded
	version version
}

// Locate is of the store.Store interface. The key is the path: a cluster has no links.
func (s *Store) Locate(_ context.Context, t store.Target) (store.Location, error) {
	return store.Location{Key: store.Key{Space: s.space, Name: t.Path}, Lock: "etcd"}, nil
}

// Admit is of the store.Store interface.
func (s *Store) Admit(context.Context, store.Target, store.Location, store.Options) error { return nil }

// Movable is of the store.Store interface.
func (s *Store) Movable(context.Context, store.Location, store.Location) error { return nil }

// Verdict tells package guarantee which guarantees hold.
func (s *Store) Verdict() environ.Verdict { return environ.InCluster("etcd") }

// Read is of the store.Store interface.
func (s *Store) Read(ctx context.Context, t store.Target, o store.ReadOptions) (store.Content, error) {
	c, err := s.fetch(ctx, t.Path, o.Wait)
	if err != nil {
		return store.Content{}, err
	}
	return c.checked(o)
}

// fetch reads a file and its digest at one revision.
func (s *Store) fetch(ctx context.Context, key string, wait time.Duration) (c content, err error) {
	serializable := s.serializable
	err = s.ask(ctx, s.within(wait), func(ctx context.Context) error {
		var opts []clientv3.OpOption
		if serializable {
			opts = append(opts, clientv3.WithSerializable())
		}
		r, err := s.client.Txn(ctx).Then(contentOps(key, opts...)...).Commit()
		if err != nil {
			return err
		}
		if serializable && r.Header.Revision < s.seen.Load() {
			serializable = false
			return errBehind
		}
		c = contentOf(r.Responses)
		return nil
	})
	if err == nil && !c.exists {
		err = missing(key)
	}
	return c, err
}

// errBehind has a read sent again, to all members.
var errBehind = errors.New("the server that was asked is behind what a watch has reported")

// contentOps read a file and its digest.
func contentOps(key string, opts ...clientv3.OpOption) []clientv3.Op {
	return []clientv3.Op{clientv3.OpGet(key, opts...), clientv3.OpGet(digestKey(key), opts...)}
}

// contentOf is what the last two responses, those of contentOps, say.
func contentOf(responses []*txnResponse) (c content) {
	last := responses[len(responses)-2:]
	if kv := only(last[0]); kv != nil {
		c.exists, c.data, c.version = true, kv.Value, version(kv.ModRevision)
	}
	if kv := only(last[1]); kv != nil {
		c.digest = string(kv.Value)
	}
	return c
}

// only is the first key of a response, nil if it has none.
func only(r *txnResponse) *mvccpb.KeyValue {
	if kvs := r.GetResponseRange().Kvs; len(kvs) > 0 {
		return kvs[0]
	}
	return nil
}

func missing(key string) error {
	return &fs.PathError{Op: "get", Path: key, Err: fs.ErrNotExist}
}

// checked gives the content if it is within the limit and agrees with its digest.
func (c content) checked(o store.ReadOptions) (store.Content, error) {
	if !c.exists {
		return store.Content{Version: c.version}, nil
	}
	if err := c.within(o.Max); err != nil {
		return store.Content{}, err
	}
	if o.Verify {
		if err := c.verify(); err != nil {
			return store.Content{}, err
		}
	}
	return store.Content{Exists: true, Data: c.data, Version: c.version}, nil
}

func (c content) within(max int64) error {
	if max > 0 && int64(len(c.data)) > max {
		return fmt.Errorf("%w: %d bytes, and the limit is %d; raise it with WithMaxSize", errors.ErrTooLarge, len(c.data), max)
	}
	return nil
}

func (c content) verify() error {
	if c.digest == "" {
		return fmt.Errorf("%w: the cluster has no checksum of this file", errors.ErrNoChecksum)
	}
	if sum := digest(c.data); sum != c.digest {
		return fmt.Errorf("%w: recorded is %q, and the content has %s", errors.ErrChecksumMismatch, c.digest, sum)
	}
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Open is of the store.Store interface. A value is never large, so all of it is read at once.
func (s *Store) Open(ctx context.Context, t store.Target, o store.ReadOptions) (store.Stream, error) {
	c, err := s.fetch(ctx, t.Path, o.Wait)
	if err == nil {
		err = c.within(o.Max)
	}
	if err != nil {
		return store.Stream{}, err
	}
	r := &reader{Reader: bytes.NewReader(c.data)}
	if o.Verify {
		r.verdict = c.verify()
		if errors.Is(r.verdict, errors.ErrNoChecksum) {
			return store.Stream{}, r.verdict
		}
	}
	return store.Stream{ReadCloser: r, Version: c.version}, nil
}

// reader gives a content, and at its end the verdict on it.
type reader struct {
	*bytes.Reader
	verdict error
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF && r.verdict != nil {
		err = r.verdict
	}
	return n, err
}

// WriteTo keeps io.Copy from passing by Read.
func (r *reader) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{r}) }

func (r *reader) Close() error { return nil }

// Checksum is of the store.Store interface.
func (s *Store) Checksum(ctx context.Context, t store.Target) (store.Checksum, error) {
	c := store.Checksum{Path: digestKey(t.Path)}
	err := s.ask(ctx, s.timeout, func(ctx context.Context) error {
		r, err := s.client.Get(ctx, c.Path)
		if err == nil && len(r.Kvs) > 0 {
			c.Digest = string(r.Kvs[0].Value)
		}
		return err
	})
	if err == nil && c.Digest == "" {
		err = errors.ErrNoChecksum
	}
	return c, err
}
