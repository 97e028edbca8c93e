package safefile_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// allocated is how many bytes a function allocates, freed ones too.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestLargeContentGoesBothWaysInConstantMemory(t *testing.T) {
	size := effort.Of[int64](64<<20, 64<<20, 1<<30)
	const most = 1 << 20
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * i >> 7)
	}
	for name, options := range map[string][]safefile.Option{"plain": {}, "checksum": {safefile.WithChecksum()}} {
		t.Run(name, func(t *testing.T) {
			f := safefile.New[counters](filepath.Join(t.TempDir(), "large"), options...)
			written := allocated(func() {
				w, err := f.Create()
				testkit.Must(t, err)
				defer w.Close()
				for range size / int64(len(block)) {
					_, err := w.Write(block)
					testkit.Must(t, err)
				}
				testkit.Must(t, w.Commit())
			})
			read := allocated(func() {
				r, err := f.Open()
				testkit.Must(t, err)
				defer r.Close()
				got := make([]byte, 64<<10)
				n := int64(0)
				for err == nil {
					var m int
					m, err = r.Read(got)
					at := int(n % int64(len(block)))
					if m > 0 && !bytes.Equal(got[:m], block[at:at+m]) {
						t.Fatalf("other bytes at %d", n)
					}
					n += int64(m)
				}
				if err != io.EOF || n != size {
					t.Errorf("%d bytes, then %v", n, err)
				}
			})
			verified := allocated(func() {
				if name == "checksum" {
					testkit.Must(t, f.Verify())
				}
				_, err := checksum.SumFile(f.Path())
				testkit.Must(t, err)
			})
			appended := allocated(func() { testkit.Must(t, f.Append("tail")) })
			for what, n := range map[string]uint64{"written": written, "read": read, "verified": verified, "appended to": appended} {
				if n > most {
					t.Errorf("%d bytes were allocated while %d MiB were %s", n, size>>20, what)
				}
			}
			t.Logf("%d MiB: %d bytes allocated to write, %d to read, %d to verify, %d to append", size>>20, written, read, verified, appended)
		})
	}
}

var result = regexp.MustCompile(`= (\d+)$`)

func TestAnAppendToALargeFileIsCopiedInTheKernel(t *testing.T) {
	const size = 16 << 20
	path := filepath.Join(t.TempDir(), "large")
	testkit.Put(t, path, strings.Repeat("sixteen letters\n", size/16))
	r, lines := task{Do: "append", Path: path, Data: "tail"}.trace(t)
	if r.Err != "" {
		t.Fatal(r.Err)
	}
	moved := map[string]int{}
	for _, c := range between(t, lines) {
		if m := result.FindStringSubmatch(c.text); m != nil {
			n, err := strconv.Atoi(m[1])
			testkit.Must(t, err)
			moved[c.name] += n
		}
	}
	if moved["copy_file_range"] != size || moved["read"]+moved["pread64"]+moved["write"] > 4096 {
		t.Errorf("bytes by call: %v", moved)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != size+4 {
		t.Error(info, err)
	}
	t.Logf("bytes by call: %v", moved)
}

// The old file is kept by another name, so that there is somebody to share with.
func TestAnAppendSharesTheBlocksWhereTheFilesystemCan(t *testing.T) {
	filefrag, err := exec.LookPath("filefrag")
	if err != nil {
		t.Skip("filefrag is not installed")
	}
	for _, kind := range []string{"xfs", "btrfs"} {
		for name, options := range map[string][]safefile.Option{"plain": {}, "checksum": {safefile.WithChecksum()}} {
			t.Run(kind+" "+name, func(t *testing.T) {
				dir := disktest.New(t, kind).Dir()
				path := filepath.Join(dir, "large")
				f := safefile.New[counters](path, options...)
				testkit.Must(t, f.WriteBytes(bytes.Repeat([]byte("block "), 1<<20)))
				testkit.Must(t, os.Link(path, filepath.Join(dir, "kept")))
				testkit.Must(t, f.Append("tail"))
				out, err := exec.Command(filefrag, "-v", path).CombinedOutput()
				testkit.Must(t, err)
				if !strings.Contains(string(out), "shared") {
					t.Errorf("nothing is shared: %s", out)
				}
				testkit.WantContent(t, path, strings.Repeat("block ", 1<<20)+"tail")
			})
		}
	}
}

func TestTheSidecarHasTheModeAndOwnerOfTheData(t *testing.T) {
	testkit.NeedRoot(t)
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644, 0o755, 0o444} {
		path := filepath.Join(testkit.Memory(t), "app")
		f, _ := summed(path, safefile.WithMode(mode))
		testkit.Must(t, f.WriteBytes([]byte("new")))
		wantLike(t, path)
		testkit.Must(t, os.Chmod(path, mode|0o200))
		testkit.Must(t, os.Chown(path, 12, 34))
		testkit.Must(t, f.WriteBytes([]byte("newer")))
		wantLike(t, path)
		testkit.Must(t, checksum.Write(path))
		wantLike(t, path)
		testkit.Must(t, safefile.Move(path, path+"2"))
		wantLike(t, path+"2")
	}
}

