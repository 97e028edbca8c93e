package safefile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// wantClosed is for a call on what is closed already.
func wantClosed(t testing.TB, what string, err error) {
	t.Helper()
	if _, wrapped := errors.AsType[*errors.Error](err); !wrapped || !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%s: %v, want an *errors.Error that is fs.ErrClosed", what, err)
	}
}

func TestAClosedReaderReadsAndClosesNoOtherFile(t *testing.T) {
	for name, options := range map[string][]safefile.Option{"plain": {}, "checksum": {safefile.WithChecksum()}} {
		t.Run(name, func(t *testing.T) {
			dir := testkit.Memory(t)
			f := safefile.New[counters](filepath.Join(dir, "app"), options...)
			testkit.Must(t, f.WriteBytes([]byte("mine")))
			testkit.Put(t, filepath.Join(dir, "other"), "of somebody else")
			r, err := f.Open()
			testkit.Must(t, err)
			testkit.Must(t, r.Close())
			var others []*os.File // one of them has the number of the closed descriptor
			for range 20 {
				other, err := os.Open(filepath.Join(dir, "other"))
				testkit.Must(t, err)
				defer other.Close()
				others = append(others, other)
			}
			n, err := r.Read(make([]byte, 4))
			if n != 0 {
				t.Errorf("read %d bytes", n)
			}
			wantClosed(t, "Read", err)
			testkit.WantNil(t, "second Close", r.Close())
			for _, other := range others {
				if _, err := other.Read(make([]byte, 1)); err != nil {
					t.Errorf("another file was closed: %v", err)
				}
			}
		})
	}
}

func TestAFinishedWriterTakesNothingMoreAndSaysThatItIsClosed(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], _ *faultfs.FS) {
		for name, end := range map[string]func(*safefile.Writer) error{"commit": (*safefile.Writer).Commit, "close": (*safefile.Writer).Close} {
			testkit.Must(t, f.WriteBytes([]byte("close")))
			w := create(t, f, "commit")
			testkit.Must(t, end(w))
			n, err := w.Write([]byte("more"))
			wantClosed(t, name+", then Write", err)
			if n != 0 || !errors.Is(err, errors.ErrWrite) {
				t.Errorf("%s, then Write: %d, %v", name, n, err)
			}
			err = w.Commit()
			wantClosed(t, name+", then Commit", err)
			if !errors.Is(err, errors.ErrWrite) {
				t.Errorf("%s, then Commit: %v", name, err)
			}
			testkit.Must(t, w.Close())
			testkit.Must(t, w.Close())
			testkit.WantContent(t, f.Path(), name)
		}
	})
}

func TestStreamsMayBeClosedWhileTheyAreUsed(t *testing.T) {
	f := safefile.New[counters](filepath.Join(testkit.Memory(t), "app"))
	testkit.Must(t, f.WriteBytes([]byte(strings.Repeat("old", 1000))))
	for range 50 {
		r, err := f.Open()
		testkit.Must(t, err)
		w, err := f.Create()
		testkit.Must(t, err)
		var all sync.WaitGroup
		all.Go(func() {
			for p := make([]byte, 1); ; {
				if n, err := r.Read(p); n == 0 || err != nil {
					return
				}
			}
		})
		all.Go(func() {
			for {
				if _, err := w.Write([]byte("new")); err != nil {
					wantClosed(t, "Write", err)
					return
				}
			}
		})
		for range 2 {
			all.Go(func() { testkit.Must(t, r.Close()) })
			all.Go(func() { testkit.Must(t, w.Close()) })
		}
		all.Wait()
	}
	testkit.WantContent(t, f.Path(), strings.Repeat("old", 1000))
}

func TestForgottenReadersAreClosedWithAWarning(t *testing.T) {
	for name, option := range map[string]safefile.Option{"plain": safefile.WithMode(0o600), "checksum": safefile.WithChecksum()} {
		t.Run(name, func(t *testing.T) {
			log := &testkit.Log{}
			f := safefile.New[counters](filepath.Join(testkit.Memory(t), "app"), option, logging(log))
			testkit.Must(t, f.WriteBytes([]byte("content")))
			before := testkit.Descriptors(t)
			for range 200 {
				_, err := f.Open()
				testkit.Must(t, err)
			}
			testkit.Until(t, "all are closed", func() bool {
				runtime.GC()
				return testkit.Descriptors(t) <= before
			})
			if text := log.String(); !strings.Contains(text, "a Reader was forgotten") || !strings.Contains(text, f.Path()) {
				t.Errorf("the log says %q", text)
			}
		})
	}
}
