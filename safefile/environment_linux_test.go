package safefile_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// lacking is a place that can't keep everything.
type lacking struct {
	name     string
	dir      func(t *testing.T) string
	lost     string // a guarantee that the refusal names
	system   error  // what the refusal matches beside
	hopeless bool   // nothing can be written there
}

var lackingPlaces = []lacking{
	{name: "proc", dir: func(*testing.T) string { return "/proc" }, lost: "AtomicVisibility, CrashDurability, WriterExclusion on proc", hopeless: true},
	{name: "FUSE", dir: func(t *testing.T) string { return disktest.FUSE(t, t.TempDir()) }, lost: "AtomicVisibility, CrashDurability, WriterExclusion on fuse"},
	{name: "volatile overlay", dir: func(t *testing.T) string {
		return disktest.Overlay(t, disktest.New(t, "ext4").Dir(), "volatile")
	}, lost: "CrashDurability on overlay"},
	{name: "read-only", dir: func(t *testing.T) string {
		source, target := t.TempDir(), filepath.Join(t.TempDir(), "bound")
		testkit.Put(t, filepath.Join(source, "there"), "old")
		disktest.Bind(t, source, target, "ro")
		return target
	}, lost: "AtomicVisibility, CrashDurability, WriterExclusion on", system: syscall.EROFS, hopeless: true},
	{name: "immutable directory", dir: func(t *testing.T) string {
		dir := disktest.New(t, "ext4").Dir()
		testkit.Chattr(t, "+i", dir)
		return dir
	}, lost: "AtomicVisibility, CrashDurability, WriterExclusion on ext4", system: fs.ErrPermission, hopeless: true},
}

// everyChange is all the ways to change a file.
var everyChange = map[string]func(path string, opts ...safefile.Option) error{
	"WriteBytes": func(path string, opts ...safefile.Option) error {
		return safefile.New[any](path, opts...).WriteBytes([]byte("new"))
	},
	"Append": func(path string, opts ...safefile.Option) error {
		return safefile.New[any](path, opts...).Append("new")
	},
	"Remove": func(path string, opts ...safefile.Option) error { return safefile.New[any](path, opts...).Remove() },
	"Create": func(path string, opts ...safefile.Option) error {
		w, err := safefile.New[any](path, opts...).Create()
		if err != nil {
			return err
		}
		defer w.Close()
		return w.Commit()
	},
	"Move from": func(path string, opts ...safefile.Option) error { return safefile.Move(path, path+"2", opts...) },
	"Move to":   func(path string, opts ...safefile.Option) error { return safefile.Move(path+"2", path, opts...) },
}

func TestStrictRefusesEveryChangeBeforeItTouchesAnything(t *testing.T) {
	for _, p := range lackingPlaces {
		t.Run(p.name, func(t *testing.T) {
			dir := p.dir(t)
			path := filepath.Join(dir, "holdfast-file")
			for name, change := range everyChange {
				err := change(path)
				if !errors.Is(err, errors.ErrUnsupportedEnvironment) || p.system != nil && !errors.Is(err, p.system) {
					t.Errorf("%s: %v", name, err)
				}
				if err == nil || !strings.Contains(err.Error(), p.lost) {
					t.Errorf("%s does not say what is lost: %v", name, err)
				}
				// Where nothing can be written Warn fails too.
				if advised := strings.Contains(err.Error(), "WithSafety(Warn)"); advised == p.hopeless {
					t.Errorf("%s advises what does not help, or not what does: %v", name, err)
				}
			}
			testkit.WantNone(t, dir, "*holdfast*")
		})
	}
}

func TestWarnSaysItOncePerHandleAndCause(t *testing.T) {
	for _, p := range lackingPlaces {
		t.Run(p.name, func(t *testing.T) {
			path := filepath.Join(p.dir(t), "holdfast-file")
			for _, level := range []struct {
				safety safefile.Safety
				want   int
			}{{safefile.Warn, 1}, {safefile.BestEffort, 0}} {
				log := &testkit.Log{}
				f := safefile.New[any](path, safefile.WithSafety(level.safety), logging(log))
				for _, content := range []string{"one", "two", "two"} {
					err := f.WriteBytes([]byte(content))
					if (err != nil) != p.hopeless || errors.Is(err, errors.ErrUnsupportedEnvironment) {
						t.Errorf("%v: %v", level.safety, err)
					}
					if p.system != nil && !errors.Is(err, p.system) {
						t.Errorf("%v: the system's own words are lost: %v", level.safety, err)
					}
				}
				if strings.Contains(log.String(), "WithSafety") {
					t.Errorf("the log advises what was done already: %q", log)
				}
				if len(log.Records()) != level.want {
					t.Errorf("%d records, not %d: %q", len(log.Records()), level.want, log)
				}
				if !p.hopeless {
					testkit.WantContent(t, path, "two")
				}
			}
		})
	}
}

func TestATransactionOnAReadOnlyMountSaysThatReadsNeedNone(t *testing.T) {
	dir := disktest.Tmpfs(t)
	testkit.Put(t, filepath.Join(dir, "app.json"), "{}")
	target := t.TempDir()
	disktest.Bind(t, dir, target, "ro")
	f := lockedfile.New[counters](filepath.Join(target, "app.json"))
	if _, err := f.Read(); err != nil {
		t.Errorf("a read: %v", err)
	}
	err := f.Locked(func(*lockedfile.Tx[counters]) error { t.Error("it ran"); return nil })
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "a read outside of a transaction does not") {
		t.Errorf("a transaction: %v", err)
	}
}

