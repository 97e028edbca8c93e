// Package saves changes files in the ways in which programs do. It is for tests of what notices such a change.
package saves

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// Way is one way to change a file.
type Way struct {
	Name string
	// Place puts the file somewhere below an empty directory, and returns its path. With Later there is no
	// file before the first Save.
	Place func(t testing.TB, dir, content string) (path string)
	Later bool
	// Save gives the file a new content.
	Save func(t testing.TB, path, content string)
}

// Pause is the time between two writes of one save. It is shorter than the pause after which a watch may take a file
// for complete.
const Pause = 10 * time.Millisecond

// Ways are the ways to change a file, all but writes by this library.
func Ways() []Way {
	return []Way{
		{Name: "rename over the file", Place: plain, Save: renameOver},
		{Name: "write in place", Place: plain, Save: inPlace},
		{Name: "write in place, in two parts", Place: plain, Save: inTwoParts},
		{Name: "vim", Place: plain, Save: vim},
		{Name: "vim, backupcopy=yes", Place: plain, Save: vimBackupCopy},
		{Name: "nano", Place: plain, Save: nano},
		{Name: "sed -i", Place: plain, Save: sed},
		{Name: "write through another hard link", Place: hardLinked, Save: throughHardLink},
		{Name: "symbolic link retargeted", Place: linked, Save: retargetFile},
		{Name: "symbolic link in its path retargeted", Place: released, Save: retargetDirectory},
		{Name: "Kubernetes ConfigMap (..data)", Place: projected, Save: SwapProjected},
		{Name: "directory replaced by another", Place: nested, Save: replaceDirectory},
		{Name: "removed, and made again later", Place: plain, Save: removeAndReturn},
		{Name: "directory made later", Place: absent, Later: true, Save: makeDirectory},
	}
}

const name = "app.json"

func plain(t testing.TB, dir, content string) string {
	path := filepath.Join(dir, name)
	testkit.Put(t, path, content)
	return path
}

func renameOver(t testing.TB, path, content string) {
	testkit.Put(t, path+".new", content)
	testkit.Must(t, os.Rename(path+".new", path))
}

func inPlace(t testing.TB, path, content string) { testkit.Put(t, path, content) }

func inTwoParts(t testing.TB, path, content string) {
	f, err := os.Create(path)
	testkit.Must(t, err)
	defer f.Close()
	for _, part := range []string{content[:len(content)/2], content[len(content)/2:]} {
		time.Sleep(Pause)
		_, err := f.WriteString(part)
		testkit.Must(t, err)
	}
	time.Sleep(Pause)
}

// vim does as Vim 9 with backup off: the old file is moved away while the new one is written.
func vim(t testing.TB, path, content string) {
	swap := filepath.Join(filepath.Dir(path), "."+name+".swp")
	testkit.Put(t, swap, "b0VIM")
	testkit.Must(t, os.Rename(path, path+"~"))
	write(t, path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, content)
	testkit.Must(t, os.Chmod(path, 0o644))
	testkit.Must(t, os.Remove(path+"~"))
	testkit.Must(t, os.Remove(swap))
}

func vimBackupCopy(t testing.TB, path, content string) {
	old, err := os.ReadFile(path)
	testkit.Must(t, err)
	testkit.Put(t, path+"~", string(old))
	write(t, path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, content)
	testkit.Must(t, os.Chmod(path, 0o644))
	testkit.Must(t, os.Remove(path+"~"))
}

func nano(t testing.TB, path, content string) {
	swap := filepath.Join(filepath.Dir(path), "."+name+".swp")
	testkit.Put(t, swap, "nano")
	write(t, path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, content)
	testkit.Must(t, os.Remove(swap))
}

func write(t testing.TB, path string, flags int, content string) {
	f, err := os.OpenFile(path, flags, 0o644)
	testkit.Must(t, err)
	_, err = f.WriteString(content)
	testkit.Must(t, err)
	testkit.Must(t, f.Sync())
	testkit.Must(t, f.Close())
}

func sed(t testing.TB, path, content string) {
	f, err := os.CreateTemp(filepath.Dir(path), "sed")
	testkit.Must(t, err)
	_, err = f.WriteString(content)
	testkit.Must(t, err)
	testkit.Must(t, f.Chmod(0o644))
	testkit.Must(t, f.Close())
	testkit.Must(t, os.Rename(f.Name(), path))
}

