//go:build !linux

package disktest

import "github.com/holdfast-go/holdfast/errors"

func shutdown(string) error { return errors.ErrUnsupported }
