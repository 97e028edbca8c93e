package vfs

import "path/filepath"

// Split cuts a path before its last element. It does not clean the path, since only the kernel knows what ".." means
// after a link. The directory is not empty if the path is absolute.
func Split(path string) (dir, name string) {
	dir, name = filepath.Split(path)
	for len(dir) > len(filepath.VolumeName(dir))+1 && filepath.IsAbs(dir[:len(dir)-1]) && dir[len(dir)-1] == filepath.Separator {
		dir = dir[:len(dir)-1]
	}
	return dir, name
}

// Join puts a name into a directory. It does not clean the path either.
func Join(dir, name string) string {
	if dir != "" && dir[len(dir)-1] == filepath.Separator {
		return dir + name
	}
	return dir + string(filepath.Separator) + name
}