func wantLike(t *testing.T, path string) {
	t.Helper()
	data, err := os.Stat(path)
	testkit.Must(t, err)
	side, err := os.Stat(path + ".sha256")
	testkit.Must(t, err)
	d, s := data.Sys().(*syscall.Stat_t), side.Sys().(*syscall.Stat_t)
	if side.Mode() != data.Mode()&0o666 || d.Uid != s.Uid || d.Gid != s.Gid {
		t.Errorf("the file is %v of %d:%d, its sidecar %v of %d:%d", data.Mode(), d.Uid, d.Gid, side.Mode(), s.Uid, s.Gid)
	}
}

// A filesystem without attributes keeps the checksum as well.
func TestAChecksumNeedsNoAttributes(t *testing.T) {
	for _, verb := range []string{faultfs.SetAttr, faultfs.Attr} {
		f, disk := summed(filepath.Join(testkit.Memory(t), "app"))
		disk.FailAll(verb, syscall.ENOTSUP)
		testkit.Must(t, f.WriteBytes([]byte("some content")))
		wantSealed(t, f.Path())
		flip(t, f.Path())
		testkit.WantIs(t, fmt.Sprintf("without %q", verb), f.Verify(), errors.ErrChecksumMismatch)
	}
	f, _ := summed(filepath.Join(disktest.FUSE(t, t.TempDir(), "xattr-none"), "app"), safefile.WithSafety(safefile.BestEffort))
	testkit.Must(t, f.WriteBytes([]byte("a disk that really has none")))
	testkit.Must(t, f.Append("!"))
	wantSealed(t, f.Path())
}

// onDisk is how much of a disk a file takes, in bytes.
func onDisk(t *testing.T, path string) int64 {
	t.Helper()
	f, err := os.Open(path)
	testkit.Must(t, err)
	defer f.Close()
	testkit.Must(t, f.Sync()) // until then blocks may not be allocated
	info, err := f.Stat()
	testkit.Must(t, err)
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

func TestAppendKeepsTheHolesOfASparseFile(t *testing.T) {
	const unit = 1 << 20
	for kind, dir := range map[string]string{
		"tmpfs": disktest.Tmpfs(t), "ext4": disktest.New(t, "ext4").Dir(), "xfs": disktest.New(t, "xfs").Dir(),
		"btrfs": disktest.New(t, "btrfs").Dir(),
	} {
		for name, pieces := range map[string]string{
			"hole first": ".x", "hole last": "x.", "holes between": "x.x..x", "a hole alone": ".", "holes around": "..x..", "no hole": "xx",
		} {
			path := filepath.Join(dir, "file")
			f, err := os.Create(path)
			testkit.Must(t, err)
			testkit.Must(t, f.Truncate(int64(len(pieces))*unit))
			for i, piece := range pieces {
				if piece == 'x' {
					_, err := f.WriteAt(bytes.Repeat([]byte("data"), 4096), int64(i)*unit)
					testkit.Must(t, err)
				}
			}
			testkit.Must(t, f.Close())
			want, err := os.ReadFile(path)
			testkit.Must(t, err)
			before := onDisk(t, path)

			testkit.Must(t, safefile.New[string](path, safefile.WithSafety(safefile.BestEffort)).Append("tail"))
			got, err := os.ReadFile(path)
			testkit.Must(t, err)
			if !bytes.Equal(got, append(want, "tail"...)) {
				t.Errorf("%s, %s: the content is another one, %d bytes", kind, name, len(got))
			}
			if after := onDisk(t, path); after > before+128<<10 {
				t.Errorf("%s, %s: it took %d KiB and takes %d KiB", kind, name, before>>10, after>>10)
			}
			testkit.Must(t, os.Remove(path))
		}
	}
}
