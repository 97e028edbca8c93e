package disk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// relaxed is how a file that can't be replaced is written at all.
var relaxed = store.Options{Perm: 0o666, Metadata: true, Checksum: true, Policy: safety.Policy{Level: safety.BestEffort}}

var (
	oldBytes = strings.Repeat("old ", 1000)
	newBytes = strings.Repeat("new ", 100)
)

// bound is a placement of a single file that is bound from elsewhere, with the
// old content and its checksum.
func bound(t *testing.T) (p store.Target, source string) {
	t.Helper()
	return boundIn(t, disktest.Tmpfs(t))
}

func boundIn(t *testing.T, dir string) (p store.Target, source string) {
	t.Helper()
	source = filepath.Join(dir, "source")
	p = store.Target{Path: filepath.Join(dir, "inside", "data"), Perm: 0o666}
	testkit.Must(t, os.Mkdir(filepath.Dir(p.Path), 0o755))
	testkit.Put(t, source, "")
	disktest.Bind(t, source, p.Path)
	testkit.Must(t, overwrite(New(vfs.OS), p, oldBytes))
	return p, source
}

func overwrite(d *Disk, p store.Target, content string) error {
	return overwriteAs(relaxed, d, p, content)
}

func overwriteAs(o store.Options, d *Disk, p store.Target, content string) error {
	where, err := d.Locate(context.Background(), p)
	if err != nil {
		return err
	}
	s, err := d.TryLock(ctx, p, where, o)
	if err != nil {
		return err
	}
	defer s.Release(ctx)
	_, err = commit(s, text(content), o)
	return err
}

// read is what a reader who verifies is given.
func read(t *testing.T, d *Disk, p store.Target) string {
	t.Helper()
	data, err := contentOf(d, p, store.ReadOptions{Verify: true})
	if err != nil {
		t.Fatalf("a reader is refused: %v", err)
	}
	plain, err := contentOf(d, p, store.ReadOptions{})
	if err != nil || !bytes.Equal(plain, data) {
		t.Fatalf("without verifying another content is read, %v", err)
	}
	return string(data)
}

// wantRecovered checks what a crash has left: one of the two contents, which
// verifies, and a file that can be written again.
func wantRecovered(t *testing.T, step string, d *Disk, p store.Target) {
	t.Helper()
	found := read(t, d, p)
	if found != oldBytes && found != newBytes {
		t.Fatalf("%s: neither old nor new is read: %.20q, %d bytes", step, found, len(found))
	}
	where, err := d.Locate(context.Background(), p)
	testkit.Must(t, err)
	s, err := d.TryLock(ctx, p, where, relaxed)
	if err != nil {
		t.Fatalf("%s: %v", step, err)
	}
	defer s.Release(ctx)
	c, err := s.Load(ctx, store.ReadOptions{Verify: true})
	if err != nil || string(c.Data) != found {
		t.Fatalf("%s: under the lock another content is read, %v", step, err)
	}
	third := store.Change{Parts: bytesOf([]string{"third"}), Read: c.Version}
	if _, err := commit(s, third, relaxed); err != nil {
		t.Fatalf("%s: the next write: %v", step, err)
	}
	if got := read(t, d, p); got != "third" {
		t.Fatalf("%s: after the next write %.20q is read", step, got)
	}
}

func TestABoundFileIsRewrittenInPlace(t *testing.T) {
	p, source := boundIn(t, disktest.New(t, "ext4").Dir())
	before, err := os.Stat(source)
	testkit.Must(t, err)
	testkit.Must(t, overwrite(New(vfs.OS), p, newBytes))
	after, err := os.Stat(source)
	testkit.Must(t, err)
	if !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Errorf("it is another file, or of mode %v", after.Mode())
	}
	testkit.WantContent(t, source, newBytes)
	entries, err := os.ReadDir(filepath.Dir(p.Path))
	if err != nil || len(entries) != 3 {
		t.Errorf("beside file, lock and checksum: %v, %v", entries, err)
	}
	d := New(vfs.OS)
	s := relaxedSession(t, d, p)
	if _, err := commit(s, store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, relaxed); err != nil {
		t.Fatal(err)
	}
	draft, err := s.Prepare(ctx, store.Change{Stream: true}, relaxed)
	testkit.Must(t, err)
	if got := read(t, d, p); got != newBytes+"tail" {
		t.Errorf("after an append %d bytes are read", len(got))
	}
	_, err = io.WriteString(draft, oldBytes+oldBytes)
	testkit.Must(t, err)
	_, err = draft.Publish(ctx, nil)
	testkit.Must(t, err)
	draft.Abort()
	if got := read(t, d, p); got != oldBytes+oldBytes {
		t.Errorf("after a stream %d bytes are read", len(got))
	}
}

