package disk

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

var ctx = context.Background()

// commit prepares and publishes a change.
func commit(s store.Session, c store.Change, o store.Options) (store.Version, error) {
	p, err := s.Prepare(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer p.Abort()
	return p.Publish(ctx, nil)
}

// contentOf is what a reader without the lock is given.
func contentOf(d *Disk, t store.Target, o store.ReadOptions) ([]byte, error) {
	c, err := d.Read(ctx, t, o)
	return c.Data, err
}

var keep = store.Options{Perm: 0o666, Metadata: true}

func at(t *testing.T) store.Target {
	t.Helper()
	return store.Target{Path: filepath.Join(t.TempDir(), "data"), Perm: 0o666}
}

func session(t *testing.T, d *Disk, p store.Target) store.Session {
	t.Helper()
	where, err := d.Locate(context.Background(), p)
	testkit.Must(t, err)
	s, err := d.TryLock(ctx, p, where, store.Options{})
	testkit.Must(t, err)
	t.Cleanup(func() { s.Release(ctx) })
	return s
}

func text(parts ...string) store.Change { return store.Change{Parts: bytesOf(parts)} }

func bytesOf(parts []string) (all [][]byte) {
	for _, p := range parts {
		all = append(all, []byte(p))
	}
	return all
}

func TestACommitReplacesAppendsAndRemoves(t *testing.T) {
	p := at(t)
	s := session(t, New(vfs.OS), p)
	if exists, err := s.Exists(ctx); exists || err != nil {
		t.Errorf("before: exists %v, %v", exists, err)
	}
	none, err := s.Load(ctx, store.ReadOptions{})
	if none.Exists || err != nil {
		t.Errorf("before: %+v, %v", none, err)
	}
	_, err = commit(s, text("one ", "two"), keep)
	testkit.Must(t, err)
	testkit.WantContent(t, p.Path, "one two")
	v, err := commit(s, store.Change{Append: true, Parts: bytesOf([]string{" three", " four"})}, keep)
	testkit.Must(t, err)
	testkit.WantContent(t, p.Path, "one two three four")
	c, err := s.Load(ctx, store.ReadOptions{})
	testkit.Must(t, err)
	if !c.Exists || string(c.Data) != "one two three four" || c.Version != v {
		t.Errorf("loaded %+v, committed %+v", c, v)
	}
	if _, err := s.Load(ctx, store.ReadOptions{Max: 5}); !errors.Is(err, errors.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	gone, err := commit(s, store.Change{Remove: true, Read: v}, keep)
	testkit.Must(t, err)
	if c, err := s.Load(ctx, store.ReadOptions{}); c.Exists || c.Version != gone || err != nil {
		t.Errorf("after: %+v, %v", c, err)
	}
	// A second removal succeeds, unless it is based on a version that was read.
	if _, err := commit(s, store.Change{Remove: true}, keep); err != nil {
		t.Errorf("twice: %v", err)
	}
	if _, err := commit(s, store.Change{Remove: true, Read: v}, keep); !errors.Is(err, errors.ErrChanged) {
		t.Errorf("removing what was read and is gone: %v", err)
	}
}

func TestACommitThatChangesNoByteSyncsAndReplacesNothing(t *testing.T) {
	for what, change := range map[string]store.Change{
		"the same":         text("da", "ta"),
		"an append of ''":  {Append: true, Parts: [][]byte{nil}},
		"nothing appended": {Append: true},
	} {
		disk := faultfs.Wrap(vfs.OS)
		p := at(t)
		testkit.Put(t, p.Path, "data")
		before, err := vfs.OS.Stat(p.Path, false)
		testkit.Must(t, err)
		s := session(t, New(disk), p)
		disk.Reset()
		v, err := commit(s, change, keep)
		testkit.Must(t, err)
		var verbs []string
		for _, op := range disk.Ops() {
			verbs = append(verbs, op.Verb)
		}
		if !slices.Contains(verbs, faultfs.Sync) || !slices.Contains(verbs, faultfs.SyncDir) || slices.Contains(verbs, faultfs.Rename) {
			t.Errorf("%s: %v", what, verbs)
		}
		after, _ := vfs.OS.Stat(p.Path, false)
		if before != after || v != versionOf(after) {
			t.Errorf("%s: was %+v, is %+v, said %+v", what, before, after, v)
		}
	}
}

func TestSizesThatDifferAreNotCompared(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := at(t)
	testkit.Put(t, p.Path, strings.Repeat("x", 200<<10))
	s := session(t, New(disk), p)
	reads := func(content string) (n int) {
		disk.Reset()
		_, err := commit(s, text(content), keep)
		testkit.Must(t, err)
		for _, op := range disk.Ops() {
			if op.Verb == faultfs.Read {
				n++
			}
		}
		return n
	}
	if n := reads(strings.Repeat("y", 200<<10-1)); n != 0 {
		t.Errorf("another size: read %d times", n)
	}
	if n := reads(strings.Repeat("y", 200<<10-2) + "z"); n < 3 {
		t.Errorf("the same size: read %d times", n)
	}
	testkit.WantContent(t, p.Path, strings.Repeat("y", 200<<10-2)+"z")
}

// An append is based on what it is appended to, which may be nothing.
func TestAnAppendDoesNotOverwriteAFileThatJustCameOrChanged(t *testing.T) {
	for _, there := range []string{"", "head "} {
		disk := faultfs.Wrap(vfs.OS)
		p := at(t)
		if there != "" {
			testkit.Put(t, p.Path, there)
		}
		s := session(t, New(disk), p)
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == faultfs.Create {
				return os.WriteFile(p.Path, []byte("an editor's"), 0o644)
			}
			return nil
		})
		if _, err := commit(s, store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, keep); !errors.Is(err, errors.ErrChanged) {
			t.Errorf("after %q: %v", there, err)
		}
		testkit.WantContent(t, p.Path, "an editor's")
	}
}

