package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// saveInPlace is what an editor without a lock does: other bytes, as many as before.
func saveInPlace(t *testing.T, path, content string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	testkit.Must(t, err)
	defer f.Close()
	_, err = f.WriteString(content)
	testkit.Must(t, err)
}

// aged gives a file the times of one that nobody has touched for long.
func aged(t *testing.T, path string) {
	t.Helper()
	then := time.Now().Add(-time.Hour).Truncate(time.Second).Add(time.Millisecond)
	testkit.Must(t, os.Chtimes(path, then, then))
}

func TestASaveInTheSameTickAndOfTheSameSizeIsKept(t *testing.T) {
	dir := disktest.NewCoarse(t).Dir()
	for name, change := range map[string]func(t *testing.T, s store.Session, path string) error{
		"after a read": func(t *testing.T, s store.Session, path string) error {
			c, err := s.Load(ctx, store.ReadOptions{})
			testkit.Must(t, err)
			saveInPlace(t, path, "editor")
			_, err = commit(s, store.Change{Parts: bytesOf([]string{"ours"}), Read: c.Version}, keep)
			return err
		},
		"after a read, before a removal": func(t *testing.T, s store.Session, path string) error {
			c, err := s.Load(ctx, store.ReadOptions{})
			testkit.Must(t, err)
			saveInPlace(t, path, "editor")
			_, err = commit(s, store.Change{Remove: true, Read: c.Version}, keep)
			return err
		},
		"after a read, before an append": func(t *testing.T, s store.Session, path string) error {
			c, err := s.Load(ctx, store.ReadOptions{})
			testkit.Must(t, err)
			saveInPlace(t, path, "editor")
			_, err = commit(s, store.Change{Append: true, Parts: bytesOf([]string{"ours"}), Read: c.Version}, keep)
			return err
		},
		"after a commit": func(t *testing.T, s store.Session, path string) error {
			v, err := commit(s, text("comm", "it"), keep)
			testkit.Must(t, err)
			saveInPlace(t, path, "editor")
			_, err = commit(s, store.Change{Parts: bytesOf([]string{"ours"}), Read: v}, keep)
			return err
		},
		"after an append to what was read": func(t *testing.T, s store.Session, path string) error {
			saveInPlace(t, path, "two   ")
			testkit.Must(t, os.Truncate(path, 3))
			c, err := s.Load(ctx, store.ReadOptions{})
			testkit.Must(t, err)
			v, err := commit(s, store.Change{Append: true, Parts: bytesOf([]string{"six"}), Read: c.Version}, keep)
			testkit.Must(t, err)
			saveInPlace(t, path, "editor")
			_, err = commit(s, store.Change{Parts: bytesOf([]string{"ours"}), Read: v}, keep)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, "file")
			testkit.Put(t, path, "before")
			s := session(t, New(vfs.OS), store.Target{Path: path, Perm: 0o666})
			testkit.WantIs(t, "it", change(t, s, path), errors.ErrChanged)
			testkit.WantContent(t, path, "editor")
		})
	}
}

func TestASaveWhileAnAppendIsOnItsWayIsKept(t *testing.T) {
	dir := disktest.NewCoarse(t).Dir()
	for name, size := range map[string]int{"small": 6, "large": 3 << 20} {
		path := filepath.Join(dir, name)
		testkit.Put(t, path, strings.Repeat("b", size))
		disk := faultfs.Wrap(vfs.OS)
		s := session(t, New(disk), store.Target{Path: path, Perm: 0o666})
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == faultfs.Sync {
				saveInPlace(t, path, "editor")
			}
			return nil
		})
		_, err := commit(s, store.Change{Append: true, Parts: bytesOf([]string{"ours"})}, keep)
		testkit.WantIs(t, fmt.Sprintf("%d bytes", size), err, errors.ErrChanged)
		if data, err := os.ReadFile(path); err != nil || string(data) != "editor"+strings.Repeat("b", size-6) {
			t.Errorf("%s holds %.10q…, %d bytes, %v", name, data, len(data), err)
		}
	}
}

func TestAWriteThatReadNothingGoesOverASaveInTheSameTick(t *testing.T) {
	path := filepath.Join(disktest.NewCoarse(t).Dir(), "file")
	testkit.Put(t, path, "before")
	s := session(t, New(vfs.OS), store.Target{Path: path, Perm: 0o666})
	_, err := s.Load(ctx, store.ReadOptions{})
	testkit.Must(t, err)
	saveInPlace(t, path, "editor")
	_, err = commit(s, text("ours"), keep)
	testkit.Must(t, err)
	testkit.WantContent(t, path, "ours")
}

// The look at the content costs a call. Most files are older than a tick of the clock.
func TestOnlyAYoungVersionIsReadAgainBeforeItIsReplaced(t *testing.T) {
	for _, old := range []bool{true, false} {
		disk := faultfs.Wrap(vfs.OS)
		p := at(t)
		testkit.Put(t, p.Path, "before")
		if old {
			aged(t, p.Path)
		} else {
			future := time.Now().Add(time.Hour)
			testkit.Must(t, os.Chtimes(p.Path, future, future))
		}
		s := session(t, New(disk), p)
		c, err := s.Load(ctx, store.ReadOptions{})
		testkit.Must(t, err)
		disk.Reset()
		_, err = commit(s, store.Change{Parts: bytesOf([]string{"another length"}), Read: c.Version}, keep)
		testkit.Must(t, err)
		reads := 0
		for _, op := range disk.Ops() {
			if op.Verb == faultfs.Read {
				reads++
			}
		}
		if (reads == 0) != old {
			t.Errorf("old: %v, and it is read %d times", old, reads)
		}
	}
}

func TestAnAppendToALargeYoungFileWaitsForTheClock(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := at(t)
	content := strings.Repeat("b", 2*maxCompared)
	testkit.Put(t, p.Path, content)
	now := time.Now()
	testkit.Must(t, os.Chtimes(p.Path, now, now))
	s := session(t, New(disk), p)
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Clone {
			if info, err := os.Stat(p.Path); err != nil || time.Since(info.ModTime()) < 20*time.Millisecond {
				t.Errorf("it is copied %v after its last change, %v", time.Since(info.ModTime()), err)
			}
		}
		return nil
	})
	_, err := commit(s, store.Change{Append: true, Parts: bytesOf([]string{"tail"})}, keep)
	testkit.Must(t, err)
	for _, op := range disk.Ops() {
		if op.Verb == faultfs.Read {
			t.Errorf("it is read: %v", op)
		}
	}
	if data, err := os.ReadFile(p.Path); err != nil || string(data) != content+"tail" {
		t.Errorf("it holds %d bytes, %v", len(data), err)
	}
}
