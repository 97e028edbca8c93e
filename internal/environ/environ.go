// Package environ owns the environment table. The table says which of the four guarantees
// hold for a file, by the filesystem, the mount and the file's own attributes.
//
//   - [Inspect] judges a path and follows links.
//   - [JudgeDir] judges an open directory, and [Directory.Judge] a name in it, cheaply enough
//     for every write.
//
// Both give a [Verdict]: the environment, a level per guarantee, and the reason for each
// level. No function of this package writes, creates, locks or changes anything.
//
// Package vfs gives the facts, see [vfs.Volume]. If vfs can't name the filesystem, the class is
// unknown and nothing is promised. A simulated disk is not judged.
package environ

import (
	"runtime"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Environment describes the filesystem that a path lies on.
type Environment struct {
	Filesystem string // the system's name of it: "ext4", "fuse.sshfs"; empty if unknown
	Class      string // Persistent, Volatile, …
	OS         string // runtime.GOOS
	Mount      string // where the filesystem is mounted; empty if unknown
	ReadOnly   bool   // the filesystem is mounted read-only
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

// InCluster is the verdict on a file that a store of this name keeps on several machines.
func InCluster(name string) Verdict {
	return Verdict{Environment: Environment{Filesystem: name, Class: Cluster, OS: runtime.GOOS}, judged: table[cluster].cells}
}

// Level says how far the guarantee holds. It is the zero Level if the path was not judged.
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

// Volumes is the method Volume of [vfs.Dir]. It describes the volume of a name in a directory; an
// empty name stands for the directory itself.
type Volumes interface {
	Volume(name string, info vfs.Info) (vfs.Volume, error)
}

// Directory is a directory that JudgeDir has judged. It is valid as long as the directory is open.
type Directory struct {
	volumes Volumes
	self    vfs.Info
	verdict Verdict
}

// JudgeDir judges an open directory; self is its current description. An error is the system's. An unknown
// filesystem is no error.
func JudgeDir(dir Volumes, self vfs.Info) (Directory, error) {
	d := Directory{volumes: dir, self: self}
	volume, err := dir.Volume("", self)
	switch {
	case err == nil:
		d.verdict = judge(&volume)
		if self.Mount.Immutable {
			d.verdict.apply(fixedDir)
			d.verdict.Fixed = true
		}
		if self.Mount.Append {
			d.verdict.apply(appendOnlyDir)
			d.verdict.Fixed = true
		}
	case !errors.Is(err, vfs.ErrNoVolume):
		return Directory{}, err
	}
	return d, nil
}

// Verdict gives the verdict for a new file in the directory.
func (d *Directory) Verdict() Verdict { return d.verdict }

// BitsDecide reports whether a file's permission bits alone decide who may write it. They do where only this
// machine's kernel changes the filesystem, and it is not mounted read-only.
func (d *Directory) BitsDecide() bool {
	e := &d.verdict.Environment
	return (e.Class == Persistent || e.Class == Volatile) && !e.ReadOnly
}

// Judge judges the file of that name in the directory. target is the file's description, without following links;
// nil means that the file does not exist. Judge makes a system call only if the file is itself a mount.
func (d *Directory) Judge(name string, target *vfs.Info) (Verdict, error) {
	v := d.verdict
	if target == nil || target.Mode.IsDir() {
		return v, nil
	}
	if IsFileMount(&d.self, target) {
		volume, err := d.volumes.Volume(name, *target)
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
		v.apply(fixedFile)
		v.Fixed = true
	}
	return v, nil
}

// IsFileMount reports whether a file is itself a mount, and so can't be replaced. On Linux statx(2) says so. On other
// systems, a mount has another device than its directory.
func IsFileMount(dir, target *vfs.Info) bool {
	return target.Mode.IsRegular() && (target.Mount.Root || runtime.GOOS != "linux" && target.Dev != dir.Dev)
}

// judge combines the row of the filesystem with the conditions that hold.
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
		v.apply(noBarrier)
	}
	if volume.ReadOnly {
		v.apply(readOnlyMount)
	}
	return v
}

// apply lowers the levels that a condition lowers.
func (v *Verdict) apply(c condition) {
	for g, cell := range conditionTable[c].cells {
		v.judged[g] = worse(v.judged[g], cell)
	}
}

// mountedOn makes v the verdict on the filesystem that is mounted on the file. The level of
// WriterExclusion stays, since the lock lies in the directory and not on that filesystem.
func (v *Verdict) mountedOn(file *vfs.Volume) {
	directory := *v
	*v = judge(file)
	v.LockedBy(&directory)
	v.FileMount = true
	v.apply(fileMount)
}