func TestUnderReplaceALinkIsReadThroughAndReplaced(t *testing.T) {
	testkit.NeedUnix(t)
	for what, c := range map[string]struct {
		target string // what it leads to; empty if it dangles
		change store.Change
		want   string
	}{
		"write":              {"head ", text("new"), "new"},
		"append":             {"head ", store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, "head tail"},
		"append to a loop":   {"loop", store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, "tail"},
		"append to dangling": {"", store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, "tail"},
	} {
		t.Run(what, func(t *testing.T) {
			p := at(t)
			p.Symlinks = store.Replace
			target := "data.target"
			if c.target == "loop" {
				c.target, target = "", "data"
			}
			if c.target != "" {
				testkit.Put(t, p.Path+".target", c.target)
			}
			testkit.Must(t, os.Symlink(target, p.Path))
			s := session(t, New(vfs.OS), p)
			was, err := s.Load(ctx, store.ReadOptions{})
			if err != nil || string(was.Data) != c.target || was.Exists != (c.target != "") {
				t.Errorf("loaded %+v, %v", was, err)
			}
			c.change.Read = was.Version
			_, err = commit(s, c.change, keep)
			testkit.Must(t, err)
			testkit.WantContent(t, p.Path, c.want)
			if info, _ := os.Lstat(p.Path); !info.Mode().IsRegular() {
				t.Errorf("it is %v", info.Mode())
			}
			if c.target != "" {
				testkit.WantContent(t, p.Path+".target", c.target)
			}
		})
	}
}

func TestUnderReplaceWhatALinkLeadsToMustBeAFile(t *testing.T) {
	testkit.NeedUnix(t)
	for what, target := range map[string]string{"a directory": ".", "a device": os.DevNull} {
		p := at(t)
		p.Symlinks = store.Replace
		testkit.Must(t, os.Symlink(target, p.Path))
		s := session(t, New(vfs.OS), p)
		if _, err := s.Load(ctx, store.ReadOptions{}); err == nil {
			t.Errorf("%s was read", what)
		}
		if _, err := commit(s, store.Change{Append: true, Parts: [][]byte{[]byte("x")}}, keep); err == nil {
			t.Errorf("%s was appended to", what)
		}
		_, err := commit(s, store.Change{Remove: true}, keep)
		testkit.Must(t, err)
		if _, err := os.Lstat(p.Path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the link is still there: %v", err)
		}
	}
}

