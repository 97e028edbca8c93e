package safefile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
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
			dir := memory(t)
			f := safefile.New[counters](filepath.Join(dir, "app"), options...)
			must(t, f.WriteBytes([]byte("mine")))
			put(t, filepath.Join(dir, "other"), "of somebody else")
			r, err := f.Open()
			must(t, err)
			must(t, r.Close())
			var others []*os.File // one of them has the number of the closed descriptor
			for range 20 {
				other, err := os.Open(filepath.Join(dir, "other"))
				must(t, err)
				defer other.Close()
				others = append(others, other)
			}
			n, err := r.Read(make([]byte, 4))
			if n != 0 {
				t.Errorf("read %d bytes", n)
			}
			wantClosed(t, "Read", err)
			if err := r.Close(); err != nil {
				t.Errorf("second Close: %v", err)
			}
			for _, other := range others {
				if _, err := other.Read(make([]byte, 1)); err != nil {
					t.Errorf("another file was closed: %v", err)
				}
			}
		})
	}
}

func TestAFinishedWriterSaysThatItIsClosed(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], _ *faultfs.FS) {
		for _, end := range []func(*safefile.Writer) error{(*safefile.Writer).Commit, (*safefile.Writer).Close} {
			w := create(t, f, "text")
			must(t, end(w))
			_, err := w.Write([]byte("more"))
			wantClosed(t, "Write", err)
			wantClosed(t, "Commit", w.Commit())
			for range 2 {
				if err := w.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
		}
		wantContent(t, f.Path(), "text")
	})
}

func TestStreamsMayBeClosedWhileTheyAreUsed(t *testing.T) {
	f := safefile.New[counters](filepath.Join(memory(t), "app"))
	must(t, f.WriteBytes([]byte(strings.Repeat("old", 1000))))
	for range 50 {
		r, err := f.Open()
		must(t, err)
		w, err := f.Create()
		must(t, err)
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
			all.Go(func() { must(t, r.Close()) })
			all.Go(func() { must(t, w.Close()) })
		}
		all.Wait()
	}
	wantContent(t, f.Path(), strings.Repeat("old", 1000))
}

func TestForgottenReadersAreClosedWithAWarning(t *testing.T) {
	for name, option := range map[string]safefile.Option{"plain": safefile.WithMode(0o600), "checksum": safefile.WithChecksum()} {
		t.Run(name, func(t *testing.T) {
			log := &lines{}
			f := safefile.New[counters](filepath.Join(memory(t), "app"), option, logging(log))
			must(t, f.WriteBytes([]byte("content")))
			before := descriptors(t)
			for range 200 {
				_, err := f.Open()
				must(t, err)
			}
			deadline := time.Now().Add(10 * time.Second)
			for descriptors(t) > before {
				if time.Now().After(deadline) {
					t.Fatalf("%d descriptors before, %d after", before, descriptors(t))
				}
				runtime.GC()
				runtime.Gosched()
			}
			if text := log.String(); !strings.Contains(text, "a Reader was forgotten") || !strings.Contains(text, f.Path()) {
				t.Errorf("the log says %q", text)
			}
		})
	}
}

func TestAClosedReaderIsNotForgotten(t *testing.T) {
	log := &lines{}
	f := safefile.New[counters](filepath.Join(memory(t), "app"), logging(log))
	must(t, f.WriteBytes(nil))
	r, err := f.Open()
	must(t, err)
	must(t, r.Close())
	for range 3 {
		runtime.GC()
	}
	if text := log.String(); text != "" {
		t.Errorf("the log says %q", text)
	}
}
