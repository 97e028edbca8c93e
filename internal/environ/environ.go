// Package environ owns the environment table: which of the four guarantees a
// place can keep, by the filesystem, the mount and the file's own attributes.
//
// [Inspect] judges a path, following links; [At] judges a name in a directory
// that is already open, cheaply enough for every write. Both answer with a
// [Verdict]: what was found, a level per guarantee, and the reason for each.
// Nothing here writes, creates, locks or changes anything.
//
// What a platform tells, weakest last:
//   - Linux: one statx and one statfs. Only a mount's type and options, from the
//     mount table, are remembered; whether it is read-only is asked each time.
//     Without /proc the filesystem is known by its number alone, and an
//     overlay's upper layer not at all.
//   - macOS, FreeBSD, OpenBSD, NetBSD: the filesystem's name and flags by statfs.
//     Never run there.
//   - Windows: the volume's filesystem and whether it is on the network. Never
//     run there.
//   - elsewhere the filesystem is unknown, so nothing is promised.
package environ

import (
	"io/fs"
	"runtime"
)

// Environment is what was found out about one path.
type Environment struct {
	Filesystem string // as the system names it: "ext4", "fuse.sshfs"; empty if it can't be told
	Class      string // Persistent, Volatile, …
	OS         string // runtime.GOOS
	Mount      string // where the filesystem is mounted; empty if it can't be told
	ReadOnly   bool   // the mount takes no writes
	FileMount  bool   // the file is a mount of its own
}

// Verdict is an Environment, and what can be promised there. It is a plain
// value, safe to copy and keep.
type Verdict struct {
	Environment
	// Remarks are facts about the path that change no level, as sentences.
	Remarks []string
	judged  [guarantees]Judgement
}

// Level says how far the guarantee holds.
func (v *Verdict) Level(g Guarantee) Level { return v.judged[g].Level }

// Why gives the reason for the guarantee's level, and what to do if it is low.
func (v *Verdict) Why(g Guarantee) string { return v.judged[g].Why }

// LockedBy makes WriterExclusion what it is in the place of the lock's
// directory, for a lock that does not lie beside its file.
func (v *Verdict) LockedBy(lock *Verdict) {
	v.judged[WriterExclusion] = lock.judged[WriterExclusion]
	if v.Class == Network && lock.Class != Network && !lock.Level(WriterExclusion).Refused() {
		v.judged[WriterExclusion].Why = "the lock directory is this machine's own: writers on other machines are not excluded"
	}
}

// Node is what one look at a name tells, links not followed.
type Node struct {
	Mode              fs.FileMode
	UID, GID          uint32
	Size              int64  // in bytes
	Dev, Ino          uint64 // what names the file while it exists
	Modified, Changed int64  // in nanoseconds since 1970
	Immutable         bool   // chattr +i, chflags schg or uchg
	AppendOnly        bool   // chattr +a, chflags sappnd or uappnd
	MountRoot         bool   // something is mounted exactly here; Linux only
}

// Stat looks at name in the open directory dir; an empty name is the directory
// itself. A missing name is fs.ErrNotExist. On Windows dir must be a handle
// that os.Open gave, and owner, device and inode stay 0; on a system that is
// none of those above it is errors.ErrUnsupported.
func Stat(dir uintptr, name string) (Node, error) { return statAt(dir, name) }

// At judges name in the open directory dir, links not followed. target is what
// Stat told about it, nil if it does not exist or dir itself is in question. The
// error is that of the system; a missing or odd filesystem is none.
func At(dir uintptr, name string, target *Node) (Verdict, error) {
	home, err := lookAt(dir)
	if err != nil {
		return Verdict{}, err
	}
	v := judge(&home)
	if target == nil || target.Mode.IsDir() {
		return v, nil
	}
	if isFileMount(&home.node, target) {
		if err := v.intoFileMount(dir, name); err != nil {
			return Verdict{}, err
		}
	}
	if target.Immutable || target.AppendOnly {
		v.take(fixedFile)
	}
	return v, nil
}

// Space tells how many bytes and how many new files the filesystem of the
// directory at path still takes from a program without privileges. inodes is -1
// where the filesystem does not count them.
func Space(path string) (bytes, inodes int64, err error) {
	bytes, inodes, all, err := space(path)
	if all == 0 {
		inodes = -1
	}
	return bytes, inodes, err
}

// Writable asks whether this process may create files in the directory at path,
// without trying. nil means that permissions and mount allow it, and
// errors.ErrUnsupported that the system can't be asked.
func Writable(path string) error { return writable(path) }

// mount is what stays true of a mounted filesystem.
type mount struct {
	filesystem string // the system's name for it
	point      string // where it is mounted
	upper      string // the filesystem of an overlay's upper layer; empty if it can't be seen
	remote     bool   // the system says that it is not local
	unsynced   bool   // an overlay mounted volatile
	noBarrier  bool   // fsync does not reach through the disk's cache
}

// look is what a platform tells about an open file or directory.
type look struct {
	mount    mount
	node     Node
	readOnly bool // asked just now
}

// judge combines the row of the filesystem with the conditions that hold of it.
func judge(l *look) Verdict {
	row := &table[classify(runtime.GOOS, &l.mount)]
	v := Verdict{judged: row.cells, Environment: Environment{
		Filesystem: l.mount.filesystem,
		Class:      row.class,
		OS:         runtime.GOOS,
		Mount:      l.mount.point,
		ReadOnly:   l.readOnly,
	}}
	if l.mount.noBarrier {
		v.take(noBarrier)
	}
	if l.readOnly {
		v.take(readOnlyMount)
	}
	if l.node.Mode.IsDir() && l.node.Immutable {
		v.take(fixedDir)
	}
	if l.node.Mode.IsDir() && l.node.AppendOnly {
		v.take(appendOnlyDir)
	}
	return v
}

// take applies a condition.
func (v *Verdict) take(c condition) {
	for g, cell := range taken[c].cells {
		v.judged[g] = worse(v.judged[g], cell)
	}
}

// isFileMount: a mount is seen directly, or by a device that is not its directory's.
func isFileMount(dir, target *Node) bool {
	return target.Mode.IsRegular() && (target.MountRoot || target.Dev != dir.Dev && !sharesDevices)
}

// intoFileMount moves the verdict to the filesystem mounted on the file. The
// lock stays beside the path, and so does its level.
func (v *Verdict) intoFileMount(dir uintptr, name string) error {
	file, err := openAt(dir, name)
	if err != nil {
		return err
	}
	defer closeAt(file)
	mounted, err := lookAt(file)
	if err != nil {
		return err
	}
	beside := *v
	*v = judge(&mounted)
	v.LockedBy(&beside)
	v.FileMount = true
	v.take(fileMount)
	return nil
}
