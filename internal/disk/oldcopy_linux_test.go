package disk

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// logged are the options of in-place writes, and what they log.
func logged() (store.Options, *bytes.Buffer) {
	var text bytes.Buffer
	o := relaxed
	o.Checksum = false
	o.Policy.Log = &safety.Log{Logger: slog.New(slog.NewTextHandler(&text, nil))}
	return o, &text
}

// copyPath is where the copy of a bound file lies.
func copyPath(t *testing.T, p store.Target) string {
	t.Helper()
	info, err := vfs.OS.Stat(p.Path, false)
	testkit.Must(t, err)
	return filepath.Join(filepath.Dir(p.Path), replace.CopyName(filepath.Base(p.Path), info.Ino))
}

// aside are the copies that were set aside in a directory.
func aside(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, ".holdfast-*.aside"))
	testkit.Must(t, err)
	return names
}

func TestAPlantedCopyIsNeitherReadNorPutBack(t *testing.T) {
	for name, plant := range map[string]func(t *testing.T, at string){
		"another user's file": func(t *testing.T, at string) {
			testkit.Put(t, at, "evil")
			testkit.Must(t, os.Chown(at, 4321, 4321))
		},
		"a link": func(t *testing.T, at string) {
			testkit.Put(t, at+"-target", "evil")
			testkit.Must(t, os.Symlink(at+"-target", at))
		},
		"a hard link to a file of root's": func(t *testing.T, at string) {
			testkit.Put(t, at+"-twin", "evil")
			testkit.Must(t, os.Link(at+"-twin", at))
		},
		"a named pipe": func(t *testing.T, at string) { testkit.Must(t, syscall.Mkfifo(at, 0o666)) },
		"a directory":  func(t *testing.T, at string) { testkit.Must(t, os.Mkdir(at, 0o777)) },
	} {
		t.Run(name, func(t *testing.T) {
			p, source := bound(t)
			at := copyPath(t, p)
			plant(t, at)
			planted, err := os.Lstat(at)
			testkit.Must(t, err)
			d := New(vfs.OS)
			if got := read(t, d, p); got != oldBytes {
				t.Fatalf("%.20q is read", got)
			}
			o, log := logged()
			where, err := d.Locate(context.Background(), p)
			testkit.Must(t, err)
			s, err := d.TryLock(ctx, p, where, o)
			testkit.Must(t, err)
			defer s.Release(ctx)
			_, err = commit(s, store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, o)
			testkit.Must(t, err)
			testkit.WantContent(t, source, oldBytes+"tail")
			left := aside(t, filepath.Dir(p.Path))
			if len(left) != 1 || !strings.Contains(log.String(), filepath.Base(left[0])) {
				t.Fatalf("set aside: %v, and the log says %q", left, log)
			}
			if now, err := os.Lstat(left[0]); err != nil || !os.SameFile(planted, now) {
				t.Errorf("what lay there is gone: %v", err)
			}
		})
	}
}

func TestACopyThatTheOwnerOrRootMadeIsPutBack(t *testing.T) {
	const owner = 1111
	for name, uid := range map[string]int{"the file's owner": owner, "root": 0} {
		t.Run(name, func(t *testing.T) {
			p, source := bound(t)
			testkit.Must(t, os.Chown(source, owner, owner))
			at := copyPath(t, p)
			testkit.Put(t, at, "kept")
			testkit.Must(t, os.Chown(at, uid, uid))
			d := New(vfs.OS)
			if got, err := contentOf(d, p, store.ReadOptions{}); err != nil || string(got) != "kept" {
				t.Errorf("%.20q is read, %v", got, err)
			}
			o, _ := logged()
			testkit.Must(t, overwriteAs(o, d, p, "kept")) // changes no byte
			testkit.WantContent(t, source, "kept")
			if left := aside(t, filepath.Dir(p.Path)); len(left) > 0 {
				t.Errorf("it was set aside: %v", left)
			}
		})
	}
}

