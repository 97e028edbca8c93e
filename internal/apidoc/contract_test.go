package apidoc_test

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

// Programs outside of this repository compile against these names and signatures. A change here is a
// major version.
type (
	config struct{ Port int }

	safeFile interface {
		Path() string
		Read() (config, error)
		ReadOr(config) (config, error)
		Write(config) error
		Merge(config) error
		Append(string) error
		ReadBytes() ([]byte, error)
		ReadVersion() (config, safefile.Version, error)
		WriteIf(config, safefile.Version) error
		WriteBytes([]byte) error
		Remove() error
		Open() (*safefile.Reader, error)
		Create() (*safefile.Writer, error)
		Verify() error
		Watch(context.Context) iter.Seq2[config, error]
		Backups() ([]safefile.Backup, error)
		ReadBackup(safefile.Backup) (config, error)
		ReadBackupBytes(safefile.Backup) ([]byte, error)
		Restore(safefile.Backup) error
	}

	lockedFile interface {
		safeFile
		Locked(func(tx *lockedfile.Tx[config]) error) error
		Update(func(v *config) error) error
	}

	transaction interface {
		Read() (config, error)
		ReadOr(config) (config, error)
		Write(config) error
		Merge(config) error
		Append(string) error
		ReadBytes() ([]byte, error)
		ReadVersion() (config, safefile.Version, error)
		WriteIf(config, safefile.Version) error
		WriteBytes([]byte) error
		Remove() error
	}

	contextFile interface {
		Path() string
		Read(context.Context) (config, error)
		ReadOr(context.Context, config) (config, error)
		Write(context.Context, config) error
		Merge(context.Context, config) error
		Append(context.Context, string) error
		ReadBytes(context.Context) ([]byte, error)
		ReadVersion(context.Context) (config, safefile.Version, error)
		WriteIf(context.Context, config, safefile.Version) error
		WriteBytes(context.Context, []byte) error
		Remove(context.Context) error
		Open(context.Context) (*safefile.Reader, error)
		Create(context.Context) (*safefile.Writer, error)
		Verify(context.Context) error
		Watch(context.Context) iter.Seq2[config, error]
		Backups(context.Context) ([]safefile.Backup, error)
		ReadBackup(context.Context, safefile.Backup) (config, error)
		ReadBackupBytes(context.Context, safefile.Backup) ([]byte, error)
		Restore(context.Context, safefile.Backup) error
		Locked(context.Context, func(context.Context, *lockedfile.Tx[config]) error) error
		Update(context.Context, func(v *config) error) error
	}

	writer interface {
		io.WriteCloser
		Commit() error
	}

	option = safefile.Option
)

