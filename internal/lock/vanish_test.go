package lock

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// vanishing is a directory whose lock file is deleted right after it was looked at.
type vanishing struct {
	vfs.Dir
	path string
	once *sync.Once
}

func (v vanishing) Stat(name string) (vfs.Info, error) {
	info, err := v.Dir.Stat(name)
	if err == nil {
		v.once.Do(func() { err = os.Remove(v.path) })
	}
	return info, err
}

func TestALockFileThatVanishesBeforeTheWaitIsMadeAnew(t *testing.T) {
	p := spec(t)
	take(t, p)
	p.Dir = vanishing{p.Dir, p.Path, new(sync.Once)}
	h, err := Wait(context.Background(), p)
	testkit.Must(t, err)
	testkit.Must(t, h.Check())
	testkit.Must(t, h.Release())
}