// The process is killed at every step, and then somebody writes the file by hand.
func TestWhatSomebodyRepairedAfterACrashInPlaceIsKept(t *testing.T) {
	p, source := bound(t)
	const repaired = "repaired by hand"
	kept := 0
	for n := 1; ; n++ {
		testkit.Must(t, overwrite(New(vfs.OS), p, oldBytes))
		if !dies(t, killed{Path: p.Path, Content: newBytes, At: n}) {
			break
		}
		_, err := os.Stat(copyPath(t, p))
		interrupted := err == nil
		testkit.Put(t, source, repaired)
		later := time.Now().Add(2 * recordAhead)
		testkit.Must(t, os.Chtimes(source, later, later))
		d := New(vfs.OS)
		if got, err := contentOf(d, p, store.ReadOptions{}); err != nil || string(got) != repaired {
			t.Fatalf("step %d: %.20q is read, %v", n, got, err)
		}
		r, err := d.Open(ctx, p, store.ReadOptions{})
		testkit.Must(t, err)
		testkit.Must(t, r.Close())
		o, log := logged()
		s := sessionWith(t, d, p, o)
		c, err := s.Load(ctx, store.ReadOptions{})
		if err != nil || string(c.Data) != repaired {
			t.Fatalf("step %d: under the lock %.20q is read, %v", n, c.Data, err)
		}
		_, err = commit(s, store.Change{Append: true, Parts: bytesOf([]string{"!"}), Read: c.Version}, o)
		testkit.Must(t, err)
		testkit.Must(t, s.Release(ctx))
		testkit.WantContent(t, source, repaired+"!")
		left := aside(t, filepath.Dir(p.Path))
		if !interrupted {
			if len(left) > 0 {
				t.Errorf("step %d: without a copy this is set aside: %v", n, left)
			}
			continue
		}
		kept++
		if len(left) != 1 || !strings.Contains(log.String(), filepath.Base(left[0])) {
			t.Fatalf("step %d: set aside: %v, and the log says %q", n, left, log)
		}
		testkit.WantContent(t, left[0], oldBytes)
		testkit.Must(t, os.Remove(left[0]))
	}
	if kept == 0 {
		t.Error("no step left a copy, so nothing was shown")
	}
}

func sessionWith(t *testing.T, d *Disk, p store.Target, o store.Options) store.Session {
	t.Helper()
	where, err := d.Locate(context.Background(), p)
	testkit.Must(t, err)
	s, err := d.TryLock(ctx, p, where, o)
	testkit.Must(t, err)
	return s
}

// A rewrite that takes long moves its record on before it outlasts it, and makes that durable.
func TestTheRecordOfAWriteCoversEveryChangeOfTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := store.Target{Path: "/data", Perm: 0o666, NoLock: true}
		inner := crashfs.New()
		simulated := mountedFS{inner, "data", false}
		dir, err := inner.OpenDir("/")
		testkit.Must(t, err)
		_, err = dir.Create("data", 0o644)
		testkit.Must(t, err)
		o, _ := logged()
		testkit.Must(t, overwriteAs(o, New(simulated), p, oldBytes))
		inner.SyncAll()
		disk := faultfs.Wrap(simulated)
		changes, moved := 0, 0
		last := int64(0)
		disk.Before(func(op faultfs.Op) error {
			time.Sleep(300 * time.Millisecond) // the bubble's clock: each operation is slow
			if !strings.HasSuffix(op.Path, "/data") || op.Verb != faultfs.Write && op.Verb != faultfs.Truncate {
				return nil
			}
			changes++
			for after := range inner.Crashes() {
				names, err := mustDir(t, after).Names()
				testkit.Must(t, err)
				record := int64(0)
				for _, name := range names {
					if strings.HasSuffix(name, ".copy") {
						info, err := mustDir(t, after).Stat(name)
						testkit.Must(t, err)
						record = info.Mtime
					}
				}
				if now := time.Now().UnixNano(); record < now {
					t.Fatalf("change %d: after a power cut the record ends %v before the change", changes, time.Duration(now-record))
				}
				if record != last {
					moved, last = moved+1, record
				}
			}
			return nil
		})
		testkit.Must(t, overwriteAs(o, New(disk), p, strings.Repeat("x", 500_000)))
		if changes < 7 || moved < 3 {
			t.Errorf("%d changes and %d records, so nothing was shown", changes, moved)
		}
	})
}

