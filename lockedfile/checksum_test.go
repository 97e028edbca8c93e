package lockedfile_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

type scores = map[string]int

// sealedFile is a file with a checksum, and its handle.
func sealedFile(t *testing.T) (*lockedfile.LockedFile[scores], string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tally.json")
	f := lockedfile.New[scores](path, safefile.WithChecksum())
	testkit.Must(t, f.Write(scores{"a": 1}))
	return f, path
}

func damage(t *testing.T, path string) {
	t.Helper()
	testkit.Put(t, path, "{\n  \"a\": 7\n}\n")
}

func mismatch(t *testing.T, what string, err error) {
	t.Helper()
	testkit.WantIs(t, what, err, errors.ErrChecksumMismatch)
}

func TestATransactionsReadVerifies(t *testing.T) {
	f, path := sealedFile(t)
	c := lockedfile.NewContext[scores](path, safefile.WithChecksum())
	testkit.Must(t, c.Update(t.Context(), func(v *scores) error { (*v)["b"] = 2; return nil }))
	testkit.Must(t, f.Verify())
	damage(t, path)
	before, err := os.ReadFile(path + ".sha256")
	testkit.Must(t, err)
	never := func(*scores) error { t.Error("a damaged value was given to the function"); return nil }
	mismatch(t, "Update", f.Update(never))
	mismatch(t, "Update in a context", c.Update(t.Context(), never))
	mismatch(t, "Locked", f.Locked(func(tx *lockedfile.Tx[scores]) error { _, err := tx.Read(); return err }))
	mismatch(t, "ReadBytes", f.Locked(func(tx *lockedfile.Tx[scores]) error { _, err := tx.ReadBytes(); return err }))
	mismatch(t, "ReadOr", f.Locked(func(tx *lockedfile.Tx[scores]) error { _, err := tx.ReadOr(nil); return err }))
	mismatch(t, "Merge", c.Locked(t.Context(), func(_ context.Context, tx *lockedfile.Tx[scores]) error { return tx.Merge(scores{"c": 3}) }))
	mismatch(t, "Append", f.Locked(func(tx *lockedfile.Tx[scores]) error { return tx.Append("\n") }))
	mismatch(t, "a read that joins", c.Locked(t.Context(), func(ctx context.Context, _ *lockedfile.Tx[scores]) error {
		_, err := c.Read(ctx)
		return err
	}))
	if after, err := os.ReadFile(path + ".sha256"); err != nil || string(after) != string(before) {
		t.Errorf("the sidecar says %q, %v", after, err)
	}
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[scores]) error { return tx.Write(scores{"whole": 1}) }))
	testkit.Must(t, f.Verify())
}

func TestATransactionSeesItsOwnWritesAndSealsThemOnce(t *testing.T) {
	f, path := sealedFile(t)
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[scores]) error {
		for n := range 3 {
			if err := tx.Write(scores{"n": n}); err != nil {
				return err
			}
			if v, err := tx.Read(); err != nil || v["n"] != n {
				t.Errorf("%v, %v", v, err)
			}
		}
		return tx.Append("\n")
	}))
	testkit.Must(t, f.Verify())
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[scores]) error { return tx.Remove() }))
	for _, name := range []string{path, path + ".sha256"} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A handle without a checksum neither verifies nor keeps it: what it writes looks
// like damage until somebody writes with one.
func TestHandlesWithAndWithoutAChecksumOnOneFile(t *testing.T) {
	sealed, path := sealedFile(t)
	plain := lockedfile.New[scores](path)
	testkit.Must(t, plain.Update(func(v *scores) error { (*v)["plain"] = 1; return nil }))
	_, err := sealed.Read()
	mismatch(t, "Read", err)
	mismatch(t, "Update", sealed.Update(func(*scores) error { return nil }))
	mismatch(t, "Append", sealed.Append("\n"))
	if v, err := plain.Read(); err != nil || v["plain"] != 1 {
		t.Errorf("%v, %v", v, err)
	}
	testkit.Must(t, sealed.Write(scores{"sealed": 1}))
	testkit.Must(t, sealed.Verify())
	testkit.Must(t, plain.Append("\n"))
	testkit.Must(t, checksum.Write(path))
	if v, err := sealed.Read(); err != nil || v["sealed"] != 1 {
		t.Errorf("%v, %v", v, err)
	}
}

