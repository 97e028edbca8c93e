// Package guarantee says what can be promised about a file at a given path, and
// can prove it.
//
//   - AtomicVisibility: a reader sees the old content or the new, never a part.
//   - CrashDurability: what a write acknowledged survives a crash of the machine.
//   - WriterExclusion: two writers never overlap, so no change is lost.
//   - IntegrityDetection: bytes that silently changed are noticed.
//
// [Inspect] looks the path up in the table below. It changes nothing and is cheap
// enough to call before every operation. [Doctor] with [Probe] tries the system
// calls that the promises rest on, and says where reality is worse than the
// table.
//
// # Levels
//
// Guaranteed means kept, on a system the library is made for. BestEffort means
// kept as far as a note in the report says. NonTarget means that it may work,
// but nobody promises it; Unsupported, that it can't. A handle's Strict policy
// refuses to write where a guarantee that it relies on is one of the last two.
// A file in memory is not refused: its durability is BestEffort, since it
// outlives the process but not the machine.
//
// # The table
//
// visibility, durability, exclusion and integrity stand for the four guarantees.
// Where a condition at the end holds, it lowers what the lines above say.
//
//	class                   where                                              visibility   durability   exclusion    integrity
//	local_posix_persistent  ext4, xfs, btrfs on Linux; apfs on macOS           Guaranteed   Guaranteed   Guaranteed   Guaranteed
//	local_posix_persistent  other local filesystems; every one on the BSDs     BestEffort   BestEffort   BestEffort   BestEffort
//	local_posix_volatile    in memory, on Linux                                Guaranteed   BestEffort   Guaranteed   Guaranteed
//	local_posix_volatile    in memory, elsewhere                               BestEffort   BestEffort   BestEffort   BestEffort
//	local_overlay           upper layer on ext4, xfs or btrfs                  Guaranteed   Guaranteed   Guaranteed   Guaranteed
//	local_overlay           upper layer in memory                              Guaranteed   BestEffort   Guaranteed   Guaranteed
//	local_overlay           upper layer elsewhere, or not to be seen           Guaranteed   BestEffort   Guaranteed   Guaranteed
//	local_overlay           mounted volatile                                   Guaranteed   Unsupported  Guaranteed   Guaranteed
//	network                 another machine's, or the host's of a virtual one  NonTarget    NonTarget    NonTarget    NonTarget
//	foreign                 FAT, NTFS, FUSE; every local one on Windows        NonTarget    NonTarget    NonTarget    NonTarget
//	pseudo                  proc, sysfs, cgroup and their like                 Unsupported  Unsupported  Unsupported  Unsupported
//	unknown                 everything else                                    NonTarget    NonTarget    NonTarget    NonTarget
//	any                     the file is a mount of its own                     Unsupported  as above     as above     as above
//	any                     mounted read-only                                  Unsupported  Unsupported  Unsupported  as above
//	any                     immutable or append-only file                      Unsupported  Unsupported  as above     as above
//	any                     immutable directory                                Unsupported  Unsupported  Unsupported  as above
//	any                     append-only directory                              Unsupported  Unsupported  as above     as above
//	any                     mounted with nobarrier                             as above     BestEffort   as above     as above
//
// # Where it weakens
//
// Only Linux was ever run: the lines for macOS, the BSDs and Windows rest on
// their documentation. On Linux, ext4, xfs, btrfs, tmpfs, overlay, proc, FUSE,
// read-only and single-file mounts were; the others are known by their names.
//
// A disk that lies about its cache, a ZFS dataset with sync=disabled, or a
// virtual machine whose host ignores flushes can't be seen from here.
//
// A mount's type and options are remembered while it stays mounted, so a change
// of them by remounting may go unseen. Whether it is read-only is always asked
// anew, but by a write to a mount that took writes before: if it takes none any
// more, the system says so. In a container the upper layer of an overlay usually
// can't be seen.
package guarantee

import "github.com/holdfast-go/holdfast/internal/environ"

// Guarantee is the name of one of the four promises.
type Guarantee string

