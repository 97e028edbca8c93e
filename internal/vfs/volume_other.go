//go:build !windows && (!unix || aix || solaris || illumos)

package vfs

import "github.com/holdfast-go/holdfast/errors"

// Nothing is known about filesystems here.

func volumeOf(string) (Volume, error) { return Volume{}, nil }

func space(string) (bytes, inodes, allInodes int64, err error) {
	return 0, 0, 0, errors.ErrUnsupported
}
