package lockedfile_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

func TestASecondReleaseLeavesTheNextHolderAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	first, err := lockedfile.Acquire(context.Background(), path)
	testkit.Must(t, err)
	testkit.Must(t, first.Release())
	second, err := lockedfile.TryAcquire(path)
	testkit.Must(t, err)
	defer second.Release()
	err = first.Release()
	testkit.WantIs(t, "it", err, errors.ErrLock)
	testkit.WantIs(t, "it", err, fs.ErrClosed)
	_, err = lockedfile.TryAcquire(path)
	testkit.WantIs(t, "it", err, errors.ErrLocked)
}
