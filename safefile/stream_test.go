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
	"github.com/holdfast-go/holdfast/internal/testkit"
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
			test(t, safefile.New[counters](filepath.Join(testkit.Memory(t), "app"), options...), disk)
		})
	}
}

// create begins a stream that holds some bytes.
func create(t testing.TB, f *safefile.SafeFile[counters], text string) *safefile.Writer {
	t.Helper()
	w, err := f.Create()
	testkit.Must(t, err)
	_, err = io.WriteString(w, text)
	testkit.Must(t, err)
	return w
}

func TestACommittedStreamIsTheContentAndNothingIsLeft(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		open := testkit.Descriptors(t)
		for _, text := range []string{"first", "", "over it"} {
			w := create(t, f, text)
			testkit.Must(t, w.Commit())
			testkit.Must(t, w.Close())
			testkit.WantContent(t, f.Path(), text)
			if _, err := os.Stat(f.Path() + ".sha256"); err == nil {
				wantSealed(t, f.Path())
			}
		}
		if now := testkit.Descriptors(t); now != open {
			t.Errorf("%d descriptors before, %d after", open, now)
		}
		wantNoTemps(t, filepath.Dir(f.Path()))
	})
}

func TestReadersSeeTheOldContentAndWritersWaitUntilTheCommit(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		testkit.Must(t, f.WriteBytes([]byte("old")))
		w := create(t, f, "new")
		defer w.Close()
		if got, err := f.ReadBytes(); err != nil || string(got) != "old" {
			t.Errorf("%q, %v", got, err)
		}
		impatient, _ := summed(f.Path(), safefile.WithTimeout(0))
		testkit.WantIs(t, "another process could write", impatient.WriteBytes([]byte("x")), errors.ErrLocked)
		var others sync.WaitGroup
		for range 3 {
			others.Go(func() {
				testkit.WantNil(t, "it", f.Append("+"))
			})
		}
		testkit.Must(t, w.Commit())
		others.Wait()
		testkit.WantContent(t, f.Path(), "new+++")
	})
}

func TestAStreamThatIsClosedWithoutCommitLeavesNoTrace(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		dir := filepath.Dir(f.Path())
		testkit.Must(t, create(t, f, "given up").Close())
		testkit.WantNames(t, dir, "app.lock")
		testkit.Must(t, f.WriteBytes([]byte("old")))
		before, ino := testkit.Names(t, dir), inode(t, f.Path())
		testkit.Must(t, create(t, f, "given up").Close())
		testkit.WantNames(t, dir, before...)
		testkit.WantContent(t, f.Path(), "old")
		if inode(t, f.Path()) != ino {
			t.Error("the file was replaced")
		}
		testkit.Must(t, f.WriteBytes([]byte("free")))
	})
}

// The half of a content must not pass for a content because somebody missed an error.
func TestAStreamWithAFailedWriteCantBeCommitted(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		testkit.Must(t, f.WriteBytes([]byte("old")))
		w := create(t, f, "ne")
		disk.FailAll(faultfs.Write, syscall.ENOSPC)
		if _, err := w.Write([]byte("w content")); !errors.Is(err, syscall.ENOSPC) {
			t.Error(err)
		}
		disk.Reset()
		if _, err := w.Write([]byte("and more")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("the next write: %v", err)
		}
		testkit.WantIs(t, "Commit", w.Commit(), syscall.ENOSPC, errors.ErrWrite)
		testkit.WantContent(t, f.Path(), "old")
		wantNoTemps(t, filepath.Dir(f.Path()))
		testkit.Must(t, f.WriteBytes([]byte("free")))
	})
}

