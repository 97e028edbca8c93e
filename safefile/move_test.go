package safefile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// end is what lies at one end of a move.
type end struct {
	name    string
	missing bool
	sidecar string // "", "sealed", "stale", "garbled"
}

// lay puts it down and gives the path.
func (e end) lay(t testing.TB, path, text string) {
	t.Helper()
	if !e.missing {
		testkit.Put(t, path, text)
	}
	switch e.sidecar {
	case "sealed":
		testkit.Must(t, checksum.Write(path))
	case "stale":
		testkit.Put(t, path+".sha256", checksum.Sum([]byte("something else"))+"  x\n")
	case "garbled":
		testkit.Put(t, path+".sha256", "noise")
	}
}

var sources = []end{{name: "plain"}, {name: "sealed", sidecar: "sealed"}, {name: "damaged", sidecar: "stale"}}

var destinations = []end{
	{name: "nothing", missing: true}, {name: "plain"}, {name: "sealed", sidecar: "sealed"}, {name: "damaged", sidecar: "stale"},
	{name: "garbled", sidecar: "garbled"}, {name: "a stale sidecar and no file", missing: true, sidecar: "stale"},
}

func TestAMoveTakesTheFileAndItsChecksumAlong(t *testing.T) {
	for _, from := range sources {
		for _, to := range destinations {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				dir := testkit.Memory(t)
				a, b := filepath.Join(dir, "a"), filepath.Join(dir, "sub", "b")
				testkit.Must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
				from.lay(t, a, "moved")
				to.lay(t, b, "replaced")
				ino := inode(t, a)
				testkit.Must(t, safefile.Move(a, b))
				testkit.WantContent(t, b, "moved")
				if inode(t, b) != ino {
					t.Error("it was copied")
				}
				testkit.WantNames(t, dir, "a.lock", "sub")
				want := map[string]error{"plain": errors.ErrNoChecksum, "damaged": errors.ErrChecksumMismatch}[from.name]
				if err := checksum.Verify(b); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
				if from.name == "sealed" {
					wantSealed(t, b)
				}
				testkit.Must(t, safefile.New[counters](a, safefile.WithChecksum()).WriteBytes([]byte("again")))
				wantSealed(t, a)
			})
		}
	}
}

func TestAMoveToItselfChangesNothing(t *testing.T) {
	dir := testkit.Memory(t)
	a := filepath.Join(dir, "a")
	end{sidecar: "sealed"}.lay(t, a, "here")
	testkit.Must(t, os.Symlink("a", filepath.Join(dir, "link")))
	testkit.Must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	for _, to := range []string{a, filepath.Join(dir, "link"), filepath.Join(dir, "sub") + "/../a"} {
		testkit.Must(t, safefile.Move(a, to))
		wantSealed(t, a)
	}
	testkit.WantNames(t, dir, "a", "a.lock", "a.sha256", "link", "sub")
}

// Two names of one inode: rename(2) would leave both and say nothing.
func TestAMoveOntoAnotherNameOfTheSameFileTakesTheOldNameAway(t *testing.T) {
	dir := testkit.Memory(t)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	end{sidecar: "sealed"}.lay(t, a, "two names")
	testkit.Must(t, os.Link(a, b))
	testkit.Must(t, safefile.Move(a, b))
	testkit.WantNames(t, dir, "a.lock", "b", "b.lock", "b.sha256")
	wantSealed(t, b)
}

func TestAMoveThatCantBeIsRefusedAndChangesNothing(t *testing.T) {
	dir := testkit.Memory(t)
	file, sub, missing := filepath.Join(dir, "file"), filepath.Join(dir, "sub"), filepath.Join(dir, "missing")
	end{sidecar: "sealed"}.lay(t, file, "here")
	testkit.Must(t, os.Mkdir(sub, 0o755))
	for _, c := range []struct {
		name, from, to string
		want           error
	}{
		{"no source", missing, file, fs.ErrNotExist},
		{"no source, to itself", missing, missing, fs.ErrNotExist},
		{"no source, to nothing", missing, filepath.Join(dir, "other"), fs.ErrNotExist},
		{"a directory", sub, filepath.Join(dir, "other"), syscall.EISDIR},
		{"a directory to itself", sub, sub, syscall.EISDIR},
		{"over a directory", file, sub, syscall.EISDIR},
		{"into no directory", file, filepath.Join(missing, "file"), fs.ErrNotExist},
		{"from no directory", filepath.Join(missing, "file"), file, fs.ErrNotExist},
		{"an empty source", "", file, fs.ErrInvalid},
		{"an empty destination", file, "", fs.ErrInvalid},
	} {
		err := safefile.Move(c.from, c.to)
		if typed, ok := err.(*errors.Error); !ok || !errors.Is(err, c.want) || !errors.Is(err, errors.ErrWrite) || typed.Op != "move" {
			t.Errorf("%s: %v", c.name, err)
		}
		wantSealed(t, file)
	}
	wantNoTemps(t, dir)
	if _, err := os.Stat(missing); err == nil {
		t.Error("it was made")
	}
}

