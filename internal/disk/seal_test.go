package disk

import (
	"context"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

var keepSealed = store.Options{Perm: 0o666, Metadata: true, Checksum: true}

func wantSide(t *testing.T, path, digest string) {
	t.Helper()
	text, _ := os.ReadFile(path + sidecar.Suffix)
	if side, err := sidecar.Parse(text); digest != side.Digest || len(side.Previous) > 0 {
		t.Errorf("the sidecar says %+v, %v, want %s", side, err, digest)
	}
}

// Each operation of making and of removing a checksum fails in turn. The sidecar
// is the old one or the new one, as the error says, and the file is not touched.
func TestWhateverFailsWhileAChecksumIsMadeOrRemovedItIsOldOrNew(t *testing.T) {
	for name, change := range map[string]func(store.Session) error{
		"seal":   func(s store.Session) error { return s.Seal(ctx, keep) },
		"unseal": func(s store.Session) error { return s.Unseal(ctx, keep) },
	} {
		t.Run(name, func(t *testing.T) {
			p := at(t)
			testkit.Put(t, p.Path, "data")
			old, made := sidecar.Sum([]byte("old")), sidecar.Sum([]byte("data"))
			if name == "unseal" {
				made = ""
			}
			disk := faultfs.Wrap(vfs.OS)
			s := session(t, New(disk), p)
			for n := 1; ; n++ {
				testkit.Put(t, p.Path+sidecar.Suffix, string(sidecar.Sidecar{Digest: old}.Format("data")))
				disk.FailAt(n, syscall.EIO)
				err := change(s)
				ops := disk.Ops()
				disk.Reset()
				if n > len(ops) {
					testkit.Must(t, err)
					wantSide(t, p.Path, made)
					break
				}
				if err == nil || errors.Is(err, errors.ErrNotDurable) {
					wantSide(t, p.Path, made)
				} else if wantSide(t, p.Path, old); !errors.Is(err, syscall.EIO) && !errors.Is(err, errors.ErrLock) {
					t.Errorf("%v: %v", ops[n-1], err)
				}
				testkit.WantContent(t, p.Path, "data")
			}
		})
	}
}

func TestWhatIsNoReadableFileGetsNoChecksum(t *testing.T) {
	testkit.NeedUnix(t)
	p := at(t)
	disk := faultfs.Wrap(vfs.OS)
	s := session(t, New(disk), p)
	testkit.WantIs(t, "nothing", s.Seal(ctx, keep), fs.ErrNotExist)
	testkit.Put(t, p.Path, "data")
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Open && op.Path == p.Path {
			return fs.ErrPermission
		}
		return nil
	})
	testkit.WantIs(t, "a file that may not be read", s.Seal(ctx, keep), fs.ErrPermission)
	disk.Reset()
	linked := at(t)
	testkit.Must(t, os.Symlink(p.Path, linked.Path))
	linked.Symlinks = store.Replace
	testkit.WantIs(t, "a link", session(t, New(vfs.OS), linked).Seal(ctx, keep), errors.ErrSymlink)
}

// After the lock is lost, the sidecar belongs to another writer and must not change.
func TestNothingOfTheSidecarChangesOnceTheLockIsLost(t *testing.T) {
	testkit.NeedUnix(t)
	p := at(t)
	d := New(vfs.OS)
	s := session(t, d, p)
	_, err := commit(s, text("data"), keepSealed)
	testkit.Must(t, err)
	other := at(t)
	testkit.Put(t, other.Path, "other")
	src := session(t, New(vfs.OS), other)
	draft, err := s.Prepare(ctx, store.Change{Stream: true}, keepSealed)
	testkit.Must(t, err)
	_, err = draft.Write([]byte("streamed"))
	testkit.Must(t, err)
	where, err := d.Locate(context.Background(), p)
	testkit.Must(t, err)
	testkit.Must(t, d.Force(ctx, p, where))
	for name, change := range map[string]func() error{
		"commit": func() error { _, err := commit(s, text("late"), keepSealed); return err },
		"append": func() error {
			_, err := commit(s, store.Change{Append: true, Parts: bytesOf([]string{"late"})}, keepSealed)
			return err
		},
		"remove":    func() error { _, err := commit(s, store.Change{Remove: true}, keepSealed); return err },
		"stream":    func() error { _, err := draft.Publish(ctx, nil); return err },
		"seal":      func() error { return s.Seal(ctx, keep) },
		"unseal":    func() error { return s.Unseal(ctx, keep) },
		"move away": func() error { return s.MoveTo(ctx, src, keep) },
		"move here": func() error { return src.MoveTo(ctx, s, keep) },
	} {
		testkit.WantIs(t, name, change(), errors.ErrLockLost)
		testkit.WantContent(t, p.Path, "data")
		wantSide(t, p.Path, sidecar.Sum([]byte("data")))
		testkit.WantContent(t, other.Path, "other")
	}
}

func TestADraftThatWasAbortedTakesNothingMore(t *testing.T) {
	p := at(t)
	s := session(t, New(faultfs.Wrap(vfs.OS)), p)
	testkit.Put(t, p.Path, "old")
	d, err := s.Prepare(ctx, store.Change{Stream: true}, keepSealed)
	testkit.Must(t, err)
	d.Abort()
	d.Abort()
	if n, err := d.Write([]byte("x")); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
	testkit.WantContent(t, p.Path, "old")
}

// A file that is replaced again and again under a reader's eyes ends in an error.
func TestAReaderThatNeverMeetsAVersionGivesUp(t *testing.T) {
	testkit.NeedUnix(t)
	inner := crashfs.New()
	disk := faultfs.Wrap(inner)
	d, p := New(inner), store.Target{Path: "/data", NoLock: true, Perm: 0o666}
	s := session(t, d, p)
	_, err := commit(s, text("data"), keepSealed)
	testkit.Must(t, err)
	versions := 0
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Open && strings.HasSuffix(op.Path, sidecar.Suffix) {
			versions++
			_, err := commit(s, text(strings.Repeat("x", versions%7)), keepSealed)
			return err
		}
		return nil
	})
	reader := New(disk)
	if _, err := contentOf(reader, p, store.ReadOptions{Verify: true}); !errors.Is(err, errors.ErrChanged) || versions != maxVersions {
		t.Errorf("after %d versions: %v", versions, err)
	}
	disk.Reset()
	r, err := reader.Open(ctx, p, store.ReadOptions{Verify: true})
	testkit.Must(t, err)
	_, err = io.Copy(io.Discard, r)
	testkit.Must(t, err)
	testkit.Must(t, r.Close())
}

// A writer that comes between a reader's open and its look at the sidecar is
// noticed wherever it comes.
func TestAReaderTakesFileAndSidecarOfOneVersion(t *testing.T) {
	testkit.NeedUnix(t)
	inner := crashfs.New()
	p := store.Target{Path: "/data", NoLock: true, Perm: 0o666}
	s := session(t, New(inner), p)
	_, err := commit(s, text("old"), keepSealed)
	testkit.Must(t, err)
	for n := 1; ; n++ {
		disk := faultfs.Wrap(inner)
		content := strings.Repeat("new", n)
		disk.Before(func(op faultfs.Op) error {
			if op.N != n {
				return nil
			}
			_, err := commit(s, text(content), keepSealed)
			return err
		})
		data, err := contentOf(New(disk), p, store.ReadOptions{Verify: true})
		if err != nil || (string(data) != content && string(data) != strings.Repeat("new", n-1) && n > 1) {
			t.Errorf("a write before operation %d: %q, %v", n, data, err)
		}
		if n > len(disk.Ops()) {
			break
		}
	}
}