// The four guarantees.
const (
	// AtomicVisibility: a reader sees the old content or the new, never a part.
	AtomicVisibility Guarantee = "AtomicVisibility"
	// CrashDurability: what was acknowledged survives a crash of the machine.
	CrashDurability Guarantee = "CrashDurability"
	// WriterExclusion: two writers never overlap.
	WriterExclusion Guarantee = "WriterExclusion"
	// IntegrityDetection: bytes that silently changed are noticed.
	IntegrityDetection Guarantee = "IntegrityDetection"
)

// All gives the four guarantees in the order in which they are reported.
func All() []Guarantee {
	all := make([]Guarantee, environ.Guarantees)
	for g := range all {
		all[g] = Guarantee(environ.Guarantee(g).String())
	}
	return all
}

// Level says how far a guarantee holds at a path.
type Level string

// The levels, from kept to impossible. The Strict policy refuses the last two.
const (
	// Guaranteed: kept.
	Guaranteed Level = "Guaranteed"
	// BestEffort: kept as far as a note in the report says.
	BestEffort Level = "BestEffort"
	// NonTarget: may work, but nobody promises it.
	NonTarget Level = "NonTarget"
	// Unsupported: cannot be kept here.
	Unsupported Level = "Unsupported"
)

// Environment is what was found out about a path.
type Environment struct {
	// Filesystem is the system's name for it, such as "ext4", "nfs4" or
	// "fuse.sshfs"; empty if it can't be told.
	Filesystem string `json:"filesystem"`
	// Class is "local_posix_persistent", "local_posix_volatile", "local_overlay",
	// "network", "foreign", "pseudo" or "unknown".
	Class string `json:"class"`
	// OS is the operating system, as in runtime.GOOS.
	OS string `json:"os"`
	// Mount is where the filesystem is mounted; empty if it can't be told.
	Mount string `json:"mount"`
	// ReadOnly reports that the filesystem is mounted read-only.
	ReadOnly bool `json:"readOnly"`
	// FileMount reports that the file is a mount of its own, as a single file
	// bound into a container is. No rename can replace it.
	FileMount bool `json:"fileMount"`
}

// Report is what Inspect found.
type Report struct {
	Environment `json:"environment"`
	// Guarantees has an entry for each of the four.
	Guarantees map[Guarantee]Level `json:"guarantees"`
	// Notes give the reason for each level, in the order of All, and then what
	// else is worth knowing, such as a directory that does not exist.
	Notes []string `json:"notes"`
}

// InspectOption refines Inspect.
type InspectOption interface{ inspectOption(*settings) }

// DoctorOption refines Doctor.
type DoctorOption interface{ doctorOption(*settings) }

// Option serves Inspect and Doctor alike.
type Option interface {
	InspectOption
	DoctorOption
}

// settings is what the options say.
type settings struct {
	lockDir  string
	probe    bool
	required []Guarantee
	helper   []string
}

type option func(*settings)

func (o option) inspectOption(s *settings) { o(s) }
func (o option) doctorOption(s *settings)  { o(s) }

// LockDir says that the file's lock lies in dir, as with safefile.WithLockDir:
// WriterExclusion is what dir's filesystem can keep. Empty means beside the file.
func LockDir(dir string) Option { return option(func(s *settings) { s.lockDir = dir }) }

// Inspect says what can be promised about the file at path. It follows symbolic
// links and changes nothing. A file that does not exist yet is judged by its
// directory, and if that is missing too by the nearest one above it, which a note
// says. A path to a directory is judged as a file in it would be.
//
// The error is errors.ErrSymlink for links that never end, and otherwise the
// system's, as for a path through something that is no directory. A place that
// can promise nothing is not an error.
//
// It is safe for concurrent use, and takes a few microseconds once the mount is
// known.
func Inspect(path string, opts ...InspectOption) (Report, error) {
	var s settings
	for _, o := range opts {
		o.inspectOption(&s)
	}
	return inspect(path, &s)
}

func inspect(path string, s *settings) (Report, error) {
	verdict, err := environ.Inspect(path, s.lockDir)
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
