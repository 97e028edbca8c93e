// Package guarantee tells which guarantees hold for a file at a given path, and can test them.
//
//   - AtomicVisibility: a reader sees the old content or the new one, never a part.
//   - CrashDurability: a change that was acknowledged survives a crash of the machine.
//   - WriterExclusion: two writers never overlap, so no change is lost.
//   - IntegrityDetection: damaged bytes are noticed.
//
// [Inspect] looks the path up in the table below. It changes nothing, and is fast enough to be called
// before every operation. [Doctor] with [Probe] also tries the system calls that the
// guarantees need, and lowers a level if a call does not do what the table says.
//
// # Levels
//
//   - Guaranteed: the guarantee holds.
//   - BestEffort: the guarantee holds within the limits that a note in the report gives.
//   - NonTarget: the guarantee may hold, but nobody promises it.
//   - Unsupported: the guarantee can't hold.
//
// A handle with the policy Strict refuses a write that relies on a guarantee of level NonTarget or
// Unsupported. A file in memory is BestEffort for CrashDurability: it survives a crash of the
// process, and is lost when the machine stops. So writes to it are not refused.
//
// # The table
//
// The columns visibility, durability, exclusion and integrity are the four guarantees. The lines of
// class any are conditions: each lowers the levels of the lines above.
//
//	class                   where                                              visibility   durability   exclusion    integrity
//	local_posix_persistent  ext4, xfs, btrfs on Linux; apfs on macOS           Guaranteed   Guaranteed   Guaranteed   Guaranteed
//	local_posix_persistent  other local filesystems; all on the BSDs           BestEffort   BestEffort   BestEffort   BestEffort
//	local_posix_volatile    in memory, on Linux                                Guaranteed   BestEffort   Guaranteed   Guaranteed
//	local_posix_volatile    in memory, elsewhere                               BestEffort   BestEffort   BestEffort   BestEffort
//	local_overlay           upper layer on ext4, xfs or btrfs                  Guaranteed   Guaranteed   Guaranteed   Guaranteed
//	local_overlay           upper layer in memory                              Guaranteed   BestEffort   Guaranteed   Guaranteed
//	local_overlay           upper layer on another or unknown filesystem       Guaranteed   BestEffort   Guaranteed   Guaranteed
//	local_overlay           mounted volatile                                   Guaranteed   Unsupported  Guaranteed   Guaranteed
//	network                 another machine, or the host of a virtual machine  NonTarget    NonTarget    NonTarget    NonTarget
//	foreign                 FAT, NTFS, FUSE; all local ones on Windows         NonTarget    NonTarget    NonTarget    NonTarget
//	pseudo                  proc, sysfs, cgroup and similar                    Unsupported  Unsupported  Unsupported  Unsupported
//	cluster                 a key of etcd instead of a path                    Guaranteed   Guaranteed   Guaranteed   Guaranteed
//	unknown                 everything else                                    NonTarget    NonTarget    NonTarget    NonTarget
//	any                     the file is a mount of its own                     Unsupported  as above     as above     as above
//	any                     mounted read-only                                  Unsupported  Unsupported  Unsupported  as above
//	any                     immutable or append-only file                      Unsupported  Unsupported  as above     as above
//	any                     immutable directory                                Unsupported  Unsupported  Unsupported  as above
//	any                     append-only directory                              Unsupported  Unsupported  as above     as above
//	any                     mounted with nobarrier                             as above     BestEffort   as above     as above
//
// # Limits
//
// Only Linux was run: ext4, xfs, btrfs, tmpfs, overlay, proc, FUSE, and read-only and single-file
// mounts. Other filesystems of Linux are known by their names. The lines for macOS, the BSDs and Windows
// follow their documentation.
//
// Some faults can't be seen by a program: a disk that reports a flush that it has not done, a ZFS
// dataset with sync=disabled, a virtual machine whose host ignores flushes.
//
// The type and the options of a mount are remembered as long as it is mounted. So a change by
// remounting may not be seen. The upper layer of an overlay usually can't be seen from inside a
// container.
package guarantee

import (
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/environ"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/safefile"
)

// Guarantee is the name of a guarantee.
type Guarantee string

// The four guarantees.
const (
	// AtomicVisibility: a reader sees the old content or the new one, never a part.
	AtomicVisibility Guarantee = "AtomicVisibility"
	// CrashDurability: a change that was acknowledged survives a crash of the machine.
	CrashDurability Guarantee = "CrashDurability"
	// WriterExclusion: two writers never overlap.
	WriterExclusion Guarantee = "WriterExclusion"
	// IntegrityDetection: damaged bytes are noticed.
	IntegrityDetection Guarantee = "IntegrityDetection"
)

// All gives the four guarantees, in the order of a report.
func All() []Guarantee {
	all := make([]Guarantee, environ.Guarantees)
	for g := range all {
		all[g] = Guarantee(environ.Guarantee(g).String())
	}
	return all
}

// Level says how far a guarantee holds for a path.
type Level string

// The levels, the best first. The policy Strict refuses writes at the last two.
const (
	// Guaranteed: the guarantee holds.
	Guaranteed Level = "Guaranteed"
	// BestEffort: the guarantee holds within the limits that a note in the report gives.
	BestEffort Level = "BestEffort"
	// NonTarget: the guarantee may hold, but nobody promises it.
	NonTarget Level = "NonTarget"
	// Unsupported: the guarantee can't hold.
	Unsupported Level = "Unsupported"
)

