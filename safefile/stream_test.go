package safefile_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// both runs a test with and without a checksum.
func both(t *testing.T, test func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS)) {
	for name, options := range map[string][]safefile.Option{"plain": {}, "checksum": {safefile.WithChecksum()}} {
		t.Run(name, func(t *testing.T) {
			disk := faultfs.Wrap(vfs.OS)
			options = append(options, over(disk), jsonCodec, quiet)
			test(t, safefile.New[counters](filepath.Join(memory(t), "app"), options...), disk)
		})
	}
}

// create begins a stream that holds some bytes.
func create(t testing.TB, f *safefile.SafeFile[counters], text string) *safefile.Writer {
	t.Helper()
	w, err := f.Create()
	must(t, err)
	_, err = io.WriteString(w, text)
	must(t, err)
	return w
}

func TestACommittedStreamIsTheContentAndNothingIsLeft(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		open := descriptors(t)
		for _, text := range []string{"first", "", "over it"} {
			w := create(t, f, text)
			must(t, w.Commit())
			must(t, w.Close())
			wantContent(t, f.Path(), text)
			if _, err := os.Stat(f.Path() + ".sha256"); err == nil {
				wantSealed(t, f.Path())
			}
		}
		if now := descriptors(t); now != open {
			t.Errorf("%d descriptors before, %d after", open, now)
		}
		wantNoTemps(t, filepath.Dir(f.Path()))
	})
}

func TestReadersSeeTheOldContentAndWritersWaitUntilTheCommit(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		must(t, f.WriteBytes([]byte("old")))
		w := create(t, f, "new")
		defer w.Close()
		if got, err := f.ReadBytes(); err != nil || string(got) != "old" {
			t.Errorf("%q, %v", got, err)
		}
		impatient, _ := summed(f.Path(), safefile.WithTimeout(0))
		if err := impatient.WriteBytes([]byte("x")); !errors.Is(err, errors.ErrLocked) {
			t.Errorf("another process could write: %v", err)
		}
		var others sync.WaitGroup
		for range 3 {
			others.Go(func() {
				if err := f.Append("+"); err != nil {
					t.Error(err)
				}
			})
		}
		must(t, w.Commit())
		others.Wait()
		wantContent(t, f.Path(), "new+++")
	})
}

func TestAStreamThatIsClosedWithoutCommitLeavesNoTrace(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		dir := filepath.Dir(f.Path())
		must(t, create(t, f, "given up").Close())
		wantNames(t, dir, "app.lock")
		must(t, f.WriteBytes([]byte("old")))
		before, ino := names(t, dir), inode(t, f.Path())
		must(t, create(t, f, "given up").Close())
		wantNames(t, dir, before...)
		wantContent(t, f.Path(), "old")
		if inode(t, f.Path()) != ino {
			t.Error("the file was replaced")
		}
		must(t, f.WriteBytes([]byte("free")))
	})
}

func TestAFinishedStreamTakesNothingMore(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		for name, finish := range map[string]func(*safefile.Writer) error{"commit": (*safefile.Writer).Commit, "close": (*safefile.Writer).Close} {
			must(t, f.WriteBytes([]byte("close")))
			w := create(t, f, "commit")
			must(t, finish(w))
			if n, err := w.Write([]byte("more")); n != 0 || !errors.Is(err, errors.ErrWrite) {
				t.Errorf("%s, then Write: %d, %v", name, n, err)
			}
			if err := w.Commit(); !errors.Is(err, errors.ErrWrite) {
				t.Errorf("%s, then Commit: %v", name, err)
			}
			must(t, w.Close())
			wantContent(t, f.Path(), name)
		}
	})
}

// The half of a content must not pass for a content because somebody missed an error.
func TestAStreamWithAFailedWriteCantBeCommitted(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		must(t, f.WriteBytes([]byte("old")))
		w := create(t, f, "ne")
		disk.FailAll(faultfs.Write, syscall.ENOSPC)
		if _, err := w.Write([]byte("w content")); !errors.Is(err, syscall.ENOSPC) {
			t.Error(err)
		}
		disk.Reset()
		if _, err := w.Write([]byte("and more")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("the next write: %v", err)
		}
		if err := w.Commit(); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, errors.ErrWrite) {
			t.Errorf("Commit: %v", err)
		}
		wantContent(t, f.Path(), "old")
		wantNoTemps(t, filepath.Dir(f.Path()))
		must(t, f.WriteBytes([]byte("free")))
	})
}

// Whatever fails, nothing is opened and not closed, and nothing is closed twice
// (faultfs panics at that); an error means the old content.
func TestWhateverFailsInAStreamTheContentIsOldOrNew(t *testing.T) {
	needLinux(t)
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		stream := func() error {
			w, err := f.Create()
			if err != nil {
				return err
			}
			defer w.Close()
			if _, err := io.WriteString(w, "new"); err != nil {
				return err
			}
			return w.Commit()
		}
		must(t, stream())
		for n := 1; ; n++ {
			must(t, f.WriteBytes([]byte("old")))
			open := descriptors(t)
			disk.FailAt(n, syscall.EIO)
			err := stream()
			ops := disk.Ops()
			disk.Reset()
			if n > len(ops) {
				t.Logf("%d operations", n-1)
				break
			}
			want := "old"
			if err == nil || errors.Is(err, errors.ErrNotDurable) {
				want = "new"
			}
			if got := content(t, f.Path()); got != want {
				t.Errorf("%v: %v, and the file holds %q", ops[n-1], err, got)
			}
			if now := descriptors(t); now != open {
				t.Errorf("%v: %d descriptors before, %d after", ops[n-1], open, now)
			}
			if err := f.Verify(); err != nil && !errors.Is(err, errors.ErrNoChecksum) {
				t.Errorf("%v: %v", ops[n-1], err)
			}
			wantNoTemps(t, filepath.Dir(f.Path()))
		}
	})
}