// Inside one transaction a handle without a checksum may read, and then one with
// it must still verify.
func TestWhatWasReadWithoutACheckIsCheckedForWhoeverAsks(t *testing.T) {
	_, path := sealedFile(t)
	sealed := lockedfile.NewContext[scores](path, safefile.WithChecksum())
	plain := lockedfile.NewContext[scores](path)
	damage(t, path)
	err := plain.Locked(t.Context(), func(ctx context.Context, tx *lockedfile.Tx[scores]) error {
		if v, err := tx.Read(); err != nil || v["a"] != 7 {
			t.Errorf("without a check: %v, %v", v, err)
		}
		_, err := sealed.Read(ctx)
		return err
	})
	mismatch(t, "with one", err)
}

// A transaction that would keep less than a handle asks for does not take its
// changes in, while its reads and the changes of a handle that asks for less are
// welcome.
func TestAJoinThatAsksForMoreThanTheTransactionKeepsIsRefused(t *testing.T) {
	_, path := sealedFile(t)
	ctx := t.Context()
	sealed := lockedfile.NewContext[scores](path, safefile.WithChecksum())
	for _, weaker := range []*lockedfile.ContextFile[scores]{
		lockedfile.NewContext[scores](path),
		lockedfile.NewContext[scores](path, safefile.WithChecksum(), safefile.WithoutMetadata()),
		lockedfile.NewContext[scores](path, safefile.WithChecksum(), safefile.WithSafety(safefile.Warn)),
		lockedfile.NewContext[scores](path, safefile.WithChecksum(), safefile.WithMode(0o600)),
	} {
		testkit.Must(t, weaker.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[scores]) error {
			if v, err := sealed.Read(ctx); err != nil || v["a"] != 1 {
				t.Errorf("a read: %v, %v", v, err)
			}
			testkit.WantIs(t, "a write", sealed.Write(ctx, scores{"lost": 1}), errors.ErrLock)
			v, err := tx.Read()
			if v["lost"] != 0 {
				t.Error("the write was refused and staged")
			}
			return err
		}))
	}
	plain := lockedfile.NewContext[scores](path)
	testkit.Must(t, sealed.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[scores]) error {
		return plain.Update(ctx, func(v *scores) error { (*v)["plain"] = 1; return nil })
	}))
	testkit.Must(t, sealed.Verify(ctx))
}

// LockAll has no opinion: a file is committed as the handle that changes it asks.
func TestLockAllCommitsAsTheHandleAsks(t *testing.T) {
	_, path := sealedFile(t)
	ctx := t.Context()
	sealed, plain := lockedfile.NewContext[scores](path, safefile.WithChecksum()), lockedfile.NewContext[scores](path)
	failed := errors.New("on purpose")
	testkit.Must(t, lockedfile.LockAll(ctx, []string{path}, func(ctx context.Context) error {
		// An undone savepoint does not ask for a checksum.
		if err := plain.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[scores]) error {
			testkit.Must(t, plain.Write(ctx, scores{"undone": 1}))
			return failed
		}); err != failed {
			t.Errorf("%v", err)
		}
		testkit.Must(t, sealed.Write(ctx, scores{"sealed": 1}))
		return plain.Append(ctx, "\n")
	}))
	testkit.Must(t, sealed.Verify(ctx))
	if v, err := sealed.Read(ctx); err != nil || v["sealed"] != 1 || v["undone"] != 0 {
		t.Errorf("%v, %v", v, err)
	}
}

// Both kinds at once, in commits that may not be shared.
func TestBothKindsOfHandlesAtOnceLoseNothing(t *testing.T) {
	sealed, path := sealedFile(t)
	plain := lockedfile.New[scores](path)
	var writers sync.WaitGroup
	lost := make([]int, 8)
	for i := range lost {
		writers.Go(func() {
			for range 20 {
				f := plain
				if i%2 == 0 {
					f = sealed
				}
				err := f.Append("\n")
				switch {
				case err == nil:
					lost[i]++
				case !errors.Is(err, errors.ErrChecksumMismatch): // its own, or of what it was staged on
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	data, err := os.ReadFile(path)
	testkit.Must(t, err)
	want := len("{\n  \"a\": 1\n}\n")
	for _, n := range lost {
		want += n
	}
	if len(data) != want {
		t.Errorf("%d bytes, and %d were acknowledged", len(data), want)
	}
}

// Under Replace a link is read through, and what it leads to has the checksum.
func TestATransactionVerifiesThroughALinkThatItWillReplace(t *testing.T) {
	_, path := sealedFile(t)
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	f := lockedfile.New[scores](link, safefile.WithChecksum(), safefile.WithSymlinks(safefile.Replace))
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[scores]) error { _, err := tx.Read(); return err }))
	damage(t, path)
	mismatch(t, "Update", f.Update(func(*scores) error { return nil }))
	mismatch(t, "Append", f.Append("\n"))
	if info, err := os.Lstat(link); err != nil || info.Mode().IsRegular() {
		t.Errorf("the link is %v, %v", info, err)
	}
}
