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

// linked is a directory with conf/real.json and links to it.
func linked(t testing.TB) string {
	t.Helper()
	dir := testkit.Memory(t)
	testkit.Must(t, os.MkdirAll(filepath.Join(dir, "conf", "sub"), 0o755))
	testkit.Put(t, filepath.Join(dir, "conf", "real.json"), `"old"`)
	for link, target := range map[string]string{
		"relative.json": "conf/real.json", "absolute.json": filepath.Join(dir, "conf/real.json"), "conf/sub/up.json": "../real.json",
		"two.json": "relative.json", "dangling.json": "conf/none.json", "loop.json": "loop2.json", "loop2.json": "loop.json",
		"parent": "conf", "nowhere.json": "none/x.json", "directory.json": "conf",
	} {
		testkit.Must(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	return dir
}

func wantLink(t testing.TB, path string, want bool) {
	t.Helper()
	info, err := os.Lstat(path)
	testkit.Must(t, err)
	if is := info.Mode()&fs.ModeSymlink != 0; is != want {
		t.Errorf("%s is a link: %v", filepath.Base(path), is)
	}
}

func TestSymlinkedConfigStaysALink(t *testing.T) {
	for _, link := range []string{"relative.json", "absolute.json", "conf/sub/up.json", "two.json", "parent/real.json"} {
		dir := linked(t)
		path := filepath.Join(dir, link)
		f := safefile.New[string](path)
		testkit.Must(t, f.Write("new"))
		if v, err := f.Read(); v != "new" || err != nil {
			t.Errorf("%s reads %q, %v", link, v, err)
		}
		testkit.WantContent(t, filepath.Join(dir, "conf", "real.json"), `"new"`)
		wantLink(t, path, link != "parent/real.json")
		// The lock and the temp lie where the file does.
		testkit.WantNames(t, filepath.Join(dir, "conf"), "real.json", "real.json.lock", "sub")
		if _, err := os.Lstat(path + ".lock"); err == nil && link != "parent/real.json" {
			t.Errorf("%s: there is a lock beside the link", link)
		}
	}
}

func TestADanglingLinksTargetIsMade(t *testing.T) {
	dir := linked(t)
	testkit.Must(t, safefile.New[string](filepath.Join(dir, "dangling.json")).Write("new"))
	testkit.WantContent(t, filepath.Join(dir, "conf", "none.json"), "\"new\"\n")
	wantLink(t, filepath.Join(dir, "dangling.json"), true)
	testkit.WantIs(t, "into a missing directory", safefile.New[string](filepath.Join(dir, "nowhere.json")).Write("new"), fs.ErrNotExist)
	testkit.Must(t, safefile.New[string](filepath.Join(dir, "nowhere.json"), safefile.WithParents(0o755)).Write("new"))
	testkit.WantContent(t, filepath.Join(dir, "none", "x.json"), "\"new\"\n")
}

func TestALoopIsAnErrorAndNoHang(t *testing.T) {
	f := safefile.New[string](filepath.Join(linked(t), "loop.json"))
	_, readErr := f.Read()
	for what, err := range map[string]error{"Read": readErr, "Write": f.Write("x"), "Append": f.Append("x"), "Remove": f.Remove()} {
		testkit.WantIs(t, what, err, errors.ErrSymlink, errors.ErrFile)
	}
}

func TestALinkToADirectoryIsRefused(t *testing.T) {
	f := safefile.New[string](filepath.Join(linked(t), "directory.json"))
	if _, err := f.Read(); err == nil {
		t.Error("it was read")
	}
	if err := f.Write("x"); err == nil {
		t.Error("it was written")
	}
}

func TestReadersAndWritersByLinkAndByNameShareOneLock(t *testing.T) {
	dir := linked(t)
	both := []*safefile.SafeFile[map[string]int]{
		safefile.New[map[string]int](filepath.Join(dir, "two.json"), over(osFS)),
		safefile.New[map[string]int](filepath.Join(dir, "parent", "real.json"), over(osFS)),
	}
	testkit.Must(t, both[0].Write(map[string]int{}))
	mergeAll(t, both, 50)
}

func TestUnderRefuseALinkIsNeitherReadNorWritten(t *testing.T) {
	dir := linked(t)
	for _, link := range []string{"relative.json", "dangling.json", "loop.json"} {
		f := safefile.New[string](filepath.Join(dir, link), safefile.WithSymlinks(safefile.Refuse))
		_, readErr := f.Read()
		for what, err := range map[string]error{"Read": readErr, "Write": f.Write("x"), "Append": f.Append("x"), "Remove": f.Remove()} {
			testkit.WantIs(t, fmt.Sprintf("%s of %s", what, link), err, errors.ErrSymlink)
		}
	}
	testkit.WantContent(t, filepath.Join(dir, "conf", "real.json"), `"old"`)
	// Links before the last element are followed in any case.
	testkit.Must(t, safefile.New[string](filepath.Join(dir, "parent", "real.json"), safefile.WithSymlinks(safefile.Refuse)).Write("new"))
}

func TestUnderReplaceAFileTakesTheLinksPlace(t *testing.T) {
	for _, link := range []string{"relative.json", "dangling.json", "loop.json"} {
		dir := linked(t)
		path := filepath.Join(dir, link)
		f := safefile.New[string](path, safefile.WithSymlinks(safefile.Replace))
		testkit.Must(t, f.Write("new"))
		wantLink(t, path, false)
		want := "\"new\"\n"
		if link == "relative.json" {
			want = `"new"` // as the text that the link led to was written
		}
		testkit.WantContent(t, path, want)
		testkit.WantContent(t, filepath.Join(dir, "conf", "real.json"), `"old"`)
	}
}

func TestUnderReplaceAMergeAndAnAppendKeepWhatWasReadThroughTheLink(t *testing.T) {
	dir := linked(t)
	path := filepath.Join(dir, "relative.json")
	testkit.Put(t, filepath.Join(dir, "conf", "real.json"), `{"a": 1}`)
	f := safefile.New[map[string]int](path, safefile.WithSymlinks(safefile.Replace))
	testkit.Must(t, f.Merge(map[string]int{"b": 2}))
	if v, err := f.Read(); len(v) != 2 || err != nil {
		t.Errorf("it reads %v, %v", v, err)
	}
	wantLink(t, path, false)
	testkit.Must(t, os.Remove(path))
	testkit.Must(t, os.Symlink("conf/real.json", path))
	testkit.Must(t, f.Append("\n"))
	testkit.WantContent(t, path, "{\"a\": 1}\n")
	testkit.WantContent(t, filepath.Join(dir, "conf", "real.json"), `{"a": 1}`)
}

func TestRemoveFollowsAsWriteDoes(t *testing.T) {
	dir := linked(t)
	path := filepath.Join(dir, "relative.json")
	testkit.Must(t, safefile.New[string](path).Remove())
	wantLink(t, path, true)
	testkit.WantContent(t, filepath.Join(dir, "conf", "real.json"), "(missing)")
	testkit.Must(t, safefile.New[string](path, safefile.WithSymlinks(safefile.Replace)).Remove())
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the link is still there: %v", err)
	}
}

func TestALinkPlantedUnderTheTempsNameLeadsNowhere(t *testing.T) {
	// The name can't be foreseen, so the next best attacker answers to Create.
	dir := testkit.Memory(t)
	victim := filepath.Join(dir, "victim")
	testkit.Put(t, victim, "precious")
	path := filepath.Join(dir, "file")
	disk := planting(t, func(temp string) error { return os.Symlink(victim, temp) })
	testkit.WantIs(t, "it", safefile.WriteFile(path, []byte("new"), over(disk)), fs.ErrExist)
	testkit.WantContent(t, victim, "precious")
	testkit.WantContent(t, path, "(missing)")
}

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