func mustDir(t *testing.T, fs vfs.FS) vfs.Dir {
	t.Helper()
	dir, err := fs.OpenDir("/")
	testkit.Must(t, err)
	return dir
}

// Only the owner sets a file's times. A copy that can't record the write that puts it back is
// replaced by one that can.
func TestACopyOfSomebodyElsesIsPutBackByWhoCannotSetItsTime(t *testing.T) {
	p, source := bound(t)
	at := copyPath(t, p)
	testkit.Put(t, at, "kept")
	info, err := os.Stat(source)
	testkit.Must(t, err)
	testkit.Must(t, os.Chtimes(at, info.ModTime(), info.ModTime()))
	disk := faultfs.Wrap(vfs.OS)
	refused := 0
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.SetMtime && op.Path == at {
			refused++
			return syscall.EPERM
		}
		return nil
	})
	o, _ := logged()
	testkit.Must(t, overwriteAs(o, New(disk), p, "new"))
	testkit.WantContent(t, source, "new")
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.Path), ".holdfast-*")); refused == 0 || len(left) > 0 {
		t.Errorf("%d refusals, left behind: %v", refused, left)
	}
}

// A place that can't say what belongs to the write is no place for the copy.
func TestAFileIsNotRewrittenWhereTheWriteCannotBeRecorded(t *testing.T) {
	p, source := bound(t)
	disk := faultfs.Wrap(vfs.OS)
	for _, cause := range []error{syscall.EPERM, syscall.ENOSYS, syscall.EIO} {
		disk.FailAll(faultfs.SetMtime, cause)
		if err := overwrite(New(disk), p, newBytes); !errors.Is(err, cause) || !strings.Contains(err.Error(), "can't be recorded") {
			t.Errorf("%v: %v", cause, err)
		}
		testkit.WantContent(t, source, oldBytes)
	}
}

// The file would be on its disk half written, and the copy on none.
func TestAFileIsNotRewrittenBesideACopyOnAFilesystemThatCannotSync(t *testing.T) {
	for _, elsewhere := range []bool{true, false} {
		t.Run(fmt.Sprintf("elsewhere %v", elsewhere), func(t *testing.T) {
			p, source := bound(t)
			if elsewhere {
				source = filepath.Join(disktest.Tmpfs(t), "source")
				testkit.Put(t, source, oldBytes)
				disktest.Bind(t, source, p.Path)
			}
			for _, verb := range []string{faultfs.Sync, faultfs.SyncDir} {
				testkit.Put(t, source, oldBytes)
				disk := faultfs.Wrap(vfs.OS)
				disk.FailAll(verb, syscall.EINVAL)
				o, _ := logged()
				err := overwriteAs(o, New(disk), p, newBytes)
				if elsewhere != errors.Is(err, errors.ErrUnsupportedEnvironment) || elsewhere != (err != nil) || errors.Is(err, errors.ErrNotDurable) {
					t.Errorf("%s: %v", verb, err)
				}
				if elsewhere {
					testkit.WantContent(t, source, oldBytes)
				}
				testkit.WantNone(t, filepath.Dir(p.Path), ".holdfast-*")
			}
		})
	}
}

// readOnlyRoot is a bound file whose directory can't be written, as on a container's
// read-only root filesystem, and a directory for its lock.
func readOnlyRoot(t *testing.T) (p store.Target, source string) {
	t.Helper()
	dir := disktest.Tmpfs(t)
	source = filepath.Join(dir, "source")
	testkit.Put(t, source, oldBytes)
	inside, root := filepath.Join(dir, "inside"), filepath.Join(dir, "root")
	testkit.Must(t, os.Mkdir(inside, 0o755))
	testkit.Put(t, filepath.Join(inside, "data"), "")
	disktest.Bind(t, inside, root, "ro")
	p = store.Target{Path: filepath.Join(root, "data"), LockDir: filepath.Join(dir, "locks"), Perm: 0o666}
	testkit.Must(t, os.Mkdir(p.LockDir, 0o755))
	disktest.Bind(t, source, p.Path)
	return p, source
}

