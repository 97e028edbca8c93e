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

// DefaultMaxSize is the most bytes a codec loads unless told otherwise.
const DefaultMaxSize = 64 << 20

// Options are what the public options set. Package safefile documents each.
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
	MaxSizeSet bool // the user chose it, so that it holds for bytes too
	Logger     *slog.Logger
	NoLock     bool
	NoMetadata bool
	Checksum   bool

	Engine *engine.Engine // nil for the local disk; tests put another below

	err error // the first bad value
}

// Option is what safefile.Option is made of. Its method has no public name, so only this
// module can make options.
type Option interface{ apply(*Options) }

// OptionFunc makes an Option of a function.
type OptionFunc func(*Options)

func (f OptionFunc) apply(o *Options) { f(o) }

// Defaults are the options of a handle that was given none.
func Defaults() Options {
	return Options{Timeout: engine.Forever, Mode: 0o666, MaxSize: DefaultMaxSize}
}

// Collect gives the default options, changed by opts in their order.
func Collect[O Option](opts []O) Options {
	o := Defaults()
	Apply(&o, opts)
	return o
}

// Apply changes o by opts in their order. A nil option is a mistake of the program.
func Apply[O Option](o *Options, opts []O) {
	for _, opt := range opts {
		if any(opt) == nil {
			panic("safefile.WithOptions: nil option")
		}
		opt.apply(o)
	}
}

// Reject notes a bad value, which every call of the handle will report.
func (o *Options) Reject(format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf(format+": %w", append(args, fs.ErrInvalid)...)
	}
}

// request is what every operation of a handle asks of the engine.
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
			Policy:   safety.Policy{Level: o.Safety, Log: &safety.Log{Path: abs, Logger: o.Logger}},
		},
		Timeout: o.Timeout,
	}
}

// forCodec is how a codec's input is read.
func (o *Options) forCodec() store.ReadOptions {
	return store.ReadOptions{Max: o.MaxSize, Verify: o.Checksum}
}

// forBytes is how content is read that no codec sees: without a limit unless the
// user set one.
func (o *Options) forBytes() store.ReadOptions {
	r := store.ReadOptions{Verify: o.Checksum}
	if o.MaxSizeSet {
		r.Max = o.MaxSize
	}
	return r
}

// absolute makes paths independent of a later chdir.
func (o *Options) absolute(path string) (string, error) {
	if o.err != nil {
		return path, o.err
	}
	if path == "" {
		return path, fmt.Errorf("the path is empty: %w", fs.ErrInvalid)
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

// absolute is filepath.Abs, but keeps what the system gives a meaning that
// cleaning would change: ".." after a symbolic link, and a separator or "." at
// the end, which asks for a directory. Windows cleans paths itself.
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