func relaxedSession(t *testing.T, d *Disk, p store.Target) store.Session {
	t.Helper()
	where, err := d.Locate(context.Background(), p)
	testkit.Must(t, err)
	s, err := d.TryLock(ctx, p, where, relaxed)
	testkit.Must(t, err)
	t.Cleanup(func() { s.Release(ctx) })
	return s
}

func TestReadersSeeTheOldContentWhileAFileIsRewritten(t *testing.T) {
	p, source := bound(t)
	disk, reader := faultfs.Wrap(vfs.OS), New(vfs.OS)
	seen, torn := []string{}, 0
	disk.Before(func(op faultfs.Op) error {
		seen = append(seen, read(t, reader, p))
		if raw, _ := os.ReadFile(source); string(raw) != oldBytes && string(raw) != newBytes {
			torn++
		}
		return nil
	})
	testkit.Must(t, overwrite(New(disk), p, newBytes))
	changes := 0
	for i := range seen[1:] {
		if seen[i+1] != seen[i] {
			changes++
		}
	}
	if seen[0] != oldBytes || seen[len(seen)-1] != newBytes || changes != 1 {
		t.Errorf("readers saw %d changes", changes)
	}
	if torn == 0 {
		t.Error("the file was never half written, so nothing was shown")
	}
}

func TestAReaderNeverGetsPartsOfTwoVersions(t *testing.T) {
	dir := disktest.Tmpfs(t)
	p := store.Target{Path: filepath.Join(dir, "data"), Perm: 0o666}
	testkit.Put(t, filepath.Join(dir, "source"), "")
	disktest.Bind(t, filepath.Join(dir, "source"), p.Path)
	contents := []string{strings.Repeat("a", 300_000), strings.Repeat("b", 300_000), strings.Repeat("c", 70_000)}
	testkit.Must(t, overwrite(New(vfs.OS), p, contents[0]))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	whole := func(data []byte) bool {
		return len(data) > 0 && len(bytes.Trim(data, string(data[:1]))) == 0 && (len(data) == 300_000 || len(data) == 70_000)
	}
	for range 2 {
		readers.Go(func() {
			d := New(vfs.OS)
			for {
				select {
				case <-stop:
					return
				default:
				}
				if data, err := contentOf(d, p, store.ReadOptions{Verify: true}); err != nil || !whole(data) {
					t.Errorf("read %d bytes, %v", len(data), err)
					return
				}
				r, err := d.Open(ctx, p, store.ReadOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				data, err := io.ReadAll(r)
				r.Close()
				if errors.Is(err, errors.ErrChanged) {
					continue
				}
				if err != nil || !whole(data) {
					t.Errorf("streamed %d bytes, %v", len(data), err)
					return
				}
			}
		})
	}
	for i := range 300 {
		testkit.Must(t, overwrite(New(vfs.OS), p, contents[i%3]))
	}
	close(stop)
	readers.Wait()
}

// killed is the task of a process that stops itself.
type killed struct {
	Path    string
	Content string
	LockDir string
	At      int // before which operation
}

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Roles{"killed": func(args []string) {
		var k killed
		if err := json.Unmarshal([]byte(args[0]), &k); err != nil {
			panic(err)
		}
		k.run()
	}})
}