// lines is a log that can be waited for.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestAForgottenStreamIsClosedWithAWarning(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], _ *faultfs.FS) {
		log := &lines{}
		forgetful, _ := summed(f.Path(), logging(log))
		create(t, forgetful, "forgotten")
		deadline := time.Now().Add(10 * time.Second)
		for !strings.Contains(log.String(), "forgotten") {
			if time.Now().After(deadline) {
				t.Fatal("nobody complained")
			}
			runtime.GC()
			runtime.Gosched()
		}
		if !strings.Contains(log.String(), f.Path()) {
			t.Errorf("which file? %s", log)
		}
		patient, _ := summed(f.Path(), safefile.WithTimeout(10*time.Second))
		must(t, patient.WriteBytes([]byte("next")))
		wantNames(t, filepath.Dir(f.Path()), "app", "app.lock", "app.sha256")
		if strings.Count(log.String(), "\n") != 1 {
			t.Errorf("the log says %s", log)
		}
	})
}

func TestAFinishedStreamIsNotForgotten(t *testing.T) {
	log := &lines{}
	f, _ := summed(filepath.Join(memory(t), "app"), logging(log))
	must(t, create(t, f, "x").Commit())
	must(t, create(t, f, "y").Close())
	for range 3 {
		runtime.GC()
	}
	if log.String() != "" {
		t.Errorf("the log says %s", log)
	}
}

func TestAReaderStaysWithItsVersion(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		old := strings.Repeat("old content ", 10_000)
		for what, change := range map[string]func() error{
			"replaced": func() error { return f.WriteBytes([]byte("new")) },
			"removed":  f.Remove,
			"moved":    func() error { return safefile.Move(f.Path(), f.Path()+".moved") },
		} {
			must(t, f.WriteBytes([]byte(old)))
			r, err := f.Open()
			must(t, err)
			head := make([]byte, 1000)
			_, err = io.ReadFull(r, head)
			must(t, err)
			must(t, change())
			rest, err := io.ReadAll(r)
			if err != nil || string(head)+string(rest) != old {
				t.Errorf("%s: %d bytes, %v", what, len(head)+len(rest), err)
			}
			must(t, r.Close())
		}
	})
}

// The bytes come first and the verdict at the end, also when they came in one go.
func TestAReaderReportsDamageInPlaceOfTheEnd(t *testing.T) {
	f, _ := summed(filepath.Join(memory(t), "app"))
	must(t, f.WriteBytes(bytes.Repeat([]byte("content"), 50_000)))
	flip(t, f.Path())
	r, err := f.Open()
	must(t, err)
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	if n != 350_000 || !errors.Is(err, errors.ErrChecksumMismatch) || !errors.Is(err, errors.ErrRead) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := r.Read(make([]byte, 10)); n != 0 || !errors.Is(err, errors.ErrChecksumMismatch) {
		t.Errorf("read once more: %d, %v", n, err)
	}
}

func TestAReaderHonoursTheLimitAndRefusesWhatIsNoFile(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		if _, err := f.Open(); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, errors.ErrRead) {
			t.Errorf("missing: %v", err)
		}
		must(t, f.WriteBytes([]byte("12345")))
		must(t, checksum.Write(f.Path()))
		for limit, want := range map[int64]error{4: errors.ErrTooLarge, 5: nil, 0: nil} {
			for _, options := range [][]safefile.Option{{}, {safefile.WithChecksum()}} {
				r, err := safefile.New[counters](f.Path(), append(options, safefile.WithMaxSize(limit))...).Open()
				must(t, err)
				if _, err := io.ReadAll(r); !errors.Is(err, want) {
					t.Errorf("limit %d: %v", limit, err)
				}
				must(t, r.Close())
			}
		}
		dir, _ := summed(filepath.Dir(f.Path()))
		if _, err := dir.Open(); !errors.Is(err, syscall.EISDIR) {
			t.Errorf("a directory: %v", err)
		}
		if _, err := dir.Create(); !errors.Is(err, syscall.EISDIR) {
			t.Errorf("a directory: %v", err)
		}
	})
}

// A lock that is looked at after the commit takes nothing back.
func TestACommitThatIsDurableDoesNotFailForItsLock(t *testing.T) {
	needLinux(t)
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		must(t, f.WriteBytes([]byte("old")))
		w := create(t, f, "new")
		renamed := false
		disk.Before(func(op faultfs.Op) error {
			renamed = renamed || op.Verb == faultfs.Rename && op.Path == f.Path()
			if renamed && op.Verb == faultfs.Same {
				return syscall.EIO
			}
			return nil
		})
		if err := w.Commit(); err != nil {
			t.Errorf("the new content is there, and Commit gave %v", err)
		}
		wantContent(t, f.Path(), "new")
	})
}
