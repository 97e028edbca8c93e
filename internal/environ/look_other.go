//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !windows

package environ

import (
	"os"

	"github.com/holdfast-go/holdfast/errors"
)

// sharesDevices: Node has no device here.
const sharesDevices = true

// Nothing is known about filesystems here, so no directory needs to be held
// open: that it exists is all there is to ask.

func openDir(path string) (uintptr, error) {
	_, err := os.Stat(path)
	return 0, err
}

func openAt(uintptr, string) (uintptr, error) { return 0, errors.ErrUnsupported }

func closeAt(uintptr) {}

func lookAt(uintptr) (look, error) { return look{}, nil }

func statAt(uintptr, string) (Node, error) { return Node{}, errors.ErrUnsupported }

func lstat(path string) (Node, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Node{}, err
	}
	changed := info.ModTime().UnixNano()
	return Node{Mode: info.Mode(), Size: info.Size(), Modified: changed, Changed: changed}, nil
}

func space(string) (bytes, inodes, allInodes int64, err error) {
	return 0, 0, 0, errors.ErrUnsupported
}

func writable(string) error { return errors.ErrUnsupported }