func (k killed) run() {
	disk := faultfs.Wrap(vfs.OS)
	disk.Before(func(op faultfs.Op) error {
		if op.N == k.At {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	})
	o := relaxed
	o.Checksum = k.LockDir == "" // else its directory can't be written
	if err := overwriteAs(o, New(disk), store.Target{Path: k.Path, LockDir: k.LockDir, Perm: 0o666}, k.Content); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func TestAfterAKillAtEveryStepTheOldContentOrTheNewIsThere(t *testing.T) {
	p, source := bound(t)
	torn, news := 0, 0
	changes := [][2]string{{oldBytes, newBytes}, {newBytes, oldBytes}}
	for _, c := range changes[:effort.Of(1, 2, 2)] {
		for n := 1; ; n++ {
			testkit.Must(t, overwrite(New(vfs.OS), p, c[0]))
			if !dies(t, killed{Path: p.Path, Content: c[1], At: n}) {
				break
			}
			raw, err := os.ReadFile(source)
			testkit.Must(t, err)
			if string(raw) != c[0] && string(raw) != c[1] {
				torn++
			}
			if read(t, New(vfs.OS), p) == c[1] {
				news++
			}
			wantRecovered(t, fmt.Sprintf("step %d", n), New(vfs.OS), p)
			if raw, err = os.ReadFile(source); err != nil || string(raw) != "third" {
				t.Fatalf("step %d: the file itself holds %.20q, %v", n, raw, err)
			}
			testkit.WantNone(t, filepath.Dir(p.Path), ".holdfast*")
		}
	}
	if torn == 0 || news == 0 {
		t.Errorf("%d steps left a torn file, %d the new content", torn, news)
	}
}

// dies reports whether the process came to the operation that it stops at.
func dies(t *testing.T, k killed) bool {
	t.Helper()
	task, err := json.Marshal(k)
	testkit.Must(t, err)
	cmd := testkit.Self(t, "killed", string(task))
	cmd.Stderr = nil
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		t.Fatalf("step %d: %v: %s", k.At, err, out)
	}
	return true
}

func TestWhenAnyOperationFailsTheContentIsOldOrNew(t *testing.T) {
	p, source := bound(t)
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
		for n := 1; ; n++ {
			testkit.Must(t, overwrite(New(vfs.OS), p, oldBytes))
			disk := faultfs.Wrap(vfs.OS)
			disk.FailAt(n, cause)
			err := overwrite(New(disk), p, newBytes)
			if len(disk.Ops()) < n {
				break
			}
			op := disk.Ops()[n-1]
			found := read(t, New(vfs.OS), p)
			if err == nil && found != newBytes || err != nil && found != oldBytes && !errors.Is(err, errors.ErrNotDurable) {
				t.Errorf("%v fails with %v: %.10q, %v", op, cause, found, err)
			}
			raw, readErr := os.ReadFile(source)
			testkit.Must(t, readErr)
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.Path), "*.copy")); string(raw) != found || len(left) > 0 {
				t.Errorf("%v fails with %v: the file itself holds %.10q, and %v is left", op, cause, raw, left)
			}
			wantRecovered(t, op.String(), New(vfs.OS), p)
		}
	}
}

func TestAFileIsNotRewrittenInPlaceWhileItsCopyIsNotDurable(t *testing.T) {
	p, source := bound(t)
	testkit.Must(t, overwrite(New(vfs.OS), p, oldBytes))
	for _, verb := range []string{faultfs.SyncDir, faultfs.Sync} {
		disk := faultfs.Wrap(vfs.OS)
		disk.FailAll(verb, syscall.EIO)
		err := overwrite(New(disk), p, newBytes)
		if !errors.Is(err, syscall.EIO) || errors.Is(err, errors.ErrNotDurable) {
			t.Errorf("%s: the old content is there, and the error is %v", verb, err)
		}
		for _, op := range disk.Ops() {
			if (op.Verb == faultfs.Write || op.Verb == faultfs.Truncate) && op.Path == p.Path {
				t.Errorf("%s: the file was touched: %v", verb, op)
			}
		}
		raw, err := os.ReadFile(source)
		testkit.Must(t, err)
		if string(raw) != oldBytes {
			t.Errorf("%s: the file holds %.10q", verb, raw)
		}
	}
}

func TestWhatCannotBePutBackAtOnceIsPutBackByTheNextWrite(t *testing.T) {
	p, source := bound(t)
	disk := faultfs.Wrap(vfs.OS)
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Write && op.Path == p.Path {
			return syscall.ENOSPC
		}
		return nil
	})
	err := overwrite(New(disk), p, strings.Repeat("longer", 1000))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "put back by the next write") {
		t.Errorf("got %v", err)
	}
	if raw, _ := os.ReadFile(source); string(raw) == oldBytes {
		t.Error("the file is whole, so nothing was shown")
	}
	if got := read(t, New(vfs.OS), p); got != oldBytes {
		t.Errorf("%.10q is read", got)
	}
	err = overwrite(New(disk), p, strings.Repeat("longer", 1000))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "can't be put back") {
		t.Errorf("while the disk is full: %v", err)
	}
	wantRecovered(t, "after all", New(vfs.OS), p)
}

