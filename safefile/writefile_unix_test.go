//go:build unix

package safefile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// plot is a place that a file is to be written to.
type plot struct {
	name string
	path string // in the directory that set prepares; empty for "file"
	set  func(t *testing.T, dir string)
	// differs says in what WriteFile and os.WriteFile differ here for a user
	// who is not root, and why; empty if in nothing.
	differs string
}

func existing(mode fs.FileMode) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		testkit.Put(t, filepath.Join(dir, "file"), "what was there before")
		testkit.Must(t, os.Chmod(filepath.Join(dir, "file"), mode))
	}
}

func linkTo(target string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		testkit.Put(t, filepath.Join(dir, "real"), "what was there before")
		testkit.Must(t, os.Symlink(target, filepath.Join(dir, "file")))
	}
}

// closed leaves a directory with a file in it that may be written, but no new
// file may be made.
func closed(mode fs.FileMode) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		existing(0o644)(t, dir)
		testkit.Must(t, os.Chmod(dir, mode))
	}
}

var plots = []plot{
	{name: "no file"},
	{name: "an empty file", set: func(t *testing.T, dir string) { testkit.Put(t, filepath.Join(dir, "file"), "") }},
	{name: "the same content", set: func(t *testing.T, dir string) { testkit.Put(t, filepath.Join(dir, "file"), "new") }},
	{name: "a file of mode 0644", set: existing(0o644)},
	{name: "a file of mode 0600", set: existing(0o600)},
	{name: "a file of mode 0666", set: existing(0o666)},
	{name: "a file of mode 0777", set: existing(0o777)},
	{name: "a sticky file", set: existing(0o644 | fs.ModeSticky)},
	{name: "a read-only file", set: existing(0o444)},
	{name: "a file without permissions", set: existing(0)},
	{name: "a directory", set: func(t *testing.T, dir string) { testkit.Must(t, os.Mkdir(filepath.Join(dir, "file"), 0o755)) }},
	{name: "a link to a file", set: linkTo("real")},
	{name: "a link to a link", set: func(t *testing.T, dir string) {
		linkTo("other")(t, dir)
		testkit.Must(t, os.Symlink("real", filepath.Join(dir, "other")))
	}},
	{name: "a dangling link", set: linkTo("none")},
	{name: "a link into no directory", set: linkTo("none/file")},
	{name: "a link to a directory", set: linkTo(".")},
	{name: "a loop", set: linkTo("file")},
	{name: "no parent", path: "none/file"},
	{name: "a file as the parent", path: "file/below", set: existing(0o644)},
	{name: "a separator at the end", path: "file/", set: existing(0o644)},
	{name: "a separator at the end of nothing", path: "file/"},
	{name: "a dot at the end", path: "file/.", set: existing(0o644)},
	{name: "dots after a link", path: "down/../file", set: func(t *testing.T, dir string) {
		testkit.Must(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o777))
		testkit.Must(t, os.Chmod(filepath.Join(dir, "a"), 0o777))
		testkit.Must(t, os.Symlink("a/b", filepath.Join(dir, "down")))
	}},
	{name: "a file that may be written only", set: existing(0o200),
		differs: "its attributes can't be read, so they can't be kept; WithoutMetadata or Warn goes on"},
	{name: "a set-id file", set: existing(0o755 | fs.ModeSetuid),
		differs: "the kernel clears the bit of a file that is written; a replacement keeps its owner and its mode"},
	{name: "a directory that may not be changed", set: closed(0o555),
		differs: "a replacement is a new name in the directory"},
	{name: "a directory that may not be listed", set: closed(0o333),
		differs: "a directory that can't be opened can't be synced"},
}

// harvest is what a write left behind.
type harvest struct {
	failed  bool
	kind    string // what the error is, as far as the two can agree
	mode    fs.FileMode
	content string
}

// try writes to a plot of its own, by either function.
func (p plot) try(t *testing.T, base, do string, perm fs.FileMode, umask int, uid uint32) (harvest, string) {
	t.Helper()
	dir, err := os.MkdirTemp(base, "plot")
	testkit.Must(t, err)
	testkit.Must(t, os.Chmod(dir, 0o777))
	if p.set != nil {
		p.set(t, dir)
	}
	path := dir + "/" + p.path
	if p.path == "" {
		path += "file"
	}
	job := task{Do: do, Path: path, Data: "new", Perm: perm, Umask: umask}
	var r report
	if uid == uint32(os.Geteuid()) {
		old := syscall.Umask(umask)
		r = job.run()
		syscall.Umask(old)
	} else {
		testkit.Must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			info, _ := os.Lstat(path)
			if err == nil && path != dir {
				err = os.Lchown(path, int(uid), int(uid))
			}
			if err == nil && info.Mode().IsRegular() {
				err = os.Chmod(path, info.Mode()) // which chown has cut
			}
			return err
		}))
		testkit.Must(t, os.Lchown(dir, int(uid), int(uid)))
		r = job.as(t, uid, uid)
	}
	testkit.Must(t, os.Chmod(dir, 0o777)) // so that it can be listed
	wantNoTemps(t, dir)
	h := harvest{failed: r.Err != ""}
	for _, kind := range []string{"ErrPermission", "ErrNotExist"} {
		if r.is(kind) {
			h.kind = kind
		}
	}
	if info, err := os.Stat(path); err == nil {
		h.mode = info.Mode()
	}
	if data, err := os.ReadFile(path); err == nil {
		h.content = string(data)
	}
	return h, r.Err
}

func TestWriteFileDoesWhatThatOfPackageOSDoes(t *testing.T) {
	users := map[string]uint32{"this user": uint32(os.Geteuid())}
	perms, umasks := []fs.FileMode{0o666, 0o644, 0o600, 0o755, 0o400}, []int{0, 0o022, 0o077, 0o027}
	if os.Geteuid() == 0 {
		users["another user"] = 1001
	}
	for user, uid := range users {
		if user == "another user" { // a process each
			perms, umasks = perms[:effort.Of(1, 2, 2)], umasks[1:effort.Of(2, 2, 3)]
		}
		for _, p := range plots {
			t.Run(user+"/"+p.name, func(t *testing.T) {
				base := testkit.Shared(t, 0o777)
				differed := false
				for _, perm := range perms {
					for _, umask := range umasks {
						ours, err := p.try(t, base, "write", perm, umask, uid)
						std, stdErr := p.try(t, base, "os.WriteFile", perm, umask, uid)
						if ours == std {
							continue
						}
						differed = true
						if p.differs == "" || uid == 0 {
							t.Errorf("perm %o, umask %o:\nours %+v, %s\nos   %+v, %s", perm, umask, ours, err, std, stdErr)
						}
					}
				}
				if p.differs != "" && uid != 0 && !differed {
					t.Errorf("a difference is documented and there is none: %s", p.differs)
				}
			})
		}
	}
}

// The differences are part of what WriteFile promises.
func TestTheDocumentOfWriteFileNamesItsDifferences(t *testing.T) {
	source, err := os.ReadFile("safefile.go")
	testkit.Must(t, err)
	_, doc, _ := strings.Cut(string(source), "// WriteFile is [os.WriteFile]")
	doc, _, _ = strings.Cut(doc, "func WriteFile")
	doc = strings.ReplaceAll(doc, "\n//", "")
	for _, word := range []string{"directory", "not read", "another user", "set-user-ID"} {
		if !strings.Contains(doc, word) {
			t.Errorf("it says nothing about %q", word)
		}
	}
}
