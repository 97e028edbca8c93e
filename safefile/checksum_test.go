package safefile_test

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// summed is a handle with a checksum, by an engine of its own over a disk that can fail.
func summed(path string, opts ...safefile.Option) (*safefile.SafeFile[counters], *faultfs.FS) {
	disk := faultfs.Wrap(vfs.OS)
	opts = append([]safefile.Option{safefile.WithChecksum(), over(disk), jsonCodec, quiet}, opts...)
	return safefile.New[counters](path, opts...), disk
}

// wantSealed checks that a file and its sidecar agree, for us and for sha256sum(1).
func wantSealed(t testing.TB, path string) {
	t.Helper()
	sum := checksum.Sum([]byte(testkit.Content(t, path)))
	want := string(sidecar.Sidecar{Digest: sum}.Format(filepath.Base(path)))
	if got := testkit.Content(t, path+".sha256"); got != want {
		t.Errorf("the sidecar says %q, want %q", got, want)
	}
	testkit.WantNil(t, "it", checksum.Verify(path))
	if out, err := sha256sum(path); err != nil {
		t.Errorf("sha256sum -c: %s, %v", out, err)
	}
}

// sha256sum checks a file as a person does; where it is not installed it agrees.
func sha256sum(path string) (string, error) {
	if _, err := exec.LookPath("sha256sum"); err != nil {
		return "", nil
	}
	cmd := exec.Command("sha256sum", "--strict", "-c", filepath.Base(path)+".sha256")
	cmd.Dir = filepath.Dir(path)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// flip damages one bit of a file, in place.
func flip(t testing.TB, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	testkit.Must(t, err)
	defer f.Close()
	info, err := f.Stat()
	testkit.Must(t, err)
	b := make([]byte, 1)
	_, err = f.ReadAt(b, info.Size()/2)
	testkit.Must(t, err)
	b[0] ^= 4
	_, err = f.WriteAt(b, info.Size()/2)
	testkit.Must(t, err)
}

func inode(t testing.TB, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	testkit.Must(t, err)
	return vfs.InfoOf(info).Ino
}

func TestEveryChangeKeepsTheChecksum(t *testing.T) {
	for _, name := range []string{"app.json", "with some spaces", "back\\slash", "new\nline"} {
		path := filepath.Join(testkit.Memory(t), name)
		f, _ := summed(path)
		for _, step := range crashHistory {
			testkit.Must(t, step.do(f))
			testkit.WantContent(t, path, step.then)
			if step.then == "(missing)" {
				testkit.WantNames(t, filepath.Dir(path), name+".lock")
				continue
			}
			wantSealed(t, path)
			testkit.WantNames(t, filepath.Dir(path), name, name+".lock", name+".sha256")
			if got, err := f.ReadBytes(); err != nil || string(got) != step.then {
				t.Errorf("%s: %q, %v", step.name, got, err)
			}
		}
	}
}

func TestAChecksumGoesThroughALinkToItsTarget(t *testing.T) {
	dir := testkit.Memory(t)
	testkit.Must(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	testkit.Must(t, os.Symlink("real/file", filepath.Join(dir, "link")))
	f, _ := summed(filepath.Join(dir, "link"))
	testkit.Must(t, f.Write(counters{"a": 1}))
	wantSealed(t, filepath.Join(dir, "real/file"))
	testkit.WantNames(t, dir, "link", "real")
	if _, err := f.Read(); err != nil {
		t.Error(err)
	}
	replacing, _ := summed(filepath.Join(dir, "link"), safefile.WithSymlinks(safefile.Replace))
	if _, err := replacing.Read(); err != nil {
		t.Error(err)
	}
	testkit.Must(t, replacing.Write(counters{"b": 2}))
	wantSealed(t, filepath.Join(dir, "link"))
	wantSealed(t, filepath.Join(dir, "real/file"))
}

// A write that changes no byte leaves file and sidecar alone, but only if they agree.
func TestAWriteOfTheSameIsANoOpOnlyIfTheSidecarAgrees(t *testing.T) {
	const text = "{\"a\": 1}"
	sum := checksum.Sum([]byte(text))
	for _, c := range []struct {
		name, sidecar string
		noOp          bool
	}{
		{"it agrees", sum + "  app\n", true},
		{"it names the file otherwise", sum + " *./other\n", true},
		{"there is none", "", false},
		{"it is garbled", "noise\n", false},
		{"it says something else", checksum.Sum(nil) + "  app\n", false},
		{"it accepts another content too", sum + "  app\n# previous " + checksum.Sum(nil) + "\n", false},
		{"it accepts the content as the previous one", checksum.Sum(nil) + "  app\n# previous " + sum + "\n", false},
	} {
		for how, write := range map[string]func(*safefile.SafeFile[counters]) error{
			"write":  func(f *safefile.SafeFile[counters]) error { return f.WriteBytes([]byte(text)) },
			"append": func(f *safefile.SafeFile[counters]) error { return f.Append("") },
		} {
			t.Run(how+" when "+c.name, func(t *testing.T) {
				path := filepath.Join(testkit.Memory(t), "app")
				f, _ := summed(path)
				testkit.Put(t, path, text)
				if c.sidecar != "" {
					testkit.Put(t, path+".sha256", c.sidecar)
				}
				before := inode(t, path)
				err := write(f)
				if damaged := how == "append" && (c.sidecar == "noise\n" || strings.HasPrefix(c.name, "it says")); damaged {
					testkit.WantIs(t, "appended to what nothing vouches for", err, errors.ErrChecksumMismatch)
					return
				}
				testkit.Must(t, err)
				if same := inode(t, path) == before; same != c.noOp {
					t.Errorf("the file is the same: %v", same)
				}
				if c.noOp {
					testkit.WantContent(t, path+".sha256", c.sidecar)
					return
				}
				wantSealed(t, path)
			})
		}
	}
}

func TestRemoveTakesTheSidecarAwayAfterTheDataWithOneSync(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "app")
	f, _ := summed(path)
	testkit.Must(t, f.Write(counters{"a": 1}))
	plain := safefile.New[counters](path) // it need not know of the checksum
	for _, handle := range []*safefile.SafeFile[counters]{f, plain} {
		testkit.Must(t, f.Write(counters{"a": 1}))
		testkit.Must(t, handle.Remove())
		testkit.WantNames(t, filepath.Dir(path), "app.lock")
	}
	f, disk := summed(path)
	testkit.Must(t, f.Write(counters{"a": 1}))
	disk.Reset()
	testkit.Must(t, f.Remove())
	var order []string
	for _, op := range disk.Ops() {
		if op.Verb == faultfs.Remove || op.Verb == faultfs.SyncDir {
			order = append(order, op.Verb+" "+filepath.Base(op.Path))
		}
	}
	if want := []string{"remove app", "remove app.sha256", "sync directory " + filepath.Base(filepath.Dir(path))}; !slices.Equal(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
}

// readings are all ways to read a file through a handle.
var readings = map[string]func(f *safefile.SafeFile[counters]) error{
	"Read":      func(f *safefile.SafeFile[counters]) error { _, err := f.Read(); return err },
	"ReadOr":    func(f *safefile.SafeFile[counters]) error { _, err := f.ReadOr(nil); return err },
	"ReadBytes": func(f *safefile.SafeFile[counters]) error { _, err := f.ReadBytes(); return err },
	"Merge":     func(f *safefile.SafeFile[counters]) error { return f.Merge(counters{"b": 1}) },
	"Verify":    func(f *safefile.SafeFile[counters]) error { return f.Verify() },
	"Open": func(f *safefile.SafeFile[counters]) error {
		r, err := f.Open()
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.Copy(io.Discard, r)
		return err
	},
	"checksum.Verify": func(f *safefile.SafeFile[counters]) error { return checksum.Verify(f.Path()) },
}

func TestReadsVerifyAndSayWhatIsWrong(t *testing.T) {
	long := strings.Repeat("{\"a\": 1}\n", 1000)
	is := checksum.Sum([]byte(long))
	for _, c := range []struct {
		name   string
		damage func(t testing.TB, path string)
		kind   error
		texts  []string
	}{
		{"no sidecar", func(t testing.TB, path string) { testkit.Must(t, os.Remove(path+".sha256")) }, errors.ErrNoChecksum, []string{"there is no app.sha256"}},
		{"a flipped bit", flip, errors.ErrChecksumMismatch, []string{is, "damaged, or changed by a program that keeps no checksum", "checksum.Write"}},
		{"a truncated file", func(t testing.TB, path string) { testkit.Must(t, os.Truncate(path, 5000)) },
			errors.ErrChecksumMismatch, []string{is, checksum.Sum([]byte(long[:5000])), "damaged, or changed"}},
		{"an empty file", func(t testing.TB, path string) { testkit.Must(t, os.Truncate(path, 0)) },
			errors.ErrChecksumMismatch, []string{is, checksum.Sum(nil), "damaged, or changed"}},
		{"an extended file", func(t testing.TB, path string) { testkit.Put(t, path, long+"more") },
			errors.ErrChecksumMismatch, []string{is, checksum.Sum([]byte(long + "more")), "damaged, or changed"}},
		{"another content", func(t testing.TB, path string) { testkit.Put(t, path, strings.Repeat("[2,3]", 1800)) },
			errors.ErrChecksumMismatch, []string{is, checksum.Sum([]byte(strings.Repeat("[2,3]", 1800))), "damaged, or changed"}},
		{"a garbled sidecar", func(t testing.TB, path string) { testkit.Put(t, path+".sha256", "noise") },
			errors.ErrChecksumMismatch, []string{"the checksum file is garbled"}},
	} {
		for how, read := range readings {
			t.Run(c.name+"/"+how, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "app")
				f, _ := summed(path)
				testkit.Must(t, f.WriteBytes([]byte(long)))
				c.damage(t, path)
				err := read(f)
				if !errors.Is(err, c.kind) {
					t.Fatalf("got %v", err)
				}
				if errors.Is(err, errors.ErrChecksumMismatch) == errors.Is(err, errors.ErrNoChecksum) {
					t.Errorf("both or neither: %v", err)
				}
				for _, text := range c.texts {
					if !strings.Contains(err.Error(), text) {
						t.Errorf("%q is not in: %v", text, err)
					}
				}
			})
		}
	}
}