func hardLinked(t testing.TB, dir, content string) string {
	path := plain(t, dir, content)
	other := filepath.Join(dir, "other")
	testkit.Must(t, os.Mkdir(other, 0o755))
	testkit.Must(t, os.Link(path, filepath.Join(other, name)))
	return path
}

func throughHardLink(t testing.TB, path, content string) {
	testkit.Put(t, filepath.Join(filepath.Dir(path), "other", name), content)
}

func linked(t testing.TB, dir, content string) string {
	testkit.Put(t, filepath.Join(dir, "first.json"), content)
	path := filepath.Join(dir, name)
	testkit.Must(t, os.Symlink("first.json", path))
	return path
}

func retargetFile(t testing.TB, path, content string) {
	target := fresh(t, filepath.Dir(path), "target*.json")
	testkit.Put(t, target, content)
	retarget(t, path, filepath.Base(target))
}

// fresh is a name that nothing has.
func fresh(t testing.TB, dir, pattern string) string {
	f, err := os.CreateTemp(dir, pattern)
	testkit.Must(t, err)
	testkit.Must(t, f.Close())
	testkit.Must(t, os.Remove(f.Name()))
	return f.Name()
}

// retarget does as ln -sfn.
func retarget(t testing.TB, link, target string) {
	testkit.Must(t, os.Symlink(target, link+".tmp"))
	testkit.Must(t, os.Rename(link+".tmp", link))
}

func released(t testing.TB, dir, content string) string {
	release := filepath.Join(dir, "release")
	testkit.Must(t, os.Mkdir(release, 0o755))
	plain(t, release, content)
	testkit.Must(t, os.Symlink("release", filepath.Join(dir, "current")))
	return filepath.Join(dir, "current", name)
}

func retargetDirectory(t testing.TB, path, content string) {
	link := filepath.Dir(path)
	release := fresh(t, filepath.Dir(link), "release")
	testkit.Must(t, os.Mkdir(release, 0o755))
	plain(t, release, content)
	retarget(t, link, filepath.Base(release))
}

const data = "..data"

// projected is a volume as the kubelet makes it for a ConfigMap.
func projected(t testing.TB, dir, content string) string {
	SwapProjected(t, filepath.Join(dir, name), content)
	testkit.Must(t, os.Symlink(filepath.Join(data, name), filepath.Join(dir, name)))
	return filepath.Join(dir, name)
}

// SwapProjected updates a volume as the kubelet does for a ConfigMap: a new directory, a link to it renamed over
// ..data, and the old directory removed.
func SwapProjected(t testing.TB, path, content string) {
	dir := filepath.Dir(path)
	old, oldErr := os.Readlink(filepath.Join(dir, data))
	version := fresh(t, dir, "..2026_*")
	testkit.Must(t, os.Mkdir(version, 0o755))
	plain(t, version, content)
	testkit.Must(t, os.Symlink(filepath.Base(version), filepath.Join(dir, data+"_tmp")))
	testkit.Must(t, os.Rename(filepath.Join(dir, data+"_tmp"), filepath.Join(dir, data)))
	if oldErr == nil {
		testkit.Must(t, os.RemoveAll(filepath.Join(dir, old)))
	}
}

func nested(t testing.TB, dir, content string) string {
	inner := filepath.Join(dir, "etc", "app")
	testkit.Must(t, os.MkdirAll(inner, 0o755))
	return plain(t, inner, content)
}

func replaceDirectory(t testing.TB, path, content string) {
	etc := filepath.Dir(filepath.Dir(path))
	testkit.Must(t, os.MkdirAll(filepath.Join(etc+".new", "app"), 0o755))
	plain(t, filepath.Join(etc+".new", "app"), content)
	testkit.Must(t, os.Rename(etc, etc+".old"))
	testkit.Must(t, os.Rename(etc+".new", etc))
	testkit.Must(t, os.RemoveAll(etc+".old"))
}

func removeAndReturn(t testing.TB, path, content string) {
	testkit.Must(t, os.Remove(path))
	time.Sleep(20 * Pause)
	testkit.Put(t, path, content)
}

func absent(_ testing.TB, dir, _ string) string { return filepath.Join(dir, "later", "app", name) }

func makeDirectory(t testing.TB, path, content string) {
	testkit.Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	testkit.Put(t, path, content)
}
