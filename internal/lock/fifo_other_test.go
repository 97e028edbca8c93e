//go:build !unix || aix || solaris || illumos

package lock

import "github.com/holdfast-go/holdfast/errors"

func makeFIFO(string) error { return errors.ErrUnsupported }