func TestWhatTurnsIntoSomethingElseUnderTheLockIsRefused(t *testing.T) {
	testkit.NeedUnix(t)
	for what, turn := range map[string]func(path string) error{
		"a directory": func(path string) error { return os.Mkdir(path, 0o755) },
		"a link":      func(path string) error { return os.Symlink("elsewhere", path) },
	} {
		p := at(t)
		s := session(t, New(vfs.OS), p)
		testkit.Must(t, turn(p.Path))
		for name, do := range map[string]func() error{
			"load":   func() error { _, err := s.Load(ctx, store.ReadOptions{}); return err },
			"write":  func() error { _, err := commit(s, text("x"), keep); return err },
			"append": func() error { _, err := commit(s, store.Change{Append: true, Parts: [][]byte{{1}}}, keep); return err },
			"remove": func() error { _, err := commit(s, store.Change{Remove: true}, keep); return err },
		} {
			if err := do(); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %s gave %v", what, name, err)
			}
		}
		if info, err := os.Lstat(p.Path); err != nil || info.Mode().IsRegular() {
			t.Errorf("%s: it became %v, %v", what, info, err)
		}
	}
}

func TestAPathThatMeansAnotherFileUnderTheLockHasMoved(t *testing.T) {
	testkit.NeedUnix(t)
	base := t.TempDir()
	dir := filepath.Join(base, "dir")
	for what, move := range map[string]func() error{
		"a directory that went away":    func() error { return os.RemoveAll(dir) },
		"a directory that was replaced": func() error { return errors.Join(os.Rename(dir, dir+"2"), os.Mkdir(dir, 0o755)) },
		"a link that was turned": func() error {
			return errors.Join(os.Remove(filepath.Join(dir, "link")), os.Symlink("b", filepath.Join(dir, "link")))
		},
	} {
		testkit.Must(t, os.MkdirAll(dir, 0o755))
		testkit.Must(t, os.Symlink("a", filepath.Join(dir, "link")))
		d := New(vfs.OS)
		p := store.Target{Path: filepath.Join(dir, "link"), Perm: 0o666}
		where, err := d.Locate(context.Background(), p)
		testkit.Must(t, err)
		testkit.Must(t, move())
		if _, err := d.TryLock(ctx, p, where, store.Options{}); err != store.ErrMoved {
			t.Errorf("%s: %v", what, err)
		}
		os.RemoveAll(dir)
		os.RemoveAll(dir + "2")
	}
}

func TestALockIsHeldUntilItIsReleasedAndSaysByWhom(t *testing.T) {
	for _, lockDir := range []string{"", t.TempDir()} {
		d := New(vfs.OS)
		p := at(t)
		p.LockDir = lockDir
		where, err := d.Locate(context.Background(), p)
		testkit.Must(t, err)
		s, err := d.TryLock(ctx, p, where, store.Options{})
		testkit.Must(t, err)
		if _, err := d.TryLock(ctx, p, where, store.Options{}); !errors.Is(err, errors.ErrLocked) {
			t.Errorf("a second holder: %v", err)
		}
		over, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := d.Lock(over, p, where, store.Options{}); !errors.Is(err, errors.ErrLocked) {
			t.Errorf("a second holder that waits: %v", err)
		}
		if holder := d.Holder(ctx, p, where); holder != "" {
			t.Errorf("nobody announced, and the holder is %q", holder)
		}
		s.Announce(ctx)
		if holder := d.Holder(ctx, p, where); !strings.Contains(holder, fmt.Sprint("process ", os.Getpid())) {
			t.Errorf("the holder is %q", holder)
		}
		testkit.Must(t, s.Release(ctx))
		// The wait that was given up may get the lock for a moment.
		s, err = d.Lock(ctx, p, where, keep)
		testkit.Must(t, err)
		testkit.Must(t, s.Release(ctx))
	}
	if holder := New(vfs.OS).Holder(ctx, store.Target{LockDir: "/no/such/directory"}, store.Location{Detail: &vfs.Entry{}}); holder != "" {
		t.Errorf("the holder is %q", holder)
	}
}