// coarse is a file on a filesystem whose clock ticks only every few calls.
type coarse struct {
	vfs.File
	ticks, asked, cut int
}

func (c *coarse) Stat() (vfs.Info, error) {
	c.asked++
	return vfs.Info{Ctime: int64(c.asked / c.ticks)}, nil
}

func (c *coarse) Truncate(int64) error {
	c.cut++
	return nil
}

func TestAWriteInPlaceWaitsForTheClockToTick(t *testing.T) {
	for ticks, want := range map[int]int{1: 1, 5: 5, 1 << 30: maxPauses} {
		f := &coarse{ticks: ticks}
		r := &rewriting{target: f, copy: &oldCopy{info: vfs.Info{Mtime: math.MaxInt64}}}
		if err := r.setSize(1); err != nil || f.cut != want {
			t.Errorf("a tick every %d calls: %d calls, %v", ticks, f.cut, err)
		}
	}
}

// mountedFS simulates one file that is a mount of its own, which the system tells or not.
type mountedFS struct {
	vfs.FS
	name   string
	hidden bool
}

type mountedDir struct {
	vfs.Dir
	name   string
	hidden bool
}

type mountedFile struct {
	vfs.File
	hidden bool
}

func mounted(info vfs.Info, hidden bool) vfs.Info {
	info.Mount.Root, info.Mount.RootUnknown = !hidden, hidden
	return info
}

func (m mountedFS) OpenDir(path string) (vfs.Dir, error) {
	d, err := m.FS.OpenDir(path)
	return mountedDir{d, m.name, m.hidden}, err
}

func (m mountedFS) Open(path string, follow bool) (vfs.File, error) {
	f, err := m.FS.Open(path, follow)
	if err == nil && path == "/"+m.name {
		f = mountedFile{f, m.hidden}
	}
	return f, err
}

func (m mountedFS) Stat(path string, follow bool) (vfs.Info, error) {
	info, err := m.FS.Stat(path, follow)
	if path == "/"+m.name {
		info = mounted(info, m.hidden)
	}
	return info, err
}

func (d mountedDir) Stat(name string) (vfs.Info, error) {
	info, err := d.Dir.Stat(name)
	if name == d.name {
		info = mounted(info, d.hidden)
	}
	return info, err
}

func (d mountedDir) opened(name string, f vfs.File, err error) (vfs.File, error) {
	if err == nil && name == d.name {
		f = mountedFile{f, d.hidden}
	}
	return f, err
}

func (d mountedDir) Open(name string) (vfs.File, error) {
	f, err := d.Dir.Open(name)
	return d.opened(name, f, err)
}

func (d mountedDir) OpenRecord(name string) (vfs.File, error) {
	f, err := d.Dir.OpenRecord(name)
	return d.opened(name, f, err)
}

func (d mountedDir) Rename(name string, to vfs.Dir, newName string) error {
	if newName == d.name || name == d.name {
		return syscall.EBUSY
	}
	return d.Dir.Rename(name, to.(mountedDir).Dir, newName)
}

func (d mountedDir) Remove(name string) error {
	if name == d.name {
		return syscall.EBUSY
	}
	return d.Dir.Remove(name)
}

func (f mountedFile) Stat() (vfs.Info, error) {
	info, err := f.File.Stat()
	return mounted(info, f.hidden), err
}

func TestAfterAPowerCutAtEveryStepTheOldContentOrTheNewIsThere(t *testing.T) {
	t.Run("a mount", func(t *testing.T) { cutAtEveryStep(t, false) })
	t.Run("a mount that only the rename shows", func(t *testing.T) { cutAtEveryStep(t, true) })
}

