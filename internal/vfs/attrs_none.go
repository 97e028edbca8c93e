//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package vfs

import "github.com/holdfast-go/holdfast/errors"

// Extended attributes and ACLs are not carried over on these systems: their
// calls differ, and none of them could be tested. The guarantee report says so.

func (f *osFile) Attrs() ([]string, error) { return nil, nil }

func (f *osFile) Attr(name string) ([]byte, error) {
	return nil, f.failure("getxattr "+name, errors.ErrUnsupported)
}

func (f *osFile) SetAttr(name string, value []byte) error {
	return f.failure("setxattr "+name, errors.ErrUnsupported)
}

func (f *osFile) RemoveAttr(string) error { return nil }
