package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// watchOf is a watch of a file of a disk.
func watchOf(t *testing.T, d *Disk, path string) store.Watch {
	t.Helper()
	w, err := d.Watch(t.Context(), store.Target{Path: path}, store.ReadOptions{}, &safety.Log{Logger: testkit.Quiet})
	testkit.Must(t, err)
	t.Cleanup(w.Close)
	return w
}

func TestAChangeIsNoticedAlsoIfTheKernelLosesEvents(t *testing.T) {
	d := New(vfs.OS)
	dir := testkit.Memory(t)
	path := filepath.Join(dir, "link", "f.json")
	for _, name := range []string{"one", "two"} {
		testkit.Must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		testkit.Put(t, filepath.Join(dir, name, "f.json"), name)
	}
	testkit.Must(t, os.Symlink("one", filepath.Dir(path)))
	w := watchOf(t, d, path)

	// While nobody takes events, more come than the kernel keeps, and then the change.
	d.watches.mu.Lock()
	for i := range maxQueued(t) {
		testkit.Must(t, os.WriteFile(filepath.Join(dir, "one", fmt.Sprint(i)), nil, 0o644))
	}
	testkit.Must(t, os.Symlink("two", filepath.Join(dir, "new")))
	testkit.Must(t, os.Rename(filepath.Join(dir, "new"), filepath.Dir(path)))
	d.watches.mu.Unlock()

	testkit.Must(t, w.Wait(t.Context()))
	testkit.Put(t, filepath.Join(dir, "two", "f.json"), "changed")
	testkit.Must(t, w.Wait(t.Context()))
}

// maxQueued is how many events the kernel keeps for one instance.
func maxQueued(t *testing.T) (n int) {
	t.Helper()
	_, err := fmt.Sscan(testkit.Content(t, "/proc/sys/fs/inotify/max_queued_events"), &n)
	testkit.Must(t, err)
	return n
}

func TestADirectoryThatNobodyWatchesAnyMoreIsNotWatched(t *testing.T) {
	d := New(vfs.OS)
	dir := t.TempDir()
	path := filepath.Join(dir, "current", "f.json")
	release := func(n int) {
		name := fmt.Sprint("release", n)
		testkit.Must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		testkit.Put(t, filepath.Join(dir, name, "f.json"), name)
		testkit.Must(t, os.Symlink(name, filepath.Join(dir, "new")))
		testkit.Must(t, os.Rename(filepath.Join(dir, "new"), filepath.Dir(path)))
	}
	release(0)
	first := watchOf(t, d, path)
	nodes := len(d.watches.nodes)
	for n := 1; n < 20; n++ {
		release(n)
		testkit.Must(t, first.Wait(t.Context()))
	}
	d.watches.mu.Lock()
	defer d.watches.mu.Unlock()
	if len(d.watches.nodes) != nodes {
		t.Errorf("%d directories are watched, and %d were at first", len(d.watches.nodes), nodes)
	}
}