func TestWhereTheDirectoryIsReadOnlyTheCopyLiesInTheLockDirectory(t *testing.T) {
	p, source := readOnlyRoot(t)
	o, _ := logged()
	disk := faultfs.Wrap(vfs.OS)
	copies := 0
	disk.Before(func(op faultfs.Op) error {
		if found, _ := filepath.Glob(filepath.Join(p.LockDir, ".holdfast-*.copy")); len(found) > 0 {
			copies++
			if data, err := contentOf(New(vfs.OS), p, store.ReadOptions{}); err != nil || string(data) != oldBytes {
				t.Errorf("before %v: %.20q is read, %v", op, data, err)
			}
		}
		return nil
	})
	testkit.Must(t, overwriteAs(o, New(disk), p, newBytes))
	testkit.WantContent(t, source, newBytes)
	if copies == 0 {
		t.Error("there was no copy in the lock directory")
	}
	if names, err := os.ReadDir(p.LockDir); err != nil || len(names) != 1 {
		t.Errorf("left in the lock directory: %v, %v", names, err)
	}
	// Another file of that name shares the lock directory, but not the copy.
	other, otherSource := readOnlyRoot(t)
	other.LockDir = p.LockDir
	testkit.Must(t, overwriteAs(o, New(vfs.OS), other, "other"))
	testkit.WantContent(t, source, newBytes)
	testkit.WantContent(t, otherSource, "other")
}

func TestWithoutAPlaceForLockOrCopyARewriteIsRefusedAndSaysWhatToDo(t *testing.T) {
	p, source := readOnlyRoot(t)
	p.LockDir = ""
	o, _ := logged()
	for _, noLock := range []bool{false, true} {
		p.NoLock = noLock
		err := overwriteAs(o, New(vfs.OS), p, newBytes)
		if !errors.Is(err, errors.ErrUnsupportedEnvironment) || !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "WithLockDir") {
			t.Errorf("without a lock %v: %v", noLock, err)
		}
	}
	testkit.WantContent(t, source, oldBytes)
}

func TestAfterAKillAtEveryStepACopyInTheLockDirectoryIsPutBack(t *testing.T) {
	p, source := readOnlyRoot(t)
	o, _ := logged()
	torn := 0
	for n := 1; ; n++ {
		testkit.Must(t, overwriteAs(o, New(vfs.OS), p, oldBytes))
		if !dies(t, killed{Path: p.Path, LockDir: p.LockDir, Content: newBytes, At: n}) {
			break
		}
		raw, err := os.ReadFile(source)
		testkit.Must(t, err)
		if string(raw) != oldBytes && string(raw) != newBytes {
			torn++
		}
		data, err := contentOf(New(vfs.OS), p, store.ReadOptions{})
		if err != nil || string(data) != oldBytes && string(data) != newBytes {
			t.Fatalf("step %d: %.20q is read, %v", n, data, err)
		}
		s := sessionWith(t, New(vfs.OS), p, o)
		_, err = commit(s, store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, o)
		testkit.Must(t, err)
		testkit.Must(t, s.Release(ctx))
		testkit.WantContent(t, source, string(data)+"tail")
		if names, err := os.ReadDir(p.LockDir); err != nil || len(names) != 1 {
			t.Fatalf("step %d: left in the lock directory: %v, %v", n, names, err)
		}
	}
	if torn == 0 {
		t.Error("the file was never torn, so nothing was shown")
	}
}

func TestAChecksumWhereTheDirectoryIsReadOnlyIsRefusedAndSaysWhatToDo(t *testing.T) {
	p, source := readOnlyRoot(t)
	err := overwrite(New(vfs.OS), p, newBytes)
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "data.sha256") || !strings.Contains(err.Error(), "WithChecksum") {
		t.Errorf("got %v", err)
	}
	testkit.WantContent(t, source, oldBytes)
	if names, err := os.ReadDir(p.LockDir); err != nil || len(names) != 1 {
		t.Errorf("left in the lock directory: %v, %v", names, err)
	}
}
