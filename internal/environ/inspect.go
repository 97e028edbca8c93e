package environ

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
)

// maxLinks is how many symbolic links in a row are followed, as Linux does.
const maxLinks = 40

// Inspect judges path as At does, following symbolic links. What does not exist
// yet is judged by its directory, and if that is missing too by the nearest one
// above, which the Remarks say. A path to a directory stands for a file in it.
// lockDir is where the lock lies; empty means beside the file.
//
// A chain of links that does not end is errors.ErrSymlink.
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
	dir, missing, err := openNearest(found.Dir)
	if err != nil {
		return Verdict{}, err
	}
	defer closeAt(dir)
	v, err := At(dir, found.Name, found.Node)
	if err != nil {
		return Verdict{}, err
	}
	if missing != "" {
		v.Remarks = append(v.Remarks, "the directory "+missing+" does not exist")
	}
	return v, nil
}

// Location is where a path leads.
type Location struct {
	Dir  string // the directory that holds the file, or that the path names
	Name string // the file's name in it; empty if the path names a directory
	Node *Node  // the file; nil if it does not exist or the path names a directory
}

// Find follows the path's final symbolic links, dangling ones too. The result's
// directory is absolute and need not exist. A path that never ends is
// errors.ErrSymlink.
func Find(path string) (Location, error) {
	path, err := absolute(path)
	if err != nil {
		return Location{}, err
	}
	for range maxLinks {
		node, err := lstat(path)
		dir, name := split(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return Location{Dir: dir, Name: name}, nil
		case err != nil:
			return Location{}, err
		case node.Mode.IsDir():
			return Location{Dir: path}, nil
		case node.Mode.Type() != fs.ModeSymlink:
			return Location{Dir: dir, Name: name, Node: &node}, nil
		}
		if path, err = follow(path, dir); err != nil {
			return Location{}, err
		}
	}
	return Location{}, errors.ErrSymlink
}

// absolute does not clean the path: a ".." after a link to a directory is the
// parent of what the link leads to.
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
	return here + string(filepath.Separator) + path, nil
}

// follow reads the link at path, which lies in dir, and stays uncleaned too.
func follow(path, dir string) (string, error) {
	target, err := os.Readlink(path)
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(target) {
		target = dir + string(filepath.Separator) + target
	}
	return absolute(target)
}

// split takes the last name off a path; the root's directory is the root.
func split(path string) (dir, name string) {
	at := len(path) - 1
	for at >= 0 && !os.IsPathSeparator(path[at]) {
		at--
	}
	dir, name = path[:at], path[at+1:]
	if strings.TrimPrefix(dir, filepath.VolumeName(path)) == "" {
		dir = path[:at+1]
	}
	return dir, name
}

// openNearest opens dir or the closest existing directory above it. missing is
// dir if that does not exist.
func openNearest(dir string) (opened uintptr, missing string, err error) {
	for at := dir; ; {
		opened, err = openDir(at)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return opened, missing, err
		}
		missing = dir
		above, _ := split(at)
		if above == at {
			return 0, "", err
		}
		at = above
	}
}