func TestAMissingFileIsMissingWhateverTheSidecarSays(t *testing.T) {
	for _, stale := range []bool{false, true} {
		path := filepath.Join(testkit.Memory(t), "app")
		if stale {
			testkit.Put(t, path+".sha256", checksum.Sum(nil)+"  app\n")
		}
		f, _ := summed(path)
		for how, read := range readings {
			if how == "ReadOr" || how == "Merge" {
				continue
			}
			testkit.WantIs(t, how, read(f), fs.ErrNotExist)
		}
		if v, err := f.ReadOr(counters{"x": 1}); err != nil || v["x"] != 1 {
			t.Error(v, err)
		}
		testkit.Must(t, f.Merge(counters{"y": 1}))
		wantSealed(t, path)
	}
}

// A damaged file stays damaged until it is written whole.
func TestDamageIsNeverBlessed(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(t testing.TB, path string)
	}{
		{"a flipped bit", flip},
		{"a truncated file", func(t testing.TB, path string) { testkit.Must(t, os.Truncate(path, 1)) }},
		{"a garbled sidecar", func(t testing.TB, path string) { testkit.Put(t, path+".sha256", "noise") }},
		{"an empty sidecar", func(t testing.TB, path string) { testkit.Put(t, path+".sha256", "") }},
		{"two digests, both others", func(t testing.TB, path string) {
			testkit.Put(t, path+".sha256", checksum.Sum([]byte("x"))+"  app\n# previous "+checksum.Sum([]byte("y"))+"\n")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(testkit.Memory(t), "app")
			f, disk := summed(path)
			testkit.Must(t, f.Write(counters{"a": 1}))
			c.damage(t, path)
			data, side := testkit.Content(t, path), testkit.Content(t, path+".sha256")
			unchanged := func(when string) {
				t.Helper()
				testkit.WantContent(t, path, data)
				testkit.WantContent(t, path+".sha256", side)
				if _, err := f.ReadBytes(); !errors.Is(err, errors.ErrChecksumMismatch) {
					t.Errorf("%s: %v", when, err)
				}
				wantNoTemps(t, filepath.Dir(path))
			}
			for _, tail := range []string{"tail", ""} {
				testkit.WantIs(t, "Append", f.Append(tail), errors.ErrChecksumMismatch, errors.ErrAppend)
				unchanged("after an append")
			}
			testkit.WantIs(t, "Merge", f.Merge(counters{"b": 1}), errors.ErrChecksumMismatch)
			unchanged("after a merge")
			disk.Before(func(op faultfs.Op) error {
				if op.Verb == faultfs.Rename && op.Path == path {
					return syscall.EIO
				}
				return nil
			})
			testkit.WantIs(t, "the rename failed, and WriteBytes", f.WriteBytes([]byte("new")), syscall.EIO)
			disk.Reset()
			unchanged("after a failed write")
			testkit.Must(t, f.Write(counters{"c": 1}))
			testkit.WantContent(t, path, "{\n  \"c\": 1\n}\n")
			wantSealed(t, path)
			testkit.Must(t, f.Append("\n"))
			wantSealed(t, path)
		})
	}
}

