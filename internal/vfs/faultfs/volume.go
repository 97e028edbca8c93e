package faultfs

import "github.com/holdfast-go/holdfast/internal/vfs"

// OnVolume is a filesystem that reports a given volume for each of its directories.
func OnVolume(fsys vfs.FS, volume func(dir string) vfs.Volume) vfs.FS {
	return volumeFS{fsys, volume}
}

type volumeFS struct {
	vfs.FS
	volume func(dir string) vfs.Volume
}

type volumeDir struct {
	vfs.Dir
	volume vfs.Volume
}

func (f volumeFS) OpenDir(path string) (vfs.Dir, error) {
	d, err := f.FS.OpenDir(path)
	if err != nil {
		return nil, err
	}
	return volumeDir{d, f.volume(path)}, nil
}

func (d volumeDir) Volume(string, vfs.Info) (vfs.Volume, error) { return d.volume, nil }

// Rename passes the wrapped directory on.
func (d volumeDir) Rename(name string, to vfs.Dir, newName string) error {
	if wrapped, ok := to.(volumeDir); ok {
		to = wrapped.Dir
	}
	return d.Dir.Rename(name, to, newName)
}
