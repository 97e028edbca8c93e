package safefile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// someone is a user by whom the kernel is asked.
type someone struct {
	name     string
	uid, gid int
}

var everyone = []someone{{"the owner", 1111, 5000}, {"bob", 1234, 5000}, {"a member of the group", 5000, 2222},
	{"a member of the named group", 5000, 2345}, {"somebody else", 5000, 5000}}

// canRead reports whether the kernel lets a user open a file for reading. The thread that took
// the user's identity ends with its goroutine.
func canRead(path string, who someone) bool {
	answer := make(chan bool)
	go func() {
		runtime.LockOSThread()
		syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0)
		syscall.RawSyscall(syscall.SYS_SETFSGID, uintptr(who.gid), 0, 0)
		syscall.RawSyscall(syscall.SYS_SETFSUID, uintptr(who.uid), 0, 0)
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err == nil {
			syscall.Close(fd)
		}
		answer <- err == nil
	}()
	return <-answer
}

// wantNoWider checks that nobody can read what tells of a file's content who can't read the file.
func wantNoWider(t *testing.T, when, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	testkit.Must(t, err)
	for _, who := range everyone {
		if canRead(path, who) {
			continue
		}
		for _, e := range entries {
			other := filepath.Join(filepath.Dir(path), e.Name())
			if other != path && !strings.HasSuffix(other, ".lock") && canRead(other, who) {
				t.Errorf("%s: %s can't read %s, but %s", when, who.name, filepath.Base(path), e.Name())
			}
		}
	}
}

// restricted are files that not everybody may read.
var restricted = map[string]func(t *testing.T, path string){
	"mode 0600":                 func(t *testing.T, path string) { testkit.Must(t, os.Chmod(path, 0o600)) },
	"mode 0640":                 func(t *testing.T, path string) { testkit.Must(t, os.Chmod(path, 0o640)) },
	"mode 0604":                 func(t *testing.T, path string) { testkit.Must(t, os.Chmod(path, 0o604)) },
	"an ACL for bob alone":      func(t *testing.T, path string) { setACL(t, "-m", "u::rw,g::-,o::-,u:1234:r,m::r", path) },
	"an ACL that shuts bob out": func(t *testing.T, path string) { setACL(t, "-m", "u::rw,g::r,o::r,u:1234:-,m::r", path) },
	"an ACL for a group":        func(t *testing.T, path string) { setACL(t, "-m", "u::rw,g::-,o::-,g:2345:r,m::r", path) },
}

// inherited are directories whose default ACL may open what is made in them.
var inherited = map[string]string{"no default ACL": "", "a default ACL": "u::rwx,g::rx,o::rx,u:1234:rwx,g:2345:rwx,m::rwx"}

func TestASidecarIsNeverReadableByMoreUsersThanItsFile(t *testing.T) {
	testkit.NeedRoot(t)
	for dirName, acl := range inherited {
		for name, restrict := range restricted {
			t.Run(name+" in a directory with "+dirName, func(t *testing.T) {
				dir := testkit.Shared(t, 0o755)
				if acl != "" {
					setACL(t, "-d", "-m", acl, dir)
				}
				path := filepath.Join(dir, "secret")
				testkit.Put(t, path, "0000")
				setACL(t, "-b", path)
				testkit.Must(t, os.Chown(path, 1111, 2222))
				restrict(t, path)
				f, disk := summed(path, quiet)
				step, widened := "", false
				disk.Before(func(op faultfs.Op) error {
					if op.Verb != faultfs.Read && op.Verb != faultfs.Stat && !widened {
						wantNoWider(t, step+" before "+op.String(), path)
					}
					return nil
				})
				for _, s := range []struct {
					name string
					do   func() error
				}{
					{"the first write", func() error { return f.WriteBytes([]byte("1111")) }},
					{"the second write", func() error { return f.WriteBytes([]byte("2222")) }},
					{"checksum.Write", func() error { return checksum.Write(path) }},
					{"a write after the sidecar was widened", func() error {
						widened = true
						testkit.Must(t, os.Chmod(path+".sha256", 0o666))
						return f.WriteBytes([]byte("2222")) // which changes no byte
					}},
				} {
					step = s.name
					testkit.Must(t, s.do())
					step += ", at the end,"
					wantNoWider(t, step, path)
					for _, who := range everyone {
						if canRead(path, who) && !canRead(path+".sha256", who) {
							t.Errorf("%s %s can read the file but not its checksum", step, who.name)
						}
					}
					wantSealed(t, path)
				}
			})
		}
	}
}