func cutAtEveryStep(t *testing.T, hidden bool) {
	t.Helper()
	p := store.Target{Path: "/data", Perm: 0o666, NoLock: true}
	strict := relaxed
	strict.Policy = safety.Policy{Level: safety.Warn, Log: &safety.Log{Logger: slog.New(slog.DiscardHandler)}} // a simulated disk is not judged, so nothing is refused, nor hushed up
	disks := 0
	for n := 1; ; n++ {
		inner := crashfs.New()
		simulated := mountedFS{inner, "data", hidden}
		dir, err := inner.OpenDir("/")
		testkit.Must(t, err)
		_, err = dir.Create("data", 0o644)
		testkit.Must(t, err)
		testkit.Must(t, overwrite(New(simulated), p, oldBytes))
		inner.SyncAll()
		disk := faultfs.Wrap(simulated)
		disk.Before(func(op faultfs.Op) error {
			if op.N >= n {
				return syscall.EIO // and so do all after it: the machine is gone
			}
			return nil
		})
		err = overwriteAs(strict, New(disk), p, newBytes)
		for after := range inner.Crashes() {
			d := New(mountedFS{after, "data", hidden})
			if err == nil && read(t, d, p) != newBytes {
				t.Fatalf("step %d: what was acknowledged is gone", n)
			}
			wantRecovered(t, fmt.Sprintf("step %d", n), d, p)
			disks++
		}
		if err == nil {
			break
		}
	}
	t.Logf("%d disks after a power cut", disks)
}

func TestTheSameFileInTwoContainersHasOneWriter(t *testing.T) {
	p, source := bound(t)
	other := store.Target{Path: filepath.Join(t.TempDir(), "data"), Perm: 0o666}
	disktest.Bind(t, source, other.Path)
	d := New(vfs.OS)
	s := relaxedSession(t, d, p)
	where, err := d.Locate(context.Background(), other)
	testkit.Must(t, err)
	if _, err := d.TryLock(ctx, other, where, relaxed); !errors.Is(err, errors.ErrLocked) {
		t.Errorf("a second writer got in: %v", err)
	}
	testkit.Must(t, s.Release(ctx))
	testkit.Must(t, overwrite(d, other, newBytes))
	if got, err := contentOf(d, p, store.ReadOptions{}); err != nil || string(got) != newBytes {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestACopyOfAnotherFileIsNotItsContent(t *testing.T) {
	p, source := bound(t)
	info, err := vfs.OS.Stat(source, true)
	testkit.Must(t, err)
	stray := filepath.Join(filepath.Dir(p.Path), replace.CopyName("data", info.Ino+1))
	testkit.Put(t, stray, "of a file that was mounted here before")
	d := New(vfs.OS)
	if got := read(t, d, p); got != oldBytes {
		t.Errorf("%.20q is read", got)
	}
	testkit.Must(t, overwrite(d, p, newBytes))
	if _, err := os.Stat(stray); err != nil {
		t.Errorf("somebody's copy was removed: %v", err)
	}
	if _, isTemp := replace.ParseName(filepath.Base(stray)); isTemp {
		t.Error("a sweep would take a copy for a temp")
	}
}

func TestWhatAMountPointCannotDoIsExplained(t *testing.T) {
	p, _ := bound(t)
	d := New(vfs.OS)
	plain := store.Target{Path: filepath.Join(filepath.Dir(p.Path), "plain"), Perm: 0o666}
	testkit.Must(t, overwrite(d, plain, newBytes))
	s, target := relaxedSession(t, d, p), relaxedSession(t, d, plain)
	_, err := commit(s, store.Change{Remove: true}, relaxed)
	for what, err := range map[string]error{"remove": err, "move away": s.MoveTo(ctx, target, relaxed), "move over": target.MoveTo(ctx, s, relaxed)} {
		if !errors.Is(err, errors.ErrUnsupportedEnvironment) || !strings.Contains(err.Error(), "mount its directory") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := read(t, d, p); got != oldBytes {
		t.Errorf("%.20q is read", got)
	}
	if got := read(t, d, plain); got != newBytes {
		t.Errorf("the other file: %.20q", got)
	}
}

// The file that was opened while locking is then rewritten by the recovery.
func TestAnAppendFollowsTheContentThatWasPutBack(t *testing.T) {
	p, source := boundIn(t, disktest.New(t, "ext4").Dir())
	info, err := vfs.OS.Stat(p.Path, false)
	testkit.Must(t, err)
	testkit.Put(t, filepath.Join(filepath.Dir(p.Path), replace.CopyName(filepath.Base(p.Path), info.Ino)), "kept ")
	s := relaxedSession(t, New(vfs.OS), p)
	_, err = commit(s, store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, store.Options{Metadata: true, Policy: relaxed.Policy})
	testkit.Must(t, err)
	testkit.WantContent(t, source, "kept tail")
}
