package etcd

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"weak"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/safefile"
)

// Defaults of the options.
const (
	// DefaultTTL is how long a lock outlives a holder that has stopped.
	DefaultTTL = 10 * time.Second
	// DefaultRequestTimeout is how long a call waits for an answer of the cluster.
	DefaultRequestTimeout = 10 * time.Second
	// DefaultMaxRequest is the size of the largest request that a server accepts, as in
	// its flag --max-request-bytes.
	DefaultMaxRequest = 1536 * 1024
)

// settings are what the options set. They can be compared.
type settings struct {
	ttl          time.Duration
	timeout      time.Duration
	maxRequest   int
	serializable bool
}

// config is what one call of On was given.
type config struct {
	settings
	prefix string
	err    error // the first bad value
}

// Option changes how handles use the cluster. A bad value makes every call of the handle fail.
type Option func(*config)

// WithPrefix puts prefix before every path, so that several programs can use one cluster. With the
// prefix "/billing" the file "/config.yaml" is the key "/billing/config.yaml".
func WithPrefix(prefix string) Option {
	return func(c *config) { c.prefix = strings.TrimRight(prefix, "/") }
}

// WithTTL sets how long a lock outlives a holder that has stopped or has lost its connection. The
// default is [DefaultTTL]. It is rounded up to a second, and a server may make it longer. A holder that
// lives keeps its lock for as long as it wants.
func WithTTL(d time.Duration) Option {
	return func(c *config) {
		if d <= 0 {
			c.reject("etcd.WithTTL(%v) is not positive", d)
		}
		c.ttl = (d + time.Second - 1).Truncate(time.Second)
	}
}

// WithRequestTimeout limits how long a call waits for an answer of the cluster. The default is
// [DefaultRequestTimeout]. A shorter [safefile.WithTimeout] limits every step up to the
// lock. The commit has the time that is set here in any case, so that a change that has begun is finished.
func WithRequestTimeout(d time.Duration) Option {
	return func(c *config) {
		if d <= 0 {
			c.reject("etcd.WithRequestTimeout(%v) is not positive", d)
		}
		c.timeout = d
	}
}

// WithMaxRequest tells the size in bytes of the largest request that the servers accept, if their
// flag --max-request-bytes is not the default. A larger change is ErrTooLarge before anything is sent.
func WithMaxRequest(bytes int) Option {
	return func(c *config) {
		if bytes <= overhead {
			c.reject("etcd.WithMaxRequest(%d) leaves no room for a value; the least is %d", bytes, overhead+1)
		}
		c.maxRequest = bytes
	}
}

// WithSerializable lets reads without the lock be answered by the server that was asked,
// without asking the others. They are faster, work without a quorum, and may give
// an older content. Without it every read is linearizable. Reads in a transaction always are.
func WithSerializable() Option {
	return func(c *config) { c.serializable = true }
}

func (c *config) reject(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format+": %w", append(args, fs.ErrInvalid)...)
	}
}

// On makes handles keep their files in the cluster of client. A file is a key: the handle's path,
// cleaned as an absolute path with slashes, after [WithPrefix]. The value of the key is the content. The
// option is for every function of packages safefile and lockedfile that takes options.
//
// The options of a disk are an error at the first call of the handle: WithMode, WithParents,
// WithSymlinks, WithLockDir, WithLockSuffix, WithoutLock and WithoutMetadata.
//
// Handles on one client with the same options share one queue for each key, so that their commits are made
// together. The client stays the caller's: Holdfast never closes it. Nothing of the client is kept when the
// caller and its handles have dropped it. A nil client panics.
func On(client *clientv3.Client, opts ...Option) safefile.Option {
	if client == nil {
		panic("etcd.On: nil client")
	}
	c := config{settings: settings{ttl: DefaultTTL, timeout: DefaultRequestTimeout, maxRequest: DefaultMaxRequest}}
	for _, o := range opts {
		if o == nil {
			panic("etcd.On: nil option")
		}
		o(&c)
	}
	e := engineOf(client, c.settings)
	return handle.OptionFunc(func(o *handle.Options) {
		if c.err != nil {
			o.Reject("%w", c.err)
		}
		o.Engine, o.Key = e, c.key
	})
}

// engines finds the engine of a client. It keeps neither alive: handles keep
// their engine, and an engine its client.
var engines = struct {
	sync.Mutex
	of map[engineKey]weak.Pointer[engine.Engine]
}{of: make(map[engineKey]weak.Pointer[engine.Engine])}

type engineKey struct {
	client weak.Pointer[clientv3.Client]
	settings
}

func engineOf(client *clientv3.Client, s settings) *engine.Engine {
	key := engineKey{weak.Make(client), s}
	engines.Lock()
	defer engines.Unlock()
	if e := engines.of[key].Value(); e != nil {
		return e
	}
	e := engine.New(newStore(client, s))
	engines.of[key] = weak.Make(e)
	runtime.AddCleanup(e, forget, key)
	return e
}

// forget removes an engine that was collected, unless the client has a new one.
func forget(key engineKey) {
	engines.Lock()
	defer engines.Unlock()
	if engines.of[key].Value() == nil {
		delete(engines.of, key)
	}
}

// own is the element below a file's key under which the store keeps what belongs to the file.
const own = ".holdfast"

// key makes a file's key of a path. It does not depend on the working directory or the system.
func (c *config) key(name string) (string, error) {
	if name == "" {
		return name, fmt.Errorf("the path is empty: %w", fs.ErrInvalid)
	}
	slashed := filepath.ToSlash(name)
	clean := path.Clean("/" + slashed)
	if clean == "/" || strings.HasSuffix(slashed, "/") {
		return name, fmt.Errorf("the path names a directory, and a cluster has none: %w", fs.ErrInvalid)
	}
	if slices.Contains(strings.Split(clean, "/"), own) {
		return name, fmt.Errorf("the path has an element %s, which is for locks and checksums: %w", own, fs.ErrInvalid)
	}
	return c.prefix + clean, nil
}