func TestOptionsThatDifferAreNotTheSame(t *testing.T) {
	for _, other := range []store.Options{{Perm: 0o600, Metadata: true}, {Perm: 0o666}, {Perm: 0o666, Metadata: true, Policy: safety.Policy{Level: safety.Warn}}} {
		if keep.Same(other) {
			t.Errorf("%+v passes for %+v", other, keep)
		}
	}
	if !keep.Same(keep) {
		t.Error("options differ from themselves")
	}
}

func TestKeysHaveOneOrder(t *testing.T) {
	sorted := []store.Key{
		{Space: [2]uint64{1, 1}, Name: "a"}, {Space: [2]uint64{1, 1}, Name: "b"},
		{Space: [2]uint64{1, 2}, Name: "a"}, {Space: [2]uint64{2, 1}, Name: "a"},
	}
	for i, k := range sorted {
		for j, l := range sorted {
			if k.Less(l) != (i < j) {
				t.Errorf("%v before %v is %v", k, l, k.Less(l))
			}
		}
	}
}

// grower is a file that hides its size and gives a little at a time, as those
// of /proc may.
type grower struct {
	vfs.File
	size int64
	left string
	step int
}

func (g *grower) Stat() (vfs.Info, error) { return vfs.Info{Size: g.size}, nil }

func (g *grower) Read(p []byte) (int, error) {
	if g.left == "" {
		return 0, io.EOF
	}
	n := copy(p, g.left[:min(g.step, len(g.left))])
	g.left = g.left[n:]
	return n, nil
}

func TestAFileIsReadToItsEndWhateverSizeItTells(t *testing.T) {
	content := strings.Repeat("0123456789", 100)
	for _, size := range []int64{0, 1, 7, 999, 1000, 5000} {
		for _, step := range []int{1, 3, 4096} {
			if step < 4096 && size > 0 && size < 1000 {
				continue // a read that stops at the size that was told is taken for the end
			}
			data, err := readAll(&grower{left: content, step: step}, vfs.Info{Size: size}, 0)
			if err != nil || string(data) != content {
				t.Errorf("size %d, step %d: %d bytes, %v", size, step, len(data), err)
			}
			if _, err := readAll(&grower{left: content, step: step}, vfs.Info{}, 500); !errors.Is(err, errors.ErrTooLarge) {
				t.Errorf("step %d over the limit: %v", step, err)
			}
		}
	}
}

func TestAnUnreadableDiskIsAnErrorAndNotAnEmptyFile(t *testing.T) {
	disk := faultfs.Wrap(crashfs.New())
	d := New(disk)
	p := store.Target{Path: "/data", NoLock: true, Perm: 0o666}
	s := session(t, d, p)
	_, err := commit(s, text("data"), keep)
	testkit.Must(t, err)
	for _, verb := range []string{faultfs.Open, faultfs.Stat, faultfs.Read} {
		disk.FailAll(verb, syscall.EIO)
		if _, err := contentOf(d, p, store.ReadOptions{}); !errors.Is(err, syscall.EIO) {
			t.Errorf("Read, %s: %v", verb, err)
		}
		if _, err := s.Load(ctx, store.ReadOptions{}); !errors.Is(err, syscall.EIO) {
			t.Errorf("Load, %s: %v", verb, err)
		}
	}
	disk.FailAll(faultfs.Stat, syscall.EIO)
	if _, err := s.Exists(ctx); !errors.Is(err, syscall.EIO) {
		t.Errorf("Exists: %v", err)
	}
	if _, err := commit(s, store.Change{Remove: true}, keep); !errors.Is(err, syscall.EIO) {
		t.Errorf("Remove: %v", err)
	}
}