// Environment describes the filesystem that a file lies on.
type Environment struct {
	// Filesystem is the system's name of the filesystem, such as "ext4", "nfs4" or "fuse.sshfs". It is
	// empty if unknown.
	Filesystem string `json:"filesystem"`
	// Class is "local_posix_persistent", "local_posix_volatile", "local_overlay",
	// "network", "foreign", "pseudo", "cluster" or "unknown".
	Class string `json:"class"`
	// OS is the operating system, as in runtime.GOOS.
	OS string `json:"os"`
	// Mount is the path where the filesystem is mounted. It is empty if unknown.
	Mount string `json:"mount"`
	// ReadOnly reports that the filesystem is mounted read-only.
	ReadOnly bool `json:"readOnly"`
	// FileMount reports that the file itself is a mount, such as a single file that is
	// mounted into a container. No rename can replace it.
	FileMount bool `json:"fileMount"`
}

// Report is the result of [Inspect].
type Report struct {
	Environment `json:"environment"`
	// Guarantees has the level of each of the four guarantees.
	Guarantees map[Guarantee]Level `json:"guarantees"`
	// Notes holds first the reason for each level, in the order of All. Other remarks follow, such as
	// that the directory does not exist.
	Notes []string `json:"notes"`
}

// InspectOption is an option of [Inspect].
type InspectOption interface{ inspectOption(*settings) }

// DoctorOption is an option of [Doctor].
type DoctorOption interface{ doctorOption(*settings) }

// Option is an option of both [Inspect] and [Doctor].
type Option interface {
	InspectOption
	DoctorOption
}

// settings are the values that the options set.
type settings struct {
	lockDir  string
	probe    bool
	required []Guarantee
	helper   []string
	handle   []safefile.Option // of HandleOptions
}

type option func(*settings)

func (o option) inspectOption(s *settings) { o(s) }
func (o option) doctorOption(s *settings)  { o(s) }

// LockDir says that the file's lock lies in dir, as with safefile.WithLockDir. Then the level of
// WriterExclusion depends on the filesystem of dir. An empty dir means the file's own directory.
func LockDir(dir string) Option { return option(func(s *settings) { s.lockDir = dir }) }

type inspectOption func(*settings)

func (o inspectOption) inspectOption(s *settings) { o(s) }

// HandleOptions has Inspect report on the file that a handle with these options keeps at the path. With
// safefile.WithLockDir the lock's directory counts, as with [LockDir]. With the option On of package etcd the
// report is on the cluster, and the filesystem at the path does not matter. A bad option is an error.
func HandleOptions(opts ...safefile.Option) InspectOption {
	return inspectOption(func(s *settings) { s.handle = append(s.handle, opts...) })
}

// judge is implemented by a store that keeps its files on no filesystem.
type judge interface{ Verdict() environ.Verdict }

// Inspect tells which guarantees hold for the file at path. It follows symbolic links and changes
// nothing. If the file does not exist, its directory is inspected. If that does not exist either, the
// nearest existing directory above it is inspected, and a note says so. For the path of a
// directory the result is that of a file in it.
//
// A loop of links is errors.ErrSymlink. Other errors are the system's, for example if a part of the
// path is not a directory. It is not an error that no guarantee holds.
//
// Inspect is safe for concurrent use. It takes a few microseconds, and longer at the first
// call for a mount.
func Inspect(path string, opts ...InspectOption) (Report, error) {
	var s settings
	for _, o := range opts {
		if o == nil {
			panic("guarantee.Inspect: nil option")
		}
		o.inspectOption(&s)
	}
	return inspect(path, &s)
}

func inspect(path string, s *settings) (Report, error) {
	verdict, err := s.verdict(path)
	if err != nil {
		return Report{}, err
	}
	report := Report{
		Environment: Environment(verdict.Environment),
		Guarantees:  make(map[Guarantee]Level, environ.Guarantees),
		Notes:       make([]string, 0, environ.Guarantees+len(verdict.Remarks)),
	}
	for i, g := range All() {
		level, why := Level(verdict.Level(environ.Guarantee(i)).String()), verdict.Why(environ.Guarantee(i))
		report.Guarantees[g] = level
		report.Notes = append(report.Notes, string(g)+" is "+string(level)+": "+why)
	}
	report.Notes = append(report.Notes, verdict.Remarks...)
	return report, nil
}

// verdict asks the store of the handle's options, or the environment table for a file on a disk.
func (s *settings) verdict(path string) (environ.Verdict, error) {
	if len(s.handle) == 0 {
		return environ.Inspect(path, s.lockDir)
	}
	o := handle.Collect(s.handle)
	e, request, err := handle.Target(path, &o)
	if err != nil {
		return environ.Verdict{}, &errors.Error{Op: "inspect", Path: path, Err: err}
	}
	if store, ok := e.Store().(judge); ok {
		return store.Verdict(), nil
	}
	if request.Target.LockDir != "" {
		s.lockDir = request.Target.LockDir
	}
	return environ.Inspect(path, s.lockDir)
}
