package disk

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

func TestOnlyWhatHelpsIsAdvised(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	testkit.Must(t, os.WriteFile(file, nil, 0o600))
	dir := t.TempDir()
	for name, c := range map[string]struct {
		p      store.Target
		advice string
		want   bool
	}{
		"a name that a directory takes":         {store.Target{Path: filepath.Join(dir, strings.Repeat("n", 255))}, "WithLockDir", true},
		"a name that no directory takes":        {store.Target{Path: filepath.Join(dir, strings.Repeat("n", 256))}, "WithLockDir", false},
		"a lock directory that is not there":    {store.Target{Path: filepath.Join(dir, "f"), LockDir: filepath.Join(dir, "locks")}, "make it", true},
		"a lock directory that is no directory": {store.Target{Path: filepath.Join(dir, "f"), LockDir: file}, "make it", false},
	} {
		d := New(vfs.OS)
		at, err := d.Locate(context.Background(), c.p)
		if err == nil {
			_, err = d.TryLock(ctx, c.p, at, relaxedOptions)
		}
		if err == nil || strings.Contains(err.Error(), c.advice) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// relaxedOptions are those of a handle that takes what it gets.
var relaxedOptions = store.Options{Perm: 0o666, Metadata: true}
