package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// progress is a small state of the kind that many goroutines report to.
type progress struct {
	Count   int    `json:"count"`
	Phase   string `json:"phase"`
	Failed  int    `json:"failed"`
	Updated int64  `json:"updated"`
}

func (p *progress) step() {
	p.Count++
	p.Phase, p.Updated = "running", int64(p.Count)
}

// BenchmarkGroupCommit has goroutines of one process count in one JSON file,
// each step durable before it returns: ours beside what one would write by hand,
// with renameio as it is and with its temp put beside the target. A round gives
// each a short while; the ratios are the medians of the rounds' ratios of
// throughput, in updates per second.
func BenchmarkGroupCommit(b *testing.B) {
	for _, goroutines := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			onEachDisk(b, func(b *testing.B, root string) { groupCommit(b, root, goroutines) })
		})
	}
}

// shift is how long each takes its turn.
const shift = 250 * time.Millisecond

func groupCommit(b *testing.B, root string, goroutines int) {
	commits := &commitSizes{}
	tuned := place(b, root, "by-hand-tempdir")
	updaters := []*updater{
		{name: "holdfast", update: oursIn(place(b, root, "holdfast"), commits)},
		{name: "by-hand", update: byHandIn(place(b, root, "by-hand"))},
		{name: "by-hand-tempdir", update: byHandIn(tuned, besideTarget(tuned))},
	}
	settle := syncer(b, root)
	for round := 0; b.Loop(); round++ {
		for turn := range updaters {
			settle()
			updaters[(round+turn)%len(updaters)].work(b, goroutines)
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, u := range updaters {
		b.ReportMetric(median(u.rates), u.name+"-updates/s")
		b.ReportMetric(median(u.costs), u.name+"-cpu-ns/update")
		if i > 0 {
			b.ReportMetric(median(ratios(updaters[0].rates, u.rates)), "holdfast/"+u.name)
		}
	}
	sizes := commits.sizes()
	for _, q := range []float64{0.1, 0.5, 0.9} {
		b.ReportMetric(quantile(sizes, q), fmt.Sprintf("commit-size-p%.0f", 100*q))
	}
}

// place makes a directory with a file in it, as a program of either kind would
// have left it.
func place(b *testing.B, root, name string) (path string) {
	path = filepath.Join(root, name, "progress.json")
	testkit.Must(b, os.Mkdir(filepath.Dir(path), 0o755))
	testkit.Must(b, safefile.New[progress](path).Write(progress{}))
	return path
}

// updater is one way of updating, and by round how many updates per second it made
// and what each cost the process in nanoseconds of its processors.
type updater struct {
	name         string
	update       func() error
	rates, costs []float64
}

// work has goroutines do nothing else for a while.
func (u *updater) work(b *testing.B, goroutines int) {
	var done sync.WaitGroup
	counts, start, used := make([]int, goroutines), time.Now(), processTime(b)
	for g := range goroutines {
		done.Go(func() {
			for time.Since(start) < shift {
				if err := u.update(); err != nil {
					b.Error(err)
					return
				}
				counts[g]++
			}
		})
	}
	done.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	u.rates = append(u.rates, float64(total)/time.Since(start).Seconds())
	u.costs = append(u.costs, float64(processTime(b)-used)/float64(total))
}

// processTime is what the process has had of the processors.
func processTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	testkit.Must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// oursIn updates through a handle and tells commits their sizes.
func oursIn(path string, commits *commitSizes) func() error {
	watched := handle.OptionFunc(func(o *handle.Options) { o.Engine = engine.New(disk.New(watchedFS{vfs.OS, commits})) })
	f := lockedfile.New[progress](path, watched)
	return func() error {
		return f.Update(func(p *progress) error {
			p.step()
			return nil
		})
	}
}

// byHandIn is the same by a mutex, gofrs/flock, renameio and a directory fsync.
func byHandIn(path string, opts ...renameio.Option) func() error {
	var mu sync.Mutex
	lock := flock.New(path + ".lock")
	return func() (err error) {
		mu.Lock()
		defer mu.Unlock()
		if err := lock.Lock(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lock.Unlock()) }()
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var p progress
		if err := json.Unmarshal(data, &p); err != nil {
			return err
		}
		p.step()
		if data, err = json.MarshalIndent(p, "", "  "); err != nil {
			return err
		}
		return renameioDurable(path, data, opts...)
	}
}

// commitSizes gives the number of steps of each commit: the difference between the counts in two written
// contents. It computes them after the measurement, so that the measured library does not pay for it.
type commitSizes struct{ written [][]byte }

func (c *commitSizes) saw(content []byte) { c.written = append(c.written, bytes.Clone(content)) }

func (c *commitSizes) sizes() (sizes []float64) {
	last := 0
	for _, content := range c.written {
		var p progress
		if json.Unmarshal(content, &p) == nil && p.Count > 0 {
			sizes = append(sizes, float64(p.Count-last))
			last = p.Count
		}
	}
	return sizes
}

// watchedFS shows what is written to new files. Its commits come one at a time.
type watchedFS struct {
	vfs.FS
	commits *commitSizes
}

func (w watchedFS) OpenDir(path string) (vfs.Dir, error) {
	d, err := w.FS.OpenDir(path)
	if err != nil {
		return nil, err
	}
	return watchedDir{d, w.commits}, nil
}

type watchedDir struct {
	vfs.Dir
	commits *commitSizes
}

func (w watchedDir) Create(name string, perm os.FileMode) (vfs.File, error) {
	f, err := w.Dir.Create(name, perm)
	if err != nil {
		return nil, err
	}
	return watchedFile{f, w.commits}, nil
}

// Rename hands the system its own directory.
func (w watchedDir) Rename(name string, to vfs.Dir, newName string) error {
	return w.Dir.Rename(name, to.(watchedDir).Dir, newName)
}

type watchedFile struct {
	vfs.File
	commits *commitSizes
}

func (w watchedFile) Write(p []byte) (int, error) {
	w.commits.saw(p)
	return w.File.Write(p)
}