func TestTheSweepTakesOnlyWhatTheLocksThatItHasCover(t *testing.T) {
	dir := t.TempDir()
	name := func(owner replace.Owner) string { return ".holdfast-" + string(owner) + "-0123456789abcdef.tmp" }
	mine, dead, alive := name(replace.OwnerOf("data", "")), name(replace.OwnerOf("dead", "")), name(replace.OwnerOf("alive", ""))
	kept := []string{alive, name(replace.NoOwner), name(replace.OwnerOf("data", "elsewhere")), name(replace.OwnerOf("no lock here", "")), "notes.tmp"}
	for _, n := range append([]string{mine, dead, "dead.lock"}, kept...) {
		testkit.Put(t, filepath.Join(dir, n), "")
	}
	d := New(vfs.OS)
	writer := session(t, New(vfs.OS), store.Target{Path: filepath.Join(dir, "alive"), Perm: 0o666})
	testkit.Put(t, filepath.Join(dir, mine), "") // what the other process's first write has just swept
	testkit.Put(t, filepath.Join(dir, dead), "")
	testkit.Put(t, filepath.Join(dir, alive), "")
	p := store.Target{Path: filepath.Join(dir, "data"), Perm: 0o666}
	testkit.Must(t, session(t, d, p).Release(ctx))
	for n, there := range map[string]bool{mine: false, dead: false, alive: true, kept[1]: true, kept[2]: true, kept[3]: true, kept[4]: true} {
		if _, err := os.Stat(filepath.Join(dir, n)); (err == nil) != there {
			t.Errorf("%s: %v", n, err)
		}
	}
	testkit.Must(t, writer.Release(ctx))
	// The next write does not look again, unless a holder left its record.
	testkit.Put(t, filepath.Join(dir, mine), "")
	testkit.Must(t, session(t, d, p).Release(ctx))
	if _, err := os.Stat(filepath.Join(dir, mine)); err != nil {
		t.Errorf("swept twice: %v", err)
	}
	s := session(t, d, p)
	s.(*file).lock.Announce() // and dies
	testkit.Must(t, s.Release(ctx))
	testkit.Must(t, session(t, d, p).Release(ctx))
	if _, err := os.Stat(filepath.Join(dir, mine)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a record was left and nothing swept: %v", err)
	}
}

func TestSweptDirectoriesAreRememberedInFixedSpace(t *testing.T) {
	var s sweptDirs
	first := 0
	for range 2 {
		for i := range uint64(100) {
			if s.due(vfs.Info{ID: vfs.ID{Dev: 1, Ino: i + 1}}, time.Unix(1e9, 0)) {
				first++
			}
		}
	}
	if first != 100 {
		t.Errorf("%d of 100 directories were new", first)
	}
}

// A writer without a record that is killed later leaves no sign but its temp.
func TestALongLivedWriterSweepsAgain(t *testing.T) {
	p := at(t)
	dir, err := os.MkdirTemp(filepath.Dir(p.Path), "dir")
	testkit.Must(t, err)
	p.Path = filepath.Join(dir, "data")
	temp := filepath.Join(dir, replace.NewName(replace.OwnerOf("data", "")))
	synctest.Test(t, func(t *testing.T) {
		d := New(vfs.OS)
		for round := range 3 {
			testkit.Must(t, session(t, d, p).Release(ctx))
			testkit.Put(t, temp, "half")
			testkit.Must(t, session(t, d, p).Release(ctx))
			if _, err := os.Stat(temp); err != nil {
				t.Errorf("round %d: the directory is listed at each write: %v", round, err)
			}
			time.Sleep(sweepPeriod)
			testkit.Must(t, session(t, d, p).Release(ctx))
			if _, err := os.Stat(temp); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("round %d: the temp is still there: %v", round, err)
			}
		}
	})
}