var (
	_ safeFile      = (*safefile.SafeFile[config])(nil)
	_ lockedFile    = (*lockedfile.LockedFile[config])(nil)
	_ contextFile   = (*lockedfile.ContextFile[config])(nil)
	_ transaction   = (*lockedfile.Tx[config])(nil)
	_ io.ReadCloser = (*safefile.Reader)(nil)
	_ writer        = (*safefile.Writer)(nil)

	_ func(string, ...option) *safefile.SafeFile[config]      = safefile.New[config]
	_ func(string, []byte, ...option) error                   = safefile.WriteFile
	_ func(string, ...option) ([]byte, error)                 = safefile.ReadFile
	_ func(string, string, ...option) error                   = safefile.Move
	_ func(string) (safefile.Version, error)                  = safefile.ParseVersion
	_ func(safefile.Version) string                           = safefile.Version.String
	_                                                         = map[safefile.Version]bool{}
	_ func(time.Duration) option                              = safefile.WithTimeout
	_ func(fs.FileMode) option                                = safefile.WithMode
	_ func(fs.FileMode) option                                = safefile.WithParents
	_ func(*registry.Registry) option                         = safefile.WithRegistry
	_ func(codec.Codec) option                                = safefile.WithCodec
	_ func() option                                           = safefile.WithChecksum
	_ func(safefile.Safety) option                            = safefile.WithSafety
	_ func(safefile.Symlinks) option                          = safefile.WithSymlinks
	_ func(string) option                                     = safefile.WithLockDir
	_ func(string) option                                     = safefile.WithLockSuffix
	_ func(int64) option                                      = safefile.WithMaxSize
	_ func(*slog.Logger) option                               = safefile.WithLogger
	_ func() option                                           = safefile.WithoutLock
	_ func() option                                           = safefile.WithoutMetadata
	_ func(int) option                                        = safefile.WithBackups
	_                                                         = safefile.Backup{Number: 0, Time: time.Time{}, Size: 0, Path: ""}
	_ func(func() config) option                              = safefile.WithDefaults[config]
	_ func(...option) option                                  = safefile.WithOptions
	_ []safefile.Safety                                       = []safefile.Safety{safefile.Strict, safefile.Warn, safefile.BestEffort}
	_ []safefile.Symlinks                                     = []safefile.Symlinks{safefile.Follow, safefile.Refuse, safefile.Replace}
	_ func(string, ...option) *lockedfile.LockedFile[config]  = lockedfile.New[config]
	_ func(string, ...option) *lockedfile.ContextFile[config] = lockedfile.NewContext[config]

	_ func(context.Context, []string, func(context.Context) error, ...option) error = lockedfile.LockAll
	_ func(context.Context, []string, ...option) error                              = lockedfile.Recover
	_ func(context.Context, string, ...option) (*lockedfile.Lock, error)            = lockedfile.Acquire
	_ func(string, ...option) (*lockedfile.Lock, error)                             = lockedfile.TryAcquire
	_ func(*lockedfile.Lock) error                                                  = (*lockedfile.Lock).Release
	_ func(string, ...option) (lockedfile.Info, error)                              = lockedfile.Inspect
	_ func(string, ...option) error                                                 = lockedfile.ForceRelease
	_ func(string, ...option) (bool, error)                                         = lockedfile.ReleaseStale
	_ func(lockedfile.Info) time.Duration                                           = lockedfile.Info.Age
	_                                                                               = lockedfile.Info{LockPath: "", Held: false, Stale: false, PID: 0, Host: "", Since: time.Time{}, Journal: ""}

	_ []func(...codec.Option) codec.Codec                                              = []func(...codec.Option) codec.Codec{codec.JSON, codec.JSONC, codec.YAML, codec.TOML, codec.Text}
	_ func(func(io.Reader) (config, error), func(io.Writer, config) error) codec.Codec = codec.Pair[config]
	_ func(codec.Codec) codec.Codec                                                    = codec.Gzip
	_ func(codec.Codec, func(config) error) codec.Codec                                = codec.Validate[config]
	_                                                                                  = codec.EditReport{How: "spliced"}.How == "spliced"
	_ func() *registry.Registry                                                        = registry.New
	_ func() *registry.Registry                                                        = registry.Default
	_ func(*registry.Registry, string, codec.Codec)                                    = (*registry.Registry).Register
	_ func(*registry.Registry, string) (codec.Codec, error)                            = (*registry.Registry).Lookup
	_ func(*registry.Registry) []string                                                = (*registry.Registry).Formats
	_ func(*registry.Registry, string) string                                          = (*registry.Registry).Source
	_ func(string, codec.Codec)                                                        = registry.Register
	_ func(string) (codec.Codec, error)                                                = registry.Lookup
	_ func() []string                                                                  = registry.Formats
	_ func(string, func(io.Reader) (config, error), func(io.Writer, config) error)     = registry.RegisterPair[config]
	_ []guarantee.Guarantee                                                            = []guarantee.Guarantee{guarantee.AtomicVisibility, guarantee.CrashDurability, guarantee.WriterExclusion, guarantee.IntegrityDetection}
	_ []guarantee.Level                                                                = []guarantee.Level{guarantee.Guaranteed, guarantee.BestEffort, guarantee.NonTarget, guarantee.Unsupported}
	_ func(string, ...guarantee.InspectOption) (guarantee.Report, error)               = guarantee.Inspect
	_ func(...option) guarantee.InspectOption                                          = guarantee.HandleOptions
	_ func(string, ...guarantee.DoctorOption) (*guarantee.Diagnosis, error)            = guarantee.Doctor
	_ []func([]byte) string                                                            = []func([]byte) string{checksum.Sum}
	_ func(string) (string, error)                                                     = checksum.SumFile
	_ []func(string) error                                                             = []func(string) error{checksum.Verify, checksum.Write, checksum.Remove}
	_ func(string) (checksum.Info, error)                                              = checksum.Read
	_ []error                                                                          = []error{errors.ErrFile, errors.ErrRead, errors.ErrWrite, errors.ErrAppend, errors.ErrTimeout, errors.ErrLocked, errors.ErrLock, errors.ErrLockLost, errors.ErrChanged, errors.ErrUnknownFormat, errors.ErrDecode, errors.ErrEncode, errors.ErrTooLarge, errors.ErrUnsupportedEnvironment, errors.ErrCrossDevice, errors.ErrNotDurable, errors.ErrSymlink, errors.ErrChecksumMismatch, errors.ErrNoChecksum}
	_                                                                                  = errors.Error{Op: "", Path: "", Kind: nil, Err: nil}
	_                                                                                  = errors.TimeoutError{Path: "", Timeout: 0}
)
