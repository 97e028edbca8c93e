package vfs

import "github.com/holdfast-go/holdfast/errors"

// Nothing is known about filesystems here.

func volumeAt(int, string, int, Info) (Volume, error) { return Volume{}, nil }

func volumeFD(int, Info) (Volume, error) { return Volume{}, nil }

func space(string) (bytes, inodes, allInodes int64, err error) {
	return 0, 0, 0, errors.ErrUnsupported
}