func TestAMoveMakesTheParentsOfItsDestinationOnly(t *testing.T) {
	dir := testkit.Memory(t)
	parents := safefile.WithParents(0o755)
	if err := safefile.Move(filepath.Join(dir, "none/file"), filepath.Join(dir, "file"), parents); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("the parent of a source that is not there was made")
	}
	testkit.Put(t, filepath.Join(dir, "file"), "x")
	testkit.Must(t, safefile.Move(filepath.Join(dir, "file"), filepath.Join(dir, "p/q/file"), parents))
	testkit.WantContent(t, filepath.Join(dir, "p/q/file"), "x")
}

func TestAMoveWithLinks(t *testing.T) {
	for _, c := range []struct {
		name     string
		policy   safefile.Symlinks
		from, to string
		want     error
		holds    map[string]string // after it
	}{
		{"follow the source", safefile.Follow, "link", "new", nil, map[string]string{"new": "target", "target": "(missing)"}},
		{"follow the destination", safefile.Follow, "file", "link", nil, map[string]string{"target": "file", "link": "file", "file": "(missing)"}},
		{"follow a dangling destination", safefile.Follow, "file", "dangling", nil, map[string]string{"nowhere": "file"}},
		{"follow a dangling source", safefile.Follow, "dangling", "new", fs.ErrNotExist, nil},
		{"refuse a source", safefile.Refuse, "link", "new", errors.ErrSymlink, nil},
		{"refuse a destination", safefile.Refuse, "file", "link", errors.ErrSymlink, nil},
		{"replace the destination", safefile.Replace, "file", "link", nil, map[string]string{"target": "target", "link": "file", "file": "(missing)"}},
		{"a source that replace does not follow", safefile.Replace, "link", "new", errors.ErrSymlink, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := testkit.Memory(t)
			for _, name := range []string{"file", "target"} {
				end{sidecar: "sealed"}.lay(t, filepath.Join(dir, name), name)
			}
			testkit.Must(t, os.Symlink("target", filepath.Join(dir, "link")))
			testkit.Must(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
			err := safefile.Move(filepath.Join(dir, c.from), filepath.Join(dir, c.to), safefile.WithSymlinks(c.policy))
			if !errors.Is(err, c.want) {
				t.Fatal(err)
			}
			if err != nil {
				c.holds = map[string]string{"file": "file", "target": "target", "link": "target"}
			}
			for name, want := range c.holds {
				path := filepath.Join(dir, name)
				testkit.WantContent(t, path, want)
				if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
					wantSealed(t, path)
				}
			}
		})
	}
}

// Between two disks, between two mounts of one disk, and where only the rename
// itself says no: neither end is touched.
func TestAMoveBetweenDisksIsRefusedAndTouchesNeither(t *testing.T) {
	testkit.NeedLinux(t)
	disk, other := disktest.Tmpfs(t), disktest.Tmpfs(t)
	alias := filepath.Join(t.TempDir(), "alias")
	testkit.Must(t, os.Mkdir(filepath.Join(disk, "sub"), 0o755))
	disktest.Bind(t, filepath.Join(disk, "sub"), alias)
	for _, from := range sources {
		for _, to := range destinations {
			for name, dir := range map[string]string{"another disk": other, "another mount": alias} {
				t.Run(fmt.Sprintf("%s to %s on %s", from.name, to.name, name), func(t *testing.T) {
					a, b := filepath.Join(disk, "a"), filepath.Join(dir, "b")
					from.lay(t, a, "stays")
					to.lay(t, b, "stays too")
					defer os.Remove(b + ".sha256")
					defer os.Remove(b)
					defer os.Remove(a + ".sha256")
					before := [4]string{testkit.Content(t, a), testkit.Content(t, a+".sha256"), testkit.Content(t, b), testkit.Content(t, b+".sha256")}
					err := safefile.Move(a, b)
					if !errors.Is(err, errors.ErrCrossDevice) || !strings.Contains(err.Error(), "copy the file") {
						t.Error(err)
					}
					after := [4]string{testkit.Content(t, a), testkit.Content(t, a+".sha256"), testkit.Content(t, b), testkit.Content(t, b+".sha256")}
					if after != before {
						t.Errorf("there was %q, there is %q", before, after)
					}
					wantNoTemps(t, disk)
					wantNoTemps(t, dir)
				})
			}
		}
	}
}