// While both contents are vouched for, only those may read the sidecar who may read both files.
func TestASidecarThatTellsOfTwoFilesIsForThoseWhoMayReadBoth(t *testing.T) {
	testkit.NeedRoot(t)
	for _, modes := range [][2]os.FileMode{{0o600, 0o644}, {0o644, 0o600}, {0o640, 0o604}} {
		t.Run(fmt.Sprintf("%o replaced by %o", modes[0], modes[1]), func(t *testing.T) {
			path := filepath.Join(testkit.Shared(t, 0o755), "secret")
			f, disk := summed(path, quiet, safefile.WithoutMetadata(), safefile.WithMode(modes[1]))
			testkit.Must(t, f.WriteBytes([]byte("0000")))
			testkit.Must(t, os.Chmod(path, modes[0]))
			testkit.Must(t, os.Chmod(path+".sha256", modes[0]))
			most, announced := os.FileMode(0), 0
			disk.Before(func(op faultfs.Op) error {
				side := testkit.Content(t, path+".sha256")
				if strings.Contains(side, checksum.Sum([]byte("0000"))) && strings.Contains(side, checksum.Sum([]byte("1111"))) {
					info, err := os.Stat(path + ".sha256")
					testkit.Must(t, err)
					announced, most = announced+1, most|info.Mode().Perm()
				}
				return nil
			})
			testkit.Must(t, f.WriteBytes([]byte("1111")))
			if both := modes[0] & modes[1]; announced == 0 || most&^both != 0 {
				t.Errorf("%d operations saw a sidecar of both contents, of mode %o at most", announced, most)
			}
			wantSealed(t, path)
			if info, err := os.Stat(path + ".sha256"); err != nil || info.Mode() != modes[1] {
				t.Errorf("in the end the sidecar is %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestASidecarHoldsNothingButDigests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	f, _ := summed(path)
	testkit.SetXattr(t, t.TempDir(), "user.try", "x")
	testkit.Must(t, f.WriteBytes([]byte("0042")))
	testkit.Must(t, f.WriteBytes([]byte("0043")))
	testkit.Must(t, checksum.Write(path))
	names := make([]byte, 1024)
	n, err := syscall.Listxattr(path+".sha256", names)
	testkit.Must(t, err)
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		if strings.HasPrefix(name, "user.") {
			t.Errorf("the sidecar has the attribute %s", name)
		}
	}
	if got, want := testkit.Content(t, path+".sha256"), checksum.Sum([]byte("0043"))+"  secret\n"; got != want {
		t.Errorf("it says %q", got)
	}
}

// A link, a directory or a device at a sidecar's name belongs to somebody else.
func TestASidecarThatIsNoRegularFileIsRefusedAndLeft(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(path string) error
		want  error
	}{
		"a link":              {func(path string) error { return os.Symlink("elsewhere", path) }, errors.ErrSymlink},
		"a link to a sidecar": {func(path string) error { return os.Symlink("good.sha256", path) }, errors.ErrSymlink},
		"a directory":         {func(path string) error { return os.Mkdir(path, 0o755) }, fs.ErrInvalid},
		"a named pipe":        {func(path string) error { return syscall.Mkfifo(path, 0o644) }, fs.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "app")
			testkit.Put(t, path, "{}")
			testkit.Put(t, filepath.Join(dir, "good.sha256"), checksum.Sum([]byte("{}"))+"  app\n")
			testkit.Must(t, c.plant(path+".sha256"))
			before, err := os.Lstat(path + ".sha256")
			testkit.Must(t, err)
			f, _ := summed(path)
			calls := map[string]func() error{
				"WriteBytes":      func() error { return f.WriteBytes([]byte("{\"a\":1}")) },
				"Append":          func() error { return f.Append(" ") },
				"checksum.Write":  func() error { return checksum.Write(path) },
				"checksum.Read":   func() error { _, err := checksum.Read(path); return err },
				"checksum.Verify": func() error { return checksum.Verify(path) },
				"Move to": func() error {
					testkit.Put(t, path+"2", "{}")
					return safefile.Move(path+"2", path, quiet, safefile.WithChecksum())
				},
			}
			for how, read := range readings {
				calls[how] = func() error { return read(f) }
			}
			for how, call := range calls {
				err := call()
				if !errors.Is(err, c.want) || errors.Is(err, errors.ErrChecksumMismatch) || !strings.Contains(err.Error(), "app.sha256") || !strings.Contains(err.Error(), "remove it") {
					t.Errorf("%s: %v", how, err)
				}
			}
			after, err := os.Lstat(path + ".sha256")
			testkit.Must(t, err)
			if !os.SameFile(before, after) {
				t.Error("it was replaced")
			}
			testkit.WantContent(t, path, "{}")
		})
	}
}

func TestTheCopyOfAWriteInPlaceIsNeverReadableByMoreUsersThanItsFile(t *testing.T) {
	testkit.NeedRoot(t)
	for dirName, acl := range inherited {
		for name, restrict := range restricted {
			t.Run(name+" in a directory with "+dirName, func(t *testing.T) {
				dir := testkit.Shared(t, 0o755)
				if acl != "" {
					setACL(t, "-d", "-m", acl, dir)
				}
				source := filepath.Join(testkit.Shared(t, 0o700), "source")
				testkit.Put(t, source, "0000")
				testkit.Must(t, os.Chown(source, 1111, 2222))
				restrict(t, source)
				path := filepath.Join(dir, "secret")
				disktest.Bind(t, source, path)
				f, disk := summed(path, quiet, safefile.WithSafety(safefile.BestEffort))
				copies, readers := 0, map[string]bool{}
				disk.Before(func(op faultfs.Op) error {
					if op.Verb == faultfs.Read || op.Verb == faultfs.Stat {
						return nil
					}
					wantNoWider(t, "before "+op.String(), path)
					found, err := filepath.Glob(filepath.Join(dir, ".holdfast-*.copy"))
					testkit.Must(t, err)
					for _, at := range found {
						copies++
						for _, who := range everyone {
							if canRead(path, who) && !canRead(at, who) {
								readers[who.name] = true
							}
						}
					}
					return nil
				})
				testkit.Must(t, f.WriteBytes([]byte("1111")))
				testkit.Must(t, f.WriteBytes([]byte("2222")))
				if copies == 0 || len(readers) > 0 {
					t.Errorf("%d looks at the copy; these can read the file but not its copy: %v", copies, readers)
				}
			})
		}
	}
}
