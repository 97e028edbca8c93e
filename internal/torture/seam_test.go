package torture

import (
	"encoding/binary"
	"io/fs"
	"os"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// seamOptions are what a worker has between the library and the system.
type seamOptions struct {
	Progress     string // file that tells how many commits are under way; none if empty
	Without      string // the fsync that is taken out: "file" or "directory"; none if empty
	StopAtRename bool   // the process stops itself before its first rename
	KillAt       int    // the process kills itself instead of this operation; 0 is never
}

// option puts a seam below a handle. stopping is called before the process stops.
func (o seamOptions) option(stopping func()) safefile.Option {
	s := &seam{FS: vfs.OS, seamOptions: o, stopping: stopping}
	if o.KillAt > 0 {
		s.FS = killing(o.KillAt)
	}
	if o.Progress != "" {
		s.progress = progressOf(o.Progress)
	}
	e := engine.New(disk.New(s))
	return handle.OptionFunc(func(h *handle.Options) { h.Engine = e })
}

// killing is the system's filesystem up to the n-th operation.
func killing(n int) vfs.FS {
	disk := faultfs.Wrap(vfs.OS)
	disk.Before(func(op faultfs.Op) error {
		if op.N == n {
			killSelf()
		}
		return nil
	})
	return disk
}

// seam is the system's filesystem, watched and with what is left out.
type seam struct {
	vfs.FS
	seamOptions
	progress *progress
	stopping func()
}

func (s *seam) OpenDir(path string) (vfs.Dir, error) {
	d, err := s.FS.OpenDir(path)
	if err != nil {
		return nil, err
	}
	return &seamDir{Dir: d, seam: s, temps: map[string]bool{}}, nil
}

// seamDir belongs to one session, so nobody uses it twice at once.
type seamDir struct {
	vfs.Dir
	seam    *seam
	temps   map[string]bool // what was created here and is there
	renamed int             // commits that lack only the directory's fsync
}

// Create is where a commit begins: nothing but temps is made through a Dir.
func (d *seamDir) Create(name string, perm fs.FileMode) (vfs.File, error) {
	f, err := d.Dir.Create(name, perm)
	if err != nil {
		return nil, err
	}
	d.temps[name] = true
	d.seam.progress.begin()
	return &seamFile{f, d.seam}, nil
}

func (d *seamDir) Rename(name string, to vfs.Dir, newName string) error {
	if d.seam.StopAtRename {
		d.seam.StopAtRename = false
		d.seam.stopping()
		stopSelf()
	}
	if err := d.Dir.Rename(name, to.(*seamDir).Dir, newName); err != nil {
		return err
	}
	if d.temps[name] {
		delete(d.temps, name)
		d.renamed++
	}
	return nil
}

// Remove ends a commit that was given up.
func (d *seamDir) Remove(name string) error {
	err := d.Dir.Remove(name)
	if err == nil && d.temps[name] {
		delete(d.temps, name)
		d.seam.progress.end(1)
	}
	return err
}

func (d *seamDir) Sync() error {
	if d.seam.Without != "directory" {
		if err := d.Dir.Sync(); err != nil {
			return err
		}
	}
	d.seam.progress.end(d.renamed)
	d.renamed = 0
	return nil
}

type seamFile struct {
	vfs.File
	seam *seam
}

func (f *seamFile) Sync() error {
	if f.seam.Without == "file" {
		return nil
	}
	return f.File.Sync()
}

// progress is how many commits a process has begun and ended, in a file that
// the test reads at the moment of a crash: a message would come too late. A
// commit that fails does not end. A nil progress counts nothing.
type progress struct {
	mu           sync.Mutex
	file         *os.File
	begun, ended uint64
}

// progressOf makes the file, which no other process may have. A worker that
// can't is of no use.
func progressOf(path string) *progress {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		panic(err)
	}
	return &progress{file: f}
}

func (p *progress) begin() { p.add(1, 0) }

// end is told how many commits have come to their end.
func (p *progress) end(n int) { p.add(0, uint64(n)) }

func (p *progress) add(begun, ended uint64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun, p.ended = p.begun+begun, p.ended+ended
	if _, err := p.file.WriteAt(p.encode(), 0); err != nil {
		panic(err)
	}
}

func (p *progress) encode() []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, p.begun), p.ended)
}

// readProgress reads the two counts of another process. Each of them only grows.
func readProgress(t *testing.T, path string) (begun, ended uint64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil || len(data) != 16 {
		t.Fatalf("the progress in %s: %d bytes, %v", path, len(data), err)
	}
	return binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
}
