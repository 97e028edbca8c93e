//go:build unix

package safefile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// configMap is a directory as Kubernetes mounts a ConfigMap: app.json is a link to
// ..data/app.json, and ..data one to a directory with the content.
type configMap struct {
	dir     string
	version int
}

func newConfigMap(t testing.TB) *configMap {
	t.Helper()
	m := &configMap{dir: testkit.Memory(t)}
	for _, name := range []string{"app.json", "app.json.sha256"} {
		testkit.Must(t, os.Symlink("..data/"+name, filepath.Join(m.dir, name)))
	}
	m.swap(t)
	return m
}

// swap brings the next version as the kubelet does, and removes the last one.
func (m *configMap) swap(t testing.TB) {
	t.Helper()
	m.version++
	data := fmt.Sprintf("..v%d", m.version)
	testkit.Must(t, os.Mkdir(filepath.Join(m.dir, data), 0o755))
	file := filepath.Join(m.dir, data, "app.json")
	text := fmt.Sprintf(`{"version": %d}`, m.version)
	testkit.Put(t, file, text)
	testkit.Put(t, file+".sha256", checksum.Sum([]byte(text))+"  app.json\n")
	testkit.Must(t, os.Symlink(data, filepath.Join(m.dir, "..data_tmp")))
	old, _ := os.Readlink(filepath.Join(m.dir, "..data"))
	testkit.Must(t, os.Rename(filepath.Join(m.dir, "..data_tmp"), filepath.Join(m.dir, "..data")))
	if old != "" {
		testkit.Must(t, os.RemoveAll(filepath.Join(m.dir, old)))
	}
}

func TestAReaderOfASwappedConfigMapFindsItsFile(t *testing.T) {
	m := newConfigMap(t)
	path := filepath.Join(m.dir, "app.json")
	var stop atomic.Bool
	var readers sync.WaitGroup
	for _, opts := range [][]safefile.Option{nil, {safefile.WithChecksum()}} {
		readers.Go(func() {
			f := safefile.New[map[string]int](path, opts...)
			for n := 0; !stop.Load(); n++ {
				if v, err := f.ReadOr(map[string]int{"version": -1}); err != nil || v["version"] < 1 {
					t.Errorf("read %d, with %d options: %v, %v", n, len(opts), v, err)
					return
				}
			}
		})
	}
	for range 3000 {
		m.swap(t)
	}
	stop.Store(true)
	readers.Wait()
}

// The swap comes right after the path was resolved: deterministically what the test
// above meets by chance.
func TestASwapInTheMiddleOfAReadIsFollowed(t *testing.T) {
	for _, verb := range []string{faultfs.Open, faultfs.OpenDir, faultfs.Stat} {
		for _, opts := range [][]safefile.Option{nil, {safefile.WithChecksum()}} {
			m := newConfigMap(t)
			disk := faultfs.Wrap(vfs.OS)
			swapped := false
			disk.Before(func(op faultfs.Op) error {
				if swapped || op.Verb != verb {
					return nil
				}
				swapped = true
				m.swap(t)
				if verb != faultfs.Stat {
					return syscall.ENOENT // the kernel was in the directory that is gone
				}
				return nil
			})
			f := safefile.New[map[string]int](filepath.Join(m.dir, "app.json"), append(opts, over(disk))...)
			if v, err := f.ReadOr(nil); err != nil || v["version"] < 1 {
				t.Errorf("%s, %d options: %v, %v", verb, len(opts), v, err)
			}
		}
	}
}

func TestALinkThatLeadsNowhereIsStillNoFile(t *testing.T) {
	dir := t.TempDir()
	for link, target := range map[string]string{"dangling": "none", "below": "none/file"} {
		testkit.Must(t, os.Symlink(target, filepath.Join(dir, link)))
		for _, opts := range [][]safefile.Option{nil, {safefile.WithChecksum()}} {
			if _, err := safefile.ReadFile(filepath.Join(dir, link), opts...); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", link, err)
			}
		}
	}
}
