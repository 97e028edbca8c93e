//go:build unix && !aix && !solaris && !illumos

package vfs

import (
	"bytes"
	"io"
	"io/fs"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// reused opens files until one has the number of a descriptor that was closed.
func reused(t *testing.T, d Dir, name string, fd int) File {
	t.Helper()
	for range 1000 {
		f, err := d.OpenRecord(name)
		testkit.Must(t, err)
		t.Cleanup(func() { f.Close() })
		if f.(*osFile).fd == fd {
			return f
		}
	}
	t.Fatalf("descriptor %d is not given out again", fd)
	return nil
}

func TestAClosedFileReachesNoOtherFile(t *testing.T) {
	d := openDir(t, t.TempDir())
	create(t, d, "other", "of somebody else")
	f := create(t, d, "mine", "mine")
	testkit.Must(t, f.Close())
	other := reused(t, d, "other", f.(*osFile).fd)
	p := make([]byte, 4)
	for name, call := range map[string]func() error{
		"Read":       func() error { _, err := f.Read(p); return err },
		"ReadAt":     func() error { _, err := f.ReadAt(p, 0); return err },
		"Write":      func() error { _, err := f.Write([]byte("mine")); return err },
		"WriteAt":    func() error { _, err := f.WriteAt([]byte("mine"), 0); return err },
		"Stat":       func() error { _, err := f.Stat(); return err },
		"Chmod":      func() error { return f.Chmod(0) },
		"Chown":      func() error { return f.Chown(0, 0) },
		"Attrs":      func() error { _, err := f.Attrs(); return err },
		"Attr":       func() error { _, err := f.Attr("user.a"); return err },
		"SetAttr":    func() error { return f.SetAttr("user.a", []byte("b")) },
		"RemoveAttr": func() error { return f.RemoveAttr("user.a") },
		"CloneFrom":  func() error { return f.CloneFrom(other, 1) },
		"cloned":     func() error { return other.CloneFrom(f, 1) },
		"Truncate":   func() error { return f.Truncate(0) },
		"Sync":       f.Sync,
	} {
		testkit.WantIs(t, name, call(), fs.ErrClosed)
	}
	testkit.WantNil(t, "second Close", f.Close())
	info, err := other.Stat()
	testkit.Must(t, err)
	if data, err := io.ReadAll(other); err != nil || string(data) != "of somebody else" || info.Mode.Perm() != 0o644 {
		t.Errorf("the other file: %q, %v, %v", data, info.Mode, err)
	}
}

func TestAClosedDirectoryReachesNoOtherDirectory(t *testing.T) {
	d := openDir(t, t.TempDir())
	create(t, d, "a", "")
	testkit.Must(t, d.Close())
	elsewhere := t.TempDir()
	var other Dir
	for other == nil || other.(*osDir).fd != d.(*osDir).fd {
		other = openDir(t, elsewhere)
	}
	for name, call := range map[string]func() error{
		"Self":       func() error { _, err := d.Self(); return err },
		"Stat":       func() error { _, err := d.Stat("a"); return err },
		"Volume":     func() error { _, err := d.Volume("", Info{}); return err },
		"Open":       func() error { _, err := d.Open("a"); return err },
		"OpenRecord": func() error { _, err := d.OpenRecord("a"); return err },
		"Create":     func() error { _, err := d.Create("b", 0o600); return err },
		"Writable":   func() error { return d.Writable("a") },
		"Rename":     func() error { return d.Rename("a", other, "b") },
		"renamed":    func() error { return other.Rename("a", d, "b") },
		"Remove":     func() error { return d.Remove("a") },
		"Names":      func() error { _, err := d.Names(); return err },
		"Sync":       d.Sync,
	} {
		testkit.WantIs(t, name, call(), fs.ErrClosed)
	}
	testkit.WantNil(t, "second Close", d.Close())
	if names, err := other.Names(); err != nil || len(names) != 0 {
		t.Errorf("the other directory holds %v, %v", names, err)
	}
}

func TestACloseBesideReadsLetsNoneReadAnotherFile(t *testing.T) {
	d := openDir(t, t.TempDir())
	create(t, d, "mine", "mine")
	create(t, d, "other", "else")
	for range 200 {
		f, err := d.Open("mine")
		testkit.Must(t, err)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				p := make([]byte, 4)
				for {
					_, err := f.ReadAt(p, 0)
					if errors.Is(err, fs.ErrClosed) {
						return
					}
					if err != nil || !bytes.Equal(p, []byte("mine")) {
						t.Errorf("read %q, %v", p, err)
						return
					}
				}
			})
		}
		for range 2 {
			all.Go(func() {
				testkit.WantNil(t, "it", f.Close())
				if o, err := d.Open("other"); err == nil {
					o.Close()
				}
			})
		}
		all.Wait()
	}
}
