//go:build !linux

package vfs

import "github.com/holdfast-go/holdfast/errors"

func (osFS) Notifier() (Notifier, error) { return nil, errors.ErrUnsupported }