func TestASlowSweepIsRareAndARemadeDirectoryIsSwept(t *testing.T) {
	var s sweptDirs
	dir, now := vfs.Info{ID: vfs.ID{Dev: 1, Ino: 2}, Birth: 3}, time.Unix(1e9, 0)
	if !s.due(dir, now) || s.due(dir, now) {
		t.Error("the first write does not sweep once")
	}
	s.done(dir, now, time.Minute)
	if s.due(dir, now.Add(sweepShare*time.Minute-1)) || !s.due(dir, now.Add(sweepShare*time.Minute)) {
		t.Error("a sweep of a minute is not followed by a pause in proportion")
	}
	again := dir
	again.Birth++
	if !s.due(again, now) {
		t.Error("a directory that was made anew with the number of the old one is taken for swept")
	}
}

// The file that was opened while locking is gone then.
func TestAWriteOfWhatWasJustRemovedMakesItAnew(t *testing.T) {
	p := at(t)
	testkit.Put(t, p.Path, "content")
	s := session(t, New(vfs.OS), p)
	_, err := commit(s, store.Change{Remove: true}, keep)
	testkit.Must(t, err)
	_, err = commit(s, text("content"), keep)
	testkit.Must(t, err)
	testkit.WantContent(t, p.Path, "content")
}

// The next change relies on what the file is after a commit: if that can't be told, the
// commit is not confirmed.
func TestACommitWhoseVersionCannotBeToldIsNotConfirmed(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := at(t)
	s := session(t, New(disk), p)
	renamed := false
	disk.Before(func(op faultfs.Op) error {
		renamed = renamed || op.Verb == faultfs.Rename
		if renamed && op.Verb == faultfs.Stat {
			return syscall.EIO
		}
		return nil
	})
	v, err := commit(s, text("new"), keep)
	if !errors.Is(err, errors.ErrNotDurable) || !errors.Is(err, syscall.EIO) || v != nil {
		t.Errorf("%v, %v", v, err)
	}
	testkit.WantContent(t, p.Path, "new")
}

// A file that was read or written stays open for the change that is based on it. It is used as the old
// content only while its name leads to it.
func TestAChangeIsBasedOnWhatIsThere(t *testing.T) {
	for what, outside := range map[string]func(path string) error{
		"replaced": func(path string) error {
			err := os.WriteFile(path+".new", []byte("outside"), 0o640)
			return errors.Join(err, os.Rename(path+".new", path))
		},
		"chmod":   func(path string) error { return os.Chmod(path, 0o640) },
		"removed": os.Remove,
	} {
		for _, first := range []string{"read", "written"} {
			p := at(t)
			testkit.Put(t, p.Path, "old")
			s := session(t, New(vfs.OS), p)
			c, err := s.Load(ctx, store.ReadOptions{})
			testkit.Must(t, err)
			if first == "written" {
				c.Version, err = commit(s, text("older"), keep)
				testkit.Must(t, err)
			}
			testkit.Must(t, outside(p.Path))
			if _, err := commit(s, store.Change{Parts: bytesOf([]string{"new"}), Read: c.Version}, keep); !errors.Is(err, errors.ErrChanged) {
				t.Errorf("%s, %s: %v", first, what, err)
			}
			_, err = commit(s, text("blind"), keep)
			testkit.Must(t, err)
			testkit.WantContent(t, p.Path, "blind")
			info, err := os.Stat(p.Path)
			testkit.Must(t, err)
			if kept := info.Mode() == 0o640; kept != (what != "removed") {
				t.Errorf("%s, %s: the mode is %v", first, what, info.Mode())
			}
		}
	}
}

// A user's function may take its time between the lock and its write.
func TestABlindWriteKeepsTheModeThatItFinds(t *testing.T) {
	p := at(t)
	testkit.Put(t, p.Path, "old")
	s := session(t, New(vfs.OS), p)
	s.Announce(ctx)
	testkit.Must(t, os.Chmod(p.Path, 0o640))
	_, err := commit(s, text("new"), keep)
	testkit.Must(t, err)
	if info, err := os.Stat(p.Path); err != nil || info.Mode() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
