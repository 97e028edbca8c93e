package environ

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Inspect judges path as [Directory.Judge] does, and follows symbolic links. If the file does not exist, its
// directory is judged, or the nearest existing directory above it, and the Remarks say so. The path of a
// directory stands for a file in it. lockDir is the directory of the lock; empty means beside the file.
//
// A loop of links is errors.ErrSymlink.
func Inspect(path, lockDir string) (Verdict, error) {
	v, err := inspect(path)
	if err != nil {
		return Verdict{}, &errors.Error{Op: "inspect", Path: path, Err: err}
	}
	if lockDir == "" {
		return v, nil
	}
	lock, err := inspect(lockDir)
	if err != nil {
		return Verdict{}, &errors.Error{Op: "inspect", Path: lockDir, Err: err}
	}
	v.LockedBy(&lock)
	v.Remarks = append(v.Remarks, lock.Remarks...)
	return v, nil
}

func inspect(path string) (Verdict, error) {
	found, err := Find(path)
	if err != nil {
		return Verdict{}, err
	}
	dir, self, err := nearest(found.Dir)
	if err != nil {
		return Verdict{}, err
	}
	judged, err := JudgeDir(dirPath(dir), self)
	if err != nil {
		return Verdict{}, err
	}
	v, err := judged.Judge(found.Name, found.File)
	if err == nil && dir != found.Dir {
		v.Remarks = append(v.Remarks, "the directory "+found.Dir+" does not exist")
	}
	return v, err
}

// dirPath is the path of a directory. The directory is not opened, since that may need a permission that stat(2)
// does not need.
type dirPath string

func (d dirPath) Volume(name string, info vfs.Info) (vfs.Volume, error) {
	if name == "" {
		return vfs.OS.Volume(string(d), info)
	}
	return vfs.OS.Volume(vfs.Join(string(d), name), info)
}

// Resolved is the file or directory that a path leads to.
type Resolved struct {
	Dir  string    // the directory that holds the file, or that the path names
	Name string    // the file's name in it; empty if the path names a directory
	File *vfs.Info // nil if it does not exist or the path names a directory
}

// Find follows symbolic links at the end of the path, dangling ones too. The result's
// directory is absolute and need not exist. [vfs.Resolve] says which links are
// refused.
func Find(path string) (Resolved, error) {
	path, err := absolute(path)
	if err != nil {
		return Resolved{}, err
	}
	parent := func(dir, _ string) (vfs.Info, error) { return vfs.OS.Stat(dir, true) }
	e, err := vfs.Resolve(vfs.OS, path, parent, func(string) (bool, error) { return true, nil })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Resolved{Dir: e.Dir, Name: e.Name}, nil
	case err != nil:
		return Resolved{}, err
	case e.Info != nil && e.Info.Mode.IsDir():
		return Resolved{Dir: e.Path}, nil
	}
	return Resolved{Dir: e.Dir, Name: e.Name, File: e.Info}, nil
}

// absolute does not clean the path: ".." after a link to a directory means the parent of the link's target.
func absolute(path string) (string, error) {
	if path == "" {
		return "", errors.New("the path is empty")
	}
	for len(path) > 1 && os.IsPathSeparator(path[len(path)-1]) && path != filepath.VolumeName(path)+path[len(path)-1:] {
		path = path[:len(path)-1]
	}
	if filepath.IsAbs(path) {
		return path, nil
	}
	if filepath.VolumeName(path) != "" {
		return filepath.Abs(path)
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return vfs.Join(here, path), nil
}

// nearest describes dir or the closest existing directory above it.
func nearest(dir string) (string, vfs.Info, error) {
	for {
		info, err := vfs.OS.Stat(dir, true)
		above, _ := vfs.Split(dir)
		if !errors.Is(err, fs.ErrNotExist) || above == dir {
			return dir, info, err
		}
		dir = above
	}
}
