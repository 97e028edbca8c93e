package safefile_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/saves"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

func TestABrokenFileIsAnErrorOnceAndThenTheNextGoodValue(t *testing.T) {
	path := testkit.File(t, "f.json", text(1))
	w := watch(t, safefile.New[numbered](path))
	w.want(1)
	for n := 2; n < 5; n++ {
		replaced(t, path, "{broken")
		w.wantError(errors.ErrDecode)
		testkit.Must(t, os.Chmod(path, 0o600)) // the same error again
		replaced(t, path, text(n))
		if y := w.next(); y.err != nil || y.value.N != n {
			t.Fatalf("after the broken file came %v, %v; want %d", y.value, y.err, n)
		}
	}
}

func TestAContentIsNotYieldedTwice(t *testing.T) {
	path := testkit.File(t, "f.json", text(1))
	w := watch(t, safefile.New[numbered](path))
	w.want(1)
	replaced(t, path, text(1))
	testkit.Must(t, os.Chmod(path, 0o600))
	replaced(t, path, text(2))
	if y := w.next(); y.err != nil || y.value.N != 2 {
		t.Errorf("yielded %v, %v; want 2", y.value, y.err)
	}
	w.wantNothing()
}

func TestAContentThatReturnsAfterAnErrorIsYieldedAgain(t *testing.T) {
	path := testkit.File(t, "f.json", text(1))
	w := watch(t, safefile.New[numbered](path))
	w.want(1)
	testkit.Must(t, os.Rename(path, path+".away"))
	w.wantError(fs.ErrNotExist)
	testkit.Must(t, os.Rename(path+".away", path))
	w.want(1)
}

func TestAWatchYieldsDamageUnderAChecksum(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	f := safefile.New[numbered](path, safefile.WithChecksum())
	testkit.Must(t, f.Write(numbered{1}))
	w := watch(t, f)
	w.want(1)
	for n := 2; n < 6; n++ {
		testkit.Must(t, f.Write(numbered{n}))
		if y := w.next(); y.err != nil || y.value.N != n {
			t.Fatalf("the handle's own write gave %v, %v; want %d", y.value, y.err, n)
		}
	}
	replaced(t, path, text(9))
	w.wantError(errors.ErrChecksumMismatch)
	testkit.Must(t, checksum.Write(path))
	w.want(9)
	testkit.Must(t, checksum.Remove(path))
	w.wantError(errors.ErrNoChecksum)
}

func TestASwapOfAConfigMapIsNeverMissed(t *testing.T) {
	dir := testkit.Memory(t)
	swap := saves.Ways()[10]
	if !strings.HasPrefix(swap.Name, "Kubernetes") {
		t.Fatalf("the way is %q", swap.Name)
	}
	path := swap.Place(t, dir, text(0))
	w := watch(t, safefile.New[numbered](path))
	w.want(0)
	for n := 1; n <= 1000; n++ {
		saves.SwapProjected(t, path, text(n))
		w.want(n)
	}
	for n := 1001; n <= 2000; n++ { // without waiting
		saves.SwapProjected(t, path, text(n))
	}
	w.want(2000)
}

func TestOfABurstOfWritesTheLastIsSeenAndMemoryStaysFlat(t *testing.T) {
	writes := 10_000
	if testing.Short() {
		writes = 1000
	}
	path := filepath.Join(testkit.Memory(t), "f.json")
	f := safefile.New[numbered](path)
	testkit.Must(t, f.Write(numbered{0}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last, seen := make(chan uint64), 0
	go func() {
		for v, err := range f.Watch(ctx) {
			if seen++; err != nil {
				t.Error(err)
			}
			if v.N == 0 || v.N == writes {
				last <- heap()
			}
		}
	}()
	before := <-last
	for n := 1; n <= writes; n++ {
		testkit.Must(t, f.Write(numbered{n}))
	}
	after := <-last
	if after > before+4<<20 {
		t.Errorf("the heap has grown from %d to %d bytes", before, after)
	}
	t.Logf("%d of %d values were yielded; the heap went from %d to %d KiB", seen, writes, before>>10, after>>10)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestASlowConsumerGetsTheNewestValue(t *testing.T) {
	f := safefile.New[numbered](filepath.Join(testkit.Memory(t), "f.json"))
	testkit.Must(t, f.Write(numbered{0}))
	var got []int
	for v, err := range f.Watch(t.Context()) {
		testkit.Must(t, err)
		if got = append(got, v.N); v.N == 100 {
			break
		}
		if v.N == 0 { // the consumer is busy while the file changes
			for n := 1; n <= 100; n++ {
				testkit.Must(t, f.Write(numbered{n}))
			}
		}
	}
	if len(got) != 2 {
		t.Errorf("yielded %v, want 0 and 100", got)
	}
}

func TestAFileThatIsWrittenWhenTheWatchBeginsIsNotYieldedHalf(t *testing.T) {
	content := text(1)
	for range 100 {
		path := filepath.Join(t.TempDir(), "f.json")
		began := time.Now()
		file, err := os.Create(path)
		testkit.Must(t, err)
		file.WriteString(content[:9])
		w := watch(t, safefile.New[numbered](path))
		time.Sleep(saves.Pause) // the writer's own, in which the watch begins
		file.WriteString(content[9:])
		testkit.Must(t, file.Close())
		if time.Since(began) > quietSpan {
			w.stop()
			continue // on a busy machine the pause was so long that half a file is what was there
		}
		if y := w.next(); y.err != nil || y.value.N != 1 {
			t.Errorf("yielded %v, %v", y.value, y.err)
		}
		return
	}
	t.Error("the machine is too busy for a test of short pauses")
}

func TestOtherFilesOfTheDirectoryDoNotWakeAWatch(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	path := testkit.File(t, "f.json", text(1))
	w := watch(t, safefile.New[numbered](path, over(disk)))
	w.want(1)
	old, err := os.OpenFile(path, os.O_RDWR, 0)
	testkit.Must(t, err)
	defer old.Close()
	replaced(t, path, text(2))
	w.want(2)
	disk.Reset()
	testkit.Must(t, safefile.New[numbered](path+".other.json").Write(numbered{}))
	for i := range 100 {
		testkit.Put(t, fmt.Sprintf("%s.%d", path, i), "other")
		old.WriteString("into the file that was replaced")
	}
	replaced(t, path, text(3))
	w.want(3)
	if calls := len(disk.Ops()); calls > 50 {
		t.Errorf("%d calls to the filesystem for one change and 201 that are of other files", calls)
	}
}