// A writer died twice: the sidecar names what it was about to write, and what
// may be there. A third one that dies must not take that for granted.
func TestTheRecordedDigestThatMatchesIsCarriedOnAndAllIfNoneDoes(t *testing.T) {
	a, b, data := checksum.Sum([]byte("a")), checksum.Sum([]byte("b")), checksum.Sum([]byte("data"))
	for _, c := range []struct {
		name, digest   string
		previous, want []string
	}{
		{"one, and it matches", data, nil, []string{data}},
		{"one, and it does not", a, nil, []string{a}},
		{"the first of two matches", data, []string{a}, []string{data}},
		{"the second of two matches", a, []string{data}, []string{data}},
		{"the last of three matches", a, []string{b, data}, []string{data}},
		{"none of two matches", a, []string{b}, []string{a, b}},
		{"there is no sidecar", "", nil, []string{data}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(testkit.Memory(t), "app")
			testkit.Put(t, path, "data")
			if c.digest != "" {
				testkit.Put(t, path+".sha256", string(sidecar.Sidecar{Digest: c.digest, Previous: c.previous}.Format("app")))
			}
			f, disk := summed(path)
			var during checksum.Info
			disk.Before(func(op faultfs.Op) (err error) {
				if op.Verb == faultfs.Rename && op.Path == path {
					during, err = checksum.Read(path)
				}
				return err
			})
			testkit.Must(t, f.WriteBytes([]byte("new")))
			if during.Digest != checksum.Sum([]byte("new")) || !slices.Equal(during.Previous, c.want) {
				t.Errorf("meanwhile the sidecar said %s, %q", during.Digest, during.Previous)
			}
			wantSealed(t, path)
		})
	}
}