// On an overlay over two disks a file may have another device number than its
// directory has.
func TestAMoveInsideAnOverlayIsNoMoveBetweenDisks(t *testing.T) {
	testkit.NeedLinux(t)
	base := disktest.Tmpfs(t)
	lower := filepath.Join(base, "lower")
	testkit.Must(t, os.Mkdir(lower, 0o755))
	disktest.Bind(t, disktest.Tmpfs(t), lower)
	testkit.Put(t, filepath.Join(lower, "a"), "from below")
	dir := disktest.Overlay(t, base, "xino=off")
	testkit.Must(t, safefile.Move(filepath.Join(dir, "a"), filepath.Join(dir, "b")))
	testkit.WantContent(t, filepath.Join(dir, "b"), "from below")
}

func TestAMoveFromOrOverAMountPointIsRefused(t *testing.T) {
	testkit.NeedLinux(t)
	dir := disktest.Tmpfs(t)
	testkit.Put(t, filepath.Join(dir, "real"), "x")
	end{sidecar: "sealed"}.lay(t, filepath.Join(dir, "other"), "y")
	disktest.Bind(t, filepath.Join(dir, "real"), filepath.Join(dir, "mounted"))
	testkit.Must(t, checksum.Write(filepath.Join(dir, "real")))
	for _, safety := range []safefile.Safety{safefile.Strict, safefile.BestEffort} {
		for _, ends := range [][2]string{{"mounted", "new"}, {"real", "mounted"}, {"other", "mounted"}} {
			err := safefile.Move(filepath.Join(dir, ends[0]), filepath.Join(dir, ends[1]), safefile.WithSafety(safety))
			if !errors.Is(err, errors.ErrUnsupportedEnvironment) {
				t.Errorf("%v, %v: %v", safety, ends, err)
			}
			wantSealed(t, filepath.Join(dir, "real"))
			wantSealed(t, filepath.Join(dir, "other"))
		}
	}
	// The locks are those of the two checksums: a refused Move makes none.
	testkit.WantNames(t, dir, "mounted", "other", "other.lock", "other.sha256", "real", "real.lock", "real.sha256")
}

func TestAMoveWaitsForBothLocks(t *testing.T) {
	dir := testkit.Memory(t)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	testkit.Put(t, a, "a")
	for _, path := range []string{a, b} {
		f, _ := summed(path)
		w, err := f.Create()
		testkit.Must(t, err)
		_, disk := summed(path)
		testkit.WantIs(t, fmt.Sprintf("%s is held", filepath.Base(path)), safefile.Move(a, b, safefile.WithTimeout(0), over(disk)), errors.ErrLocked)
		testkit.Must(t, w.Close())
	}
	testkit.Must(t, safefile.Move(a, b, safefile.WithTimeout(0)))
}

// Opposite moves take their locks in one order, in this process and between
// processes, so they never wait for each other.
func TestOppositeMovesDoNotWaitForEachOther(t *testing.T) {
	for _, name := range []string{"one process", "several"} {
		t.Run(name, func(t *testing.T) {
			dir := testkit.Memory(t)
			testkit.Must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
			a, b := filepath.Join(dir, "sub", "a"), filepath.Join(dir, "b")
			end{sidecar: "sealed"}.lay(t, a, "here and there")
			var movers sync.WaitGroup
			moved := [4]int{}
			for i := range moved {
				options := []safefile.Option{}
				if name == "several" { // each with an engine of its own is to the locks like a process
					options = append(options, over(vfs.OS))
				}
				from, to := a, b
				if i%2 == 1 {
					from, to = b, a
				}
				movers.Go(func() {
					for range 200 {
						err := safefile.Move(from, to, options...)
						if err == nil {
							moved[i]++
						} else if !errors.Is(err, fs.ErrNotExist) {
							t.Error(err)
						}
					}
				})
			}
			movers.Wait()
			at := a
			if testkit.Content(t, a) == "(missing)" {
				at = b
			}
			testkit.WantContent(t, at, "here and there")
			wantSealed(t, at)
			wantNoTemps(t, dir)
			t.Logf("moved %v times", moved)
		})
	}
}

