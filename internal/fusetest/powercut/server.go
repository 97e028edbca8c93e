package powercut

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
)

// serverJob is what a server process is told: it mounts at Base/fuse the disks that are made from Blank,
// a file with an empty filesystem.
type serverJob struct {
	Base, Blank string
	Block       int
}

// order is what a test tells the server.
type order struct {
	Do   string // as in the constants
	N    int    // of requests
	Seed uint64
}

const (
	newDisk  = "new"   // a disk with an empty filesystem, to replace the last one
	cutAfter = "arm"   // cut the power instead of the N-th request from now; the answer is followed by another at the cut
	cutNow   = "cut"   // cut the power, if it is not cut
	nextDisk = "back"  // the disk as it comes back after the cut
	statsNow = "stats" // what the disk has been asked for
)

// answer is what the server says to each order, and once more at an armed cut.
type answer struct {
	Disk  string `json:",omitempty"` // name of the file
	Stats stats
	Cut   bool   `json:",omitempty"` // the power is cut
	Error string `json:",omitempty"`
}

// server serves one disk at a time.
type server struct {
	base  string
	blank *image
	root  *fs.Inode
	count int
	name  string
	image *image

	saying sync.Mutex
	out    *json.Encoder
}

// serve does a server's job.
func serve(text string) int {
	var job serverJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return fail(err)
	}
	blank, err := load(job.Blank, job.Block)
	if err != nil {
		return fail(err)
	}
	root := &fs.Inode{}
	mounted, err := fusekit.Mount(filepath.Join(job.Base, "fuse"), root, fuse.MountOptions{
		FsName: "holdfast-powercut", Name: "powercut", MaxWrite: 512 << 10, // go-fuse complains of more
	})
	if err != nil {
		return fail(err)
	}
	s := &server{base: job.Base, blank: blank, root: root, out: json.NewEncoder(os.Stdout)}
	s.say(answer{})
	s.obey()
	// The test is over, or it has died. Programs that still use the disk get EIO, so that none waits for this process.
	if s.image != nil {
		s.image.Cut()
	}
	if err := mounted.Unmount(); err == nil {
		return 0
	}
	if err := fusekit.Sweep(job.Base); err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func (s *server) say(a answer) {
	s.saying.Lock()
	defer s.saying.Unlock()
	_ = s.out.Encode(a) // if nobody listens, the orders end as well
}

func (s *server) obey() {
	orders := json.NewDecoder(os.Stdin)
	for {
		var o order
		if orders.Decode(&o) != nil {
			return
		}
		switch o.Do {
		case newDisk:
			s.put(s.blank.clone())
			s.say(answer{Disk: s.name})
		case cutAfter:
			s.arm(o.N)
		case cutNow:
			s.image.Cut()
		case nextDisk:
			next, st := s.image.afterCut(rand.New(rand.NewPCG(o.Seed, 0)))
			s.put(next)
			s.say(answer{Disk: s.name, Stats: st})
		case statsNow:
			s.image.mu.Lock()
			st := s.image.stats
			s.image.mu.Unlock()
			s.say(answer{Stats: st})
		default:
			s.say(answer{Error: "unknown order " + o.Do})
		}
	}
}

// arm has the disk armed before it answers, and answers before it can say that the power was cut.
func (s *server) arm(n int) {
	s.saying.Lock()
	defer s.saying.Unlock()
	s.image.CutAfter(n, func() { s.say(answer{Cut: true}) })
	_ = s.out.Encode(answer{})
}

// put shows a disk under a new name, so that nothing the kernel knows of the last one is taken for it.
func (s *server) put(m *image) {
	if s.name != "" {
		s.root.RmChild(s.name)
	}
	s.count++
	s.name, s.image = fmt.Sprintf("disk%d.img", s.count), m
	child := s.root.NewPersistentInode(context.Background(), &diskFile{image: m}, fs.StableAttr{Mode: syscall.S_IFREG})
	s.root.AddChild(s.name, child, true)
}

// load reads a sparse file. Its holes, and blocks of zeros, cost nothing.
func load(path string, block int) (*image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m := newImage(info.Size(), block)
	zeros := make([]byte, block)
	for at := int64(0); ; at += int64(block) {
		data, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		if err == unix.ENXIO {
			return m, nil // there is no more
		}
		if err != nil {
			return nil, err
		}
		at = data - data%int64(block)
		b := make([]byte, block)
		if _, err := f.ReadAt(b, at); err != nil {
			return nil, err
		}
		if !bytes.Equal(b, zeros) {
			m.flushed[at/int64(block)] = b
		}
	}
}

// diskFile is an image in the FUSE filesystem. It has no fallocate(2), so that the loop device
// writes zeros where it would punch holes.
type diskFile struct {
	fs.Inode
	image *image
}

var _ = (fs.NodeGetattrer)((*diskFile)(nil))
var _ = (fs.NodeSetattrer)((*diskFile)(nil))
var _ = (fs.NodeOpener)((*diskFile)(nil))
var _ = (fs.NodeReader)((*diskFile)(nil))
var _ = (fs.NodeWriter)((*diskFile)(nil))
var _ = (fs.NodeFsyncer)((*diskFile)(nil))

func (d *diskFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(d.image.size)
	return 0
}

func (d *diskFile) Setattr(ctx context.Context, f fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return d.Getattr(ctx, f, out)
}

// Open has every read and write come here, past the page cache.
func (d *diskFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

func (d *diskFile) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n, err := d.image.ReadAt(dest, off)
	if err != nil {
		return nil, err.(syscall.Errno)
	}
	return fuse.ReadResultData(dest[:n]), 0
}

func (d *diskFile) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	n, err := d.image.WriteAt(data, off)
	if err != nil {
		return 0, err.(syscall.Errno)
	}
	return uint32(n), 0
}

// Fsync is a flush. FUSE's FLUSH is none: it comes with close(2), which makes nothing durable.
func (d *diskFile) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	if err := d.image.Flush(); err != nil {
		return err.(syscall.Errno)
	}
	return 0
}
