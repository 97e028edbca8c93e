// Package environ owns the environment table: which of the four guarantees a
// place can keep, by the filesystem, the mount and the file's own attributes.
//
// [Inspect] judges a path, following links; [Look] judges a directory that is
// open, and [Home.Judge] a name in it, cheaply enough for every write. Both
// answer with a [Verdict]: what was found, a level per guarantee, and the reason
// for each. Nothing here writes, creates, locks or changes anything.
//
// Package vfs gives the facts, see [vfs.Volume]. If it can't name the filesystem, the class is unknown
// and nothing is promised. A simulated disk is not judged.
package environ

import (
	"runtime"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Environment describes the place of a path.
type Environment struct {
	Filesystem string // as the system names it: "ext4", "fuse.sshfs"; empty if it can't be told
	Class      string // Persistent, Volatile, …
	OS         string // runtime.GOOS
	Mount      string // where the filesystem is mounted; empty if it can't be told
	ReadOnly   bool   // the mount takes no writes
	FileMount  bool   // the file is a mount of its own
}

// Verdict is an Environment with the level of each guarantee. It is a plain value, safe to copy and keep.
type Verdict struct {
	Environment
	// Remarks are facts about the path that change no level, as sentences.
	Remarks []string
	// Fixed reports that the file or its directory is immutable or append-only.
	Fixed  bool
	judged [guarantees]Judgement
}

// Level says how far the guarantee holds. It is the zero Level if the place was not judged.
func (v *Verdict) Level(g Guarantee) Level { return v.judged[g].Level }

// Why gives the reason for the guarantee's level, and what to do if it is low.
func (v *Verdict) Why(g Guarantee) string { return v.judged[g].Why }

// LockedBy takes the level of WriterExclusion from the directory of the lock, for a lock that does not lie beside
// its file.
func (v *Verdict) LockedBy(lock *Verdict) {
	v.judged[WriterExclusion] = lock.judged[WriterExclusion]
	if v.Class == Network && lock.Class != Network && !lock.Level(WriterExclusion).Refused() {
		v.judged[WriterExclusion].Why = "the lock directory is this machine's own: writers on other machines are not excluded"
	}
}

// volumes tells what a name in one directory, or without a name the directory
// itself, lies on, as [vfs.Dir] does.
type volumes interface {
	Volume(name string, info vfs.Info) (vfs.Volume, error)
}

// Home is a directory that Look has judged. It is valid as long as the directory is open.
type Home struct {
	volumes volumes
	self    vfs.Info
	verdict Verdict
}

// Look judges an open directory; self is its current description. An error is the system's. An unknown filesystem
// is no error.
func Look(dir vfs.Dir, self vfs.Info) (Home, error) { return look(dir, self) }

func look(dir volumes, self vfs.Info) (Home, error) {
	h := Home{volumes: dir, self: self}
	volume, err := dir.Volume("", self)
	switch {
	case err == nil:
		h.verdict = judge(&volume)
		h.verdict.takeDir(&self)
	case !errors.Is(err, vfs.ErrNoVolume):
		return Home{}, err
	}
	return h, nil
}

// Verdict gives the verdict for a new file in the directory.
func (h *Home) Verdict() Verdict { return h.verdict }

// Local reports whether only this machine's kernel changes the filesystem.
func (h *Home) Local() bool {
	class := h.verdict.Environment.Class
	return class == Persistent || class == Volatile
}

// BitsDecide reports whether a file's permission bits alone decide who may write it. They do on a local filesystem
// that is not mounted read-only.
func (h *Home) BitsDecide() bool { return h.Local() && !h.verdict.Environment.ReadOnly }

// Judge judges the file of that name in the directory. target is its description, without following links; nil
// means that it does not exist. Judge makes a system call only if the file is itself a mount.
func (h *Home) Judge(name string, target *vfs.Info) (Verdict, error) {
	v := h.verdict
	if target == nil || target.Mode.IsDir() {
		return v, nil
	}
	if IsFileMount(&h.self, target) {
		volume, err := h.volumes.Volume(name, *target)
		if errors.Is(err, vfs.ErrNoVolume) {
			return v, nil
		}
		if err != nil {
			return Verdict{}, err
		}
		v.mountedOn(&volume)
	}
	if target.Mode.IsRegular() && target.Mount.RootUnknown {
		v.Remarks = append(slices.Clip(v.Remarks), mountUnknown)
	}
	if target.Mount.Immutable || target.Mount.Append {
		v.take(fixedFile)
		v.Fixed = true
	}
	return v, nil
}

// IsFileMount reports whether a file is itself a mount, and so can't be replaced. Linux tells so. On other systems, a
// mount has another device than its directory.
func IsFileMount(dir, target *vfs.Info) bool {
	return target.Mode.IsRegular() && (target.Mount.Root || runtime.GOOS != "linux" && target.Dev != dir.Dev)
}

// judge combines the line of the filesystem with the conditions that hold.
func judge(volume *vfs.Volume) Verdict {
	row := &table[classify(runtime.GOOS, volume)]
	v := Verdict{judged: row.cells, Environment: Environment{
		Filesystem: volume.Type,
		Class:      row.class,
		OS:         runtime.GOOS,
		Mount:      volume.Point,
		ReadOnly:   volume.ReadOnly,
	}}
	if volume.NoBarrier {
		v.take(noBarrier)
	}
	if volume.ReadOnly {
		v.take(readOnlyMount)
	}
	return v
}

// takeDir applies what the directory's own attributes forbid.
func (v *Verdict) takeDir(dir *vfs.Info) {
	if dir.Mount.Immutable {
		v.take(fixedDir)
		v.Fixed = true
	}
	if dir.Mount.Append {
		v.take(appendOnlyDir)
		v.Fixed = true
	}
}

// take applies a condition.
func (v *Verdict) take(c condition) {
	for g, cell := range taken[c].cells {
		v.judged[g] = worse(v.judged[g], cell)
	}
}

// mountedOn moves the verdict to the filesystem mounted on the file. The lock
// stays beside the path, and so does its level.
func (v *Verdict) mountedOn(file *vfs.Volume) {
	beside := *v
	*v = judge(file)
	v.LockedBy(&beside)
	v.FileMount = true
	v.take(fileMount)
}
