//go:build linux || darwin || freebsd || netbsd

package guarantee

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// setAndGetXattr gives path an attribute and reads it back.
func setAndGetXattr(path, name, value string) (string, error) {
	if err := unix.Setxattr(path, name, []byte(value), 0); err != nil {
		return "", &fs.PathError{Op: "setxattr", Path: path, Err: err}
	}
	got := make([]byte, len(value)+1)
	n, err := unix.Getxattr(path, name, got)
	if err != nil {
		return "", &fs.PathError{Op: "getxattr", Path: path, Err: err}
	}
	return string(got[:n]), nil
}
