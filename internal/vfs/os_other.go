//go:build !windows && (!unix || aix || solaris || illumos)

package vfs

import (
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

var errNotDir error = syscall.ENOTDIR

func linkError(err error) error { return err }

func replaceFile(oldPath, newPath string) error { return os.Rename(oldPath, newPath) }

// infoOf uses the path as the identity.
func infoOf(path string, info fs.FileInfo) (Info, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Info{}, err
	}
	h := fnv.New64a()
	h.Write([]byte(abs))
	return plainInfo(ID{Ino: h.Sum64()}, info), nil
}
