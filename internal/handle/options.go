package handle

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/registry"
)

// DefaultMaxSize is the default of WithMaxSize for calls that use a codec, in bytes.
const DefaultMaxSize = 64 << 20

// Options are the values that the public options set. Package safefile documents each option.
type Options struct {
	Timeout    time.Duration // engine.Forever unless set
	Mode       fs.FileMode
	Parents    fs.FileMode
	Registry   *registry.Registry
	Codec      codec.Codec
	Safety     safety.Level
	Symlinks   store.Symlinks
	LockDir    string
	LockSuffix string
	MaxSize    int64
	MaxSizeSet bool // WithMaxSize was used, so the limit holds for calls on bytes too
	Logger     *slog.Logger
	NoLock     bool
	NoMetadata bool
	Checksum   bool
	Backups    int
	Default    *DefaultValue

	Engine *engine.Engine // nil for the local disk
	// Key makes the key of a file of a caller's path, for an engine whose files lie on no
	// disk. Nil leaves the path a path of this machine.
	Key func(path string) (string, error)

	err    error    // the first bad value
	onDisk []string // the options that only a file on a disk can have
}

// Option is the interface behind safefile.Option. Its method is not exported, so only this
// module can make options.
type Option interface{ apply(*Options) }

// OptionFunc makes an Option of a function.
type OptionFunc func(*Options)

func (f OptionFunc) apply(o *Options) { f(o) }

// Defaults gives the options of a handle that was made without options.
func Defaults() Options {
	return Options{Timeout: engine.Forever, Mode: 0o666, MaxSize: DefaultMaxSize}
}

// Collect gives the default options, changed by opts in their order.
func Collect[O Option](opts []O) Options {
	o := Defaults()
	Apply(&o, opts)
	return o
}

// Apply changes o by opts in their order. It panics if an option is nil.
func Apply[O Option](o *Options, opts []O) {
	for _, opt := range opts {
		if any(opt) == nil {
			panic("safefile.WithOptions: nil option")
		}
		opt.apply(o)
	}
}

// Reject records a bad value. Every call of the handle will return it as an error.
func (o *Options) Reject(format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf(format+": %w", append(args, fs.ErrInvalid)...)
	}
}

// OnDisk notes an option that only a file on a disk can have. With a Key every call of the
// handle will report it.
func (o *Options) OnDisk(name string) { o.onDisk = append(o.onDisk, name) }

// request gives the part of a request that is the same for every operation of a handle.
func (o *Options) request(abs string) engine.Request {
	return engine.Request{
		Target: store.Target{
			Path:     abs,
			Symlinks: o.Symlinks,
			LockDir:  o.LockDir,
			Suffix:   o.LockSuffix,
			NoLock:   o.NoLock,
			Parents:  o.Parents,
			Perm:     o.Mode,
		},
		Options: store.Options{
			Perm:     o.Mode,
			Metadata: !o.NoMetadata,
			Checksum: o.Checksum,
			Backups:  o.Backups,
			Policy:   safety.Policy{Level: o.Safety, Log: &safety.Log{Path: abs, Logger: o.Logger}},
			Timeout:  o.Timeout,
		},
		Timeout: o.Timeout,
	}
}

// forCodec gives the read options of calls that use a codec.
func (o *Options) forCodec() store.ReadOptions {
	return store.ReadOptions{Max: o.MaxSize, Verify: o.Checksum}
}

// forBytes gives the read options of calls on bytes, which have no size limit unless WithMaxSize
// was used.
func (o *Options) forBytes() store.ReadOptions {
	r := store.ReadOptions{Verify: o.Checksum}
	if o.MaxSizeSet {
		r.Max = o.MaxSize
	}
	return r
}

// absolute makes the path and the lock directory absolute, so that a later chdir changes nothing.
func (o *Options) absolute(path string) (string, error) {
	if o.err != nil {
		return path, o.err
	}
	if path == "" {
		return path, fmt.Errorf("the path is empty: %w", fs.ErrInvalid)
	}
	if o.Key != nil {
		if len(o.onDisk) > 0 {
			return path, fmt.Errorf("%s: the option is for files on a disk, and this file is not on one; leave it out: %w",
				strings.Join(o.onDisk, ", "), fs.ErrInvalid)
		}
		return o.Key(path)
	}
	if o.LockDir != "" {
		dir, err := filepath.Abs(o.LockDir)
		if err != nil {
			return path, fmt.Errorf("%w: %w", errors.ErrLock, err)
		}
		o.LockDir = dir
	}
	return absolute(path)
}

// absolute is filepath.Abs, except that it does not clean a path whose meaning would change:
//   - ".." after a symbolic link means the parent of the link's target
//   - a separator or "." at the end means a directory
//
// Windows cleans paths itself.
func absolute(path string) (string, error) {
	elements := strings.Split(path, string(filepath.Separator))
	last := elements[len(elements)-1]
	if runtime.GOOS == "windows" || !slices.Contains(elements, "..") && last != "" && last != "." {
		return filepath.Abs(path)
	}
	if filepath.IsAbs(path) {
		return path, nil
	}
	here, err := os.Getwd()
	return here + string(filepath.Separator) + path, err
}