func TestANameThatLeavesNoRoomForTheSidecarIsRefusedOnlyWithAChecksum(t *testing.T) {
	testkit.NeedLinux(t)
	log := &strings.Builder{}
	for _, length := range []int{248, 249, 250} {
		dir := testkit.Memory(t)
		path := filepath.Join(dir, strings.Repeat("x", length))
		f, _ := summed(path)
		plain := safefile.New[counters](path, jsonCodec, logging(log))
		testkit.Must(t, plain.Write(counters{"a": 1}))
		err := f.Write(counters{"a": 2})
		if length == 248 {
			testkit.Must(t, err)
			wantSealed(t, path)
		} else if !errors.Is(err, syscall.ENAMETOOLONG) || !strings.Contains(err.Error(), "248") {
			t.Errorf("%d bytes: %v", length, err)
		}
		if err := f.Verify(); length > 248 && !errors.Is(err, errors.ErrNoChecksum) {
			t.Errorf("%d bytes: %v", length, err)
		}
		testkit.Must(t, safefile.Move(path, filepath.Join(dir, "other"), logging(log)))
		testkit.Must(t, safefile.Move(filepath.Join(dir, "other"), path, logging(log)))
		testkit.Must(t, plain.Remove())
		wantNoTemps(t, dir)
	}
	if log.Len() > 0 {
		t.Errorf("the log says: %s", log)
	}
}

// Each operation fails in turn. Whatever came of the change, the content is the
// old or the new one, and it verifies.
func TestWhateverFailsInAChecksummedChangeTheContentVerifies(t *testing.T) {
	testkit.NeedLinux(t)
	for _, missing := range []bool{false, true} {
		for _, c := range changes {
			t.Run(fmt.Sprintf("%s, missing %v", c.name, missing), func(t *testing.T) {
				dir := testkit.Memory(t)
				run := func(n int) (path string, ops []faultfs.Op, err error) {
					path = filepath.Join(dir, "app")
					f, disk := summed(path)
					testkit.Must(t, errors.Join(os.RemoveAll(path), os.RemoveAll(path+".sha256")))
					if !missing {
						testkit.Put(t, path, faultOld)
						testkit.Must(t, checksum.Write(path))
					}
					open := testkit.Descriptors(t)
					disk.FailAt(n, syscall.EIO)
					err = c.do(f)
					ops = disk.Ops()
					disk.Reset()
					if now := testkit.Descriptors(t); now != open {
						t.Errorf("%d: %d descriptors before, %d after", n, open, now)
					}
					return path, ops, err
				}
				_, _, _ = run(0) // makes the lock file
				path, ops, err := run(0)
				if err != nil && !(missing && c.name == "Remove") {
					t.Fatal(err)
				}
				before, after := faultOld, testkit.Content(t, path)
				if missing {
					before = "(missing)"
				}
				for n := 1; n <= len(ops); n++ {
					path, ops, err := run(n)
					where := fmt.Sprintf("%v: %v", ops[n-1], err)
					want := before
					if err == nil || errors.Is(err, errors.ErrNotDurable) {
						want = after
					}
					if got := testkit.Content(t, path); got != want {
						t.Errorf("%s: the file holds %q, want %q", where, got, want)
					}
					if want != "(missing)" {
						testkit.WantNil(t, where, checksum.Verify(path))
						if want != "" {
							flip(t, path)
							if err := checksum.Verify(path); !errors.Is(err, errors.ErrChecksumMismatch) {
								t.Errorf("%s: and a flipped bit: %v", where, err)
							}
						}
					}
					wantNoTemps(t, dir)
				}
			})
		}
	}
}
