package disk

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

func TestAWriteInPlaceClaimsAnIntactFileOnlyOncePutBack(t *testing.T) {
	p, source := bound(t)
	longer := strings.Repeat("longer", 1000)
	for _, failures := range []int{1, 2} { // the second is of what puts the old content back
		disk, left := faultfs.Wrap(vfs.OS), failures
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == faultfs.Write && op.Path == p.Path && left > 0 {
				left--
				return syscall.ENOSPC
			}
			return nil
		})
		err := overwrite(New(disk), p, longer)
		raw, readErr := os.ReadFile(source)
		testkit.Must(t, readErr)
		whole := string(raw) == oldBytes
		if claimed := errors.As(err, new(intact)); err == nil || claimed != whole || whole != (failures == 1) {
			t.Errorf("%d writes fail: %v, which claims %v, and the file is whole: %v", failures, err, claimed, whole)
		}
		testkit.Must(t, overwrite(New(vfs.OS), p, oldBytes))
	}
}