func TestAnImmutableFileIsRefusedAsForbidden(t *testing.T) {
	path := filepath.Join(disktest.New(t, "ext4").Dir(), "file")
	testkit.Put(t, path, "old")
	testkit.Chattr(t, "+i", path)
	for name, change := range everyChange {
		if name == "Move to" {
			testkit.Put(t, path+"2", "other")
		}
		err := change(path)
		if !errors.Is(err, errors.ErrUnsupportedEnvironment) || !errors.Is(err, fs.ErrPermission) ||
			!strings.Contains(err.Error(), "chattr") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, opt := range []safefile.Option{quiet, safefile.WithSafety(safefile.Warn), safefile.WithSafety(safefile.BestEffort)} {
		err := safefile.WriteFile(path, []byte("new"), opt, quiet)
		testkit.WantIs(t, "it", err, fs.ErrPermission)
	}
	testkit.WantContent(t, path, "old")
	wantNoTemps(t, filepath.Dir(path))
}

func TestReadsAreNeverRefusedForTheirPlace(t *testing.T) {
	for _, p := range lackingPlaces {
		if p.name == "proc" {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			f := safefile.New[any](filepath.Join(p.dir(t), "there"))
			if _, err := f.ReadBytes(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
		})
	}
	if data, err := safefile.ReadFile("/proc/self/stat"); err != nil || len(data) == 0 {
		t.Errorf("proc: %q, %v", data, err)
	}
}

func TestStrictJudgesByTheKindOfFilesystem(t *testing.T) {
	for kind, refused := range map[string]bool{
		"ext4": false, "zfs": false, "tmpfs": false, "overlay": false,
		"nfs4": true, "cifs": true, "9p": true, "vfat": true, "fuse.sshfs": true, "newfs": true, "": true,
	} {
		path := filepath.Join(t.TempDir(), "file")
		on := over(faultfs.OnVolume(vfs.OS, func(string) vfs.Volume { return vfs.Volume{Type: kind} }))
		err := safefile.WriteFile(path, []byte("new"), on)
		if errors.Is(err, errors.ErrUnsupportedEnvironment) != refused || (err != nil) != refused {
			t.Errorf("%s: %v", kind, err)
		}
		if refused {
			testkit.WantNames(t, filepath.Dir(path))
		}
	}
}

func TestTheLockDirectoryIsJudgedForExclusionAlone(t *testing.T) {
	dir, locks := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "file")
	types := map[string]string{dir: "ext4", locks: "nfs4"}
	on := over(faultfs.OnVolume(vfs.OS, func(at string) vfs.Volume { return vfs.Volume{Type: types[at]} }))
	err := safefile.WriteFile(path, []byte("new"), on, safefile.WithLockDir(locks))
	if !errors.Is(err, errors.ErrUnsupportedEnvironment) || !strings.Contains(err.Error(), "no WriterExclusion on nfs4") ||
		strings.Contains(err.Error(), "AtomicVisibility") {
		t.Errorf("the lock's directory: %v", err)
	}
	testkit.WantNames(t, locks)
	testkit.Must(t, safefile.WriteFile(path, []byte("new"), on, safefile.WithoutLock()))

	types[dir], types[locks] = "nfs4", "ext4"
	err = safefile.WriteFile(path, []byte("newer"), on, safefile.WithLockDir(locks), safefile.WithChecksum())
	if err == nil || strings.Contains(err.Error(), "WriterExclusion") || !strings.Contains(err.Error(), "IntegrityDetection") {
		t.Errorf("the file's directory: %v", err)
	}
	testkit.WantContent(t, path, "new")
}

func TestTwoHandlesSayItEach(t *testing.T) {
	dir := t.TempDir()
	on := over(faultfs.OnVolume(vfs.OS, func(string) vfs.Volume { return vfs.Volume{Type: "nfs4"} }))
	for range 2 {
		log := &testkit.Log{}
		f := safefile.New[any](filepath.Join(dir, "file"), on, logging(log), safefile.WithSafety(safefile.Warn))
		for i := range 3 {
			testkit.Must(t, f.WriteBytes(bytes.Repeat([]byte("x"), i)))
		}
		if len(log.Records()) != 1 || !strings.Contains(log.String(), "nfs4") {
			t.Errorf("%q", log)
		}
	}
	_ = os.Remove(filepath.Join(dir, "file"))
}

// A mount that took a write is not asked again before the next.
func TestAMountThatBecomesReadOnlyIsNoticed(t *testing.T) {
	testkit.NeedRoot(t)
	source, mounted := t.TempDir(), t.TempDir()
	disktest.Bind(t, source, mounted)
	remount := func(flags uintptr) {
		t.Helper()
		testkit.Must(t, syscall.Mount("", mounted, "", syscall.MS_REMOUNT|syscall.MS_BIND|flags, ""))
	}
	f := safefile.New[map[string]int](filepath.Join(mounted, "file.json"))
	testkit.Must(t, f.WriteBytes([]byte("{}")))
	remount(syscall.MS_RDONLY)
	wantEveryWriteRefused(t, f, mounted)
	testkit.WantNames(t, source, "file.json", "file.json.lock")
	remount(0)
	testkit.WantNil(t, "it takes writes again", f.Write(map[string]int{"a": 1}))
}