// A link may lead elsewhere when the lock is taken. The file that moves is still
// the one that is named first.
func TestAMoveGoesItsWayThoughALinkIsTurnedMeanwhile(t *testing.T) {
	dir := testkit.Memory(t)
	for _, name := range []string{"x", "y", "zdst"} {
		testkit.Put(t, filepath.Join(dir, name), name)
	}
	link := filepath.Join(dir, "link")
	for _, first := range []string{"x", "y"} {
		second := map[string]string{"x": "y", "y": "x"}[first]
		testkit.Must(t, errors.Join(os.RemoveAll(link), os.Symlink(first, link)))
		disk := faultfs.Wrap(vfs.OS)
		looked := 0
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == faultfs.Readlink {
				if looked++; looked == 2 {
					return errors.Join(os.Remove(link), os.Symlink(second, link))
				}
			}
			return nil
		})
		testkit.Must(t, safefile.Move(link, filepath.Join(dir, "zdst"), over(disk)))
		if looked < 2 {
			t.Fatal("nobody looked twice")
		}
		testkit.WantContent(t, filepath.Join(dir, "zdst"), second)
		testkit.WantContent(t, filepath.Join(dir, first), first)
		testkit.Put(t, filepath.Join(dir, second), second)
	}
}

// Each operation fails in turn. Afterwards the file is at one end, as the error
// says, and what has a checksum verifies.
func TestWhateverFailsInAMoveTheFileIsAtOneEnd(t *testing.T) {
	testkit.NeedLinux(t)
	for _, from := range sources[:2] {
		for _, to := range destinations[:3] {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				dir := testkit.Memory(t)
				testkit.Must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
				a, b := filepath.Join(dir, "a"), filepath.Join(dir, "sub", "b")
				old := "replaced"
				if to.missing {
					old = "(missing)"
				}
				testkit.Put(t, a+".lock", "")
				testkit.Put(t, b+".lock", "")
				for n := 1; ; n++ {
					testkit.Must(t, errors.Join(os.RemoveAll(a), os.RemoveAll(b), os.RemoveAll(a+".sha256"), os.RemoveAll(b+".sha256")))
					from.lay(t, a, "moved")
					to.lay(t, b, "replaced")
					disk := faultfs.Wrap(vfs.OS)
					open := testkit.Descriptors(t)
					disk.FailAt(n, syscall.EIO)
					err := safefile.Move(a, b, over(disk), quiet)
					ops := disk.Ops()
					if n > len(ops) {
						testkit.Must(t, err)
						t.Logf("%d operations", n-1)
						break
					}
					where := fmt.Sprintf("%v: %v", ops[n-1], err)
					wantA, wantB := "moved", old
					if err == nil || errors.Is(err, errors.ErrNotDurable) {
						wantA, wantB = "(missing)", "moved"
					}
					if gotA, gotB := testkit.Content(t, a), testkit.Content(t, b); gotA != wantA || gotB != wantB {
						t.Errorf("%s: %q and %q, want %q and %q", where, gotA, gotB, wantA, wantB)
					}
					if err != nil && !errors.Is(err, syscall.EIO) {
						t.Errorf("%s: the cause is lost", where)
					}
					ends := map[string]end{a: from, b: to}
					if wantB == "moved" {
						ends = map[string]end{b: from}
					}
					for path, e := range ends {
						var want error
						if e.missing {
							continue
						}
						if e.sidecar == "" {
							want = errors.ErrNoChecksum
						}
						verdict := checksum.Verify(path)
						late := want != nil && wantB == "moved" // a sidecar that could not be taken away, but accepts what is there
						if !errors.Is(verdict, want) && !(late && verdict == nil) {
							t.Errorf("%s: %s: %v, want %v", where, path, verdict, want)
						}
					}
					if now := testkit.Descriptors(t); now != open {
						t.Errorf("%s: %d descriptors before, %d after", where, open, now)
					}
					wantNoTemps(t, dir)
				}
			})
		}
	}
}