// Whatever fails, nothing is opened and not closed, and nothing is closed twice
// (faultfs panics at that); an error means the old content.
func TestWhateverFailsInAStreamTheContentIsOldOrNew(t *testing.T) {
	testkit.NeedLinux(t)
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
		testkit.Must(t, stream())
		for n := 1; ; n++ {
			testkit.Must(t, f.WriteBytes([]byte("old")))
			open := testkit.Descriptors(t)
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
			if got := testkit.Content(t, f.Path()); got != want {
				t.Errorf("%v: %v, and the file holds %q", ops[n-1], err, got)
			}
			if now := testkit.Descriptors(t); now != open {
				t.Errorf("%v: %d descriptors before, %d after", ops[n-1], open, now)
			}
			if err := f.Verify(); err != nil && !errors.Is(err, errors.ErrNoChecksum) {
				t.Errorf("%v: %v", ops[n-1], err)
			}
			wantNoTemps(t, filepath.Dir(f.Path()))
		}
	})
}

func TestAForgottenStreamIsClosedWithAWarning(t *testing.T) {
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], _ *faultfs.FS) {
		log := &testkit.Log{}
		forgetful, _ := summed(f.Path(), logging(log))
		create(t, forgetful, "forgotten")
		testkit.Until(t, "somebody complains", func() bool {
			runtime.GC()
			return strings.Contains(log.String(), "forgotten")
		})
		if !strings.Contains(log.String(), f.Path()) {
			t.Errorf("which file? %s", log)
		}
		patient, _ := summed(f.Path(), safefile.WithTimeout(10*time.Second))
		testkit.Must(t, patient.WriteBytes([]byte("next")))
		testkit.WantNames(t, filepath.Dir(f.Path()), "app", "app.lock", "app.sha256")
		if len(log.Records()) != 1 {
			t.Errorf("the log says %s", log)
		}
	})
}

func TestAFinishedStreamIsNotForgotten(t *testing.T) {
	log := &testkit.Log{}
	f, _ := summed(filepath.Join(testkit.Memory(t), "app"), logging(log))
	testkit.Must(t, create(t, f, "x").Commit())
	testkit.Must(t, create(t, f, "y").Close())
	r, err := f.Open()
	testkit.Must(t, err)
	testkit.Must(t, r.Close())
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
			testkit.Must(t, f.WriteBytes([]byte(old)))
			r, err := f.Open()
			testkit.Must(t, err)
			head := make([]byte, 1000)
			_, err = io.ReadFull(r, head)
			testkit.Must(t, err)
			testkit.Must(t, change())
			rest, err := io.ReadAll(r)
			if err != nil || string(head)+string(rest) != old {
				t.Errorf("%s: %d bytes, %v", what, len(head)+len(rest), err)
			}
			testkit.Must(t, r.Close())
		}
	})
}

// The bytes come first and the verdict at the end, also when they came in one go.
func TestAReaderReportsDamageInPlaceOfTheEnd(t *testing.T) {
	f, _ := summed(filepath.Join(testkit.Memory(t), "app"))
	testkit.Must(t, f.WriteBytes(bytes.Repeat([]byte("content"), 50_000)))
	flip(t, f.Path())
	r, err := f.Open()
	testkit.Must(t, err)
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
		testkit.Must(t, f.WriteBytes([]byte("12345")))
		testkit.Must(t, checksum.Write(f.Path()))
		for limit, want := range map[int64]error{4: errors.ErrTooLarge, 5: nil, 0: nil} {
			for _, options := range [][]safefile.Option{{}, {safefile.WithChecksum()}} {
				r, err := safefile.New[counters](f.Path(), append(options, safefile.WithMaxSize(limit))...).Open()
				testkit.Must(t, err)
				if _, err := io.ReadAll(r); !errors.Is(err, want) {
					t.Errorf("limit %d: %v", limit, err)
				}
				testkit.Must(t, r.Close())
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
	testkit.NeedLinux(t)
	both(t, func(t *testing.T, f *safefile.SafeFile[counters], disk *faultfs.FS) {
		testkit.Must(t, f.WriteBytes([]byte("old")))
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
		testkit.WantContent(t, f.Path(), "new")
	})
}
