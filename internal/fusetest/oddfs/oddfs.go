package oddfs

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
)

// Rules are what is odd about a filesystem.
type Rules struct {
	// NFSLocks is flock(2) as over NFS, which makes a byte-range lock of it: LOCK_EX wants a
	// descriptor open for writing and LOCK_SH one open for reading, else EBADF.
	NFSLocks bool
	// AnyCase finds a name in every spelling of upper and lower case. A new name keeps the spelling that it
	// was made with. Each spelling is an inode of the kernel's, as with every filesystem on libfuse's high-level API;
	// they tell the same number.
	AnyCase bool
	// Deny is the answer to chmod(2), chown(2) and every change of an extended attribute; 0 allows them.
	Deny syscall.Errno
}

// serverJob is what a server process is told: it shows Base/real at Base/odd.
type serverJob struct {
	Base  string
	Rules Rules
}

// serve does a server's job, until its input ends.
func serve(text string) int {
	var job serverJob
	err := json.Unmarshal([]byte(text), &job)
	if err == nil {
		err = run(job)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func run(job serverJob) error {
	unix.Umask(0) // the kernel has taken the caller's off
	fd, err := unix.Open(filepath.Join(job.Base, "real"), unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	mounted, err := fusekit.Mount(filepath.Join(job.Base, "odd"), newNode(fd, &job.Rules), fuse.MountOptions{
		FsName: "holdfast-oddfs", Name: "oddfs", EnableLocks: true, Options: []string{"default_permissions"},
	})
	if err != nil {
		return err
	}
	over := fusekit.UntilEnd()
	fmt.Println("mounted")
	<-over
	if mounted.Unmount() == nil {
		return nil
	}
	return fusekit.Sweep(job.Base)
}

// node is a file, found once and reached by its descriptor, whatever becomes of its names.
type node struct {
	fs.Inode
	path  *os.File // O_PATH; closed when nothing leads to the node any more
	rules *Rules
}

func newNode(fd int, rules *Rules) *node {
	return &node{path: os.NewFile(uintptr(fd), "node"), rules: rules}
}

// self is a path to the file itself. It works as long as the node is kept alive, which the server does while
// it answers a request.
func (n *node) self() string { return "/proc/self/fd/" + strconv.Itoa(int(n.path.Fd())) }

func (n *node) fd() int { return int(n.path.Fd()) }

// find gives the name in the spelling that is on the disk, or as it is if there is none.
func (n *node) find(name string) string {
	if !n.rules.AnyCase || unix.Faccessat(n.fd(), name, unix.F_OK, unix.AT_SYMLINK_NOFOLLOW) == nil {
		return name
	}
	entries, _ := os.ReadDir(n.self())
	for _, e := range entries {
		if strings.EqualFold(e.Name(), name) {
			return e.Name()
		}
	}
	return name
}

// child answers with an entry that is there.
func (n *node) child(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	fd, err := unix.Openat(n.fd(), n.find(name), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fs.ToErrno(err)
	}
	c := newNode(fd, n.rules)
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return nil, fs.ToErrno(err)
	}
	out.FromStat(&st)
	attr := fs.StableAttr{Mode: st.Mode & syscall.S_IFMT, Ino: st.Ino, Gen: 1}
	if n.rules.AnyCase && attr.Mode == syscall.S_IFREG {
		h := fnv.New64a()
		h.Write([]byte(name))
		attr.Gen = h.Sum64()
	}
	return n.NewInode(ctx, c, attr), 0
}

func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.child(ctx, name, out)
}

func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	var st syscall.Stat_t
	if err := syscall.Fstat(n.fd(), &st); err != nil {
		return fs.ToErrno(err)
	}
	out.FromStat(&st)
	return 0
}

func (n *node) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	mode, chmod := in.GetMode()
	uid, chuid := in.GetUID()
	gid, chgid := in.GetGID()
	if n.rules.Deny != 0 && (chmod || chuid || chgid) {
		return n.rules.Deny
	}
	var err error
	if chmod {
		err = unix.Chmod(n.self(), mode)
	}
	if err == nil && (chuid || chgid) {
		owner, group := -1, -1
		if chuid {
			owner = int(uid)
		}
		if chgid {
			group = int(gid)
		}
		err = unix.Fchownat(n.fd(), "", owner, group, unix.AT_EMPTY_PATH)
	}
	if size, ok := in.GetSize(); err == nil && ok {
		err = unix.Truncate(n.self(), int64(size))
	}
	atime, a := in.GetATime()
	mtime, m := in.GetMTime()
	if err == nil && (a || m) {
		err = unix.UtimesNanoAt(unix.AT_FDCWD, n.self(), []unix.Timespec{timespec(atime, a), timespec(mtime, m)}, 0)
	}
	if err != nil {
		return fs.ToErrno(err)
	}
	return n.Getattr(ctx, f, out)
}

func timespec(t time.Time, ok bool) unix.Timespec {
	if !ok {
		return unix.Timespec{Nsec: unix.UTIME_OMIT}
	}
	return unix.NsecToTimespec(t.UnixNano())
}

func (n *node) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	fd, err := unix.Open(n.self(), int(flags)&^(unix.O_NOFOLLOW|unix.O_CREAT|unix.O_EXCL)|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, 0, fs.ToErrno(err)
	}
	return newHandle(fd, flags, n.rules), 0, 0
}

func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	fd, err := unix.Openat(n.fd(), n.find(name), int(flags)|unix.O_CREAT|unix.O_CLOEXEC, mode)
	if err != nil {
		return nil, nil, 0, fs.ToErrno(err)
	}
	n.own(ctx, fd)
	c, errno := n.child(ctx, name, out)
	if errno != 0 {
		unix.Close(fd)
		return nil, nil, 0, errno
	}
	return c, newHandle(fd, flags, n.rules), 0, 0
}

// own gives what was made to the caller.
func (n *node) own(ctx context.Context, fd int) {
	if caller, ok := fuse.FromContext(ctx); ok {
		_ = unix.Fchown(fd, int(caller.Uid), int(caller.Gid)) // this process is root
	}
}

func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if err := unix.Mkdirat(n.fd(), n.find(name), mode); err != nil {
		return nil, fs.ToErrno(err)
	}
	return n.child(ctx, name, out)
}

func (n *node) Symlink(ctx context.Context, target, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if err := unix.Symlinkat(target, n.fd(), n.find(name)); err != nil {
		return nil, fs.ToErrno(err)
	}
	return n.child(ctx, name, out)
}

func (n *node) Readlink(context.Context) ([]byte, syscall.Errno) {
	buf := make([]byte, 4096)
	size, err := unix.Readlinkat(n.fd(), "", buf)
	if err != nil {
		return nil, fs.ToErrno(err)
	}
	return buf[:size], 0
}

func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if err := unix.Linkat(unix.AT_FDCWD, target.(*node).self(), n.fd(), n.find(name), unix.AT_SYMLINK_FOLLOW); err != nil {
		return nil, fs.ToErrno(err)
	}
	return n.child(ctx, name, out)
}

func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	return fs.ToErrno(unix.Unlinkat(n.fd(), n.find(name), 0))
}

func (n *node) Rmdir(_ context.Context, name string) syscall.Errno {
	return fs.ToErrno(unix.Unlinkat(n.fd(), n.find(name), unix.AT_REMOVEDIR))
}

// Rename replaces a file in the spelling that it has, and gives a file that is renamed to its own name the new spelling.
func (n *node) Rename(_ context.Context, name string, newParent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	to, from := newParent.(*node), n.find(name)
	if there := to.find(newName); to != n || there != from {
		newName = there
	}
	return fs.ToErrno(unix.Renameat2(n.fd(), from, to.fd(), newName, uint(flags)))
}

func (n *node) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	entries, err := os.ReadDir(n.self())
	if err != nil {
		return nil, fs.ToErrno(err)
	}
	var all []fuse.DirEntry
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			st := info.Sys().(*syscall.Stat_t)
			all = append(all, fuse.DirEntry{Name: e.Name(), Ino: st.Ino, Mode: st.Mode & syscall.S_IFMT})
		}
	}
	return fs.NewListDirStream(all), 0
}

// Fsync is of directories; files have a handle.
func (n *node) Fsync(ctx context.Context, f fs.FileHandle, _ uint32) syscall.Errno {
	if h, ok := f.(*handle); ok {
		return fs.ToErrno(h.Sync())
	}
	d, err := os.Open(n.self())
	if err != nil {
		return fs.ToErrno(err)
	}
	defer d.Close()
	return fs.ToErrno(d.Sync())
}

func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	var s syscall.Statfs_t
	if err := syscall.Statfs(n.self(), &s); err != nil {
		return fs.ToErrno(err)
	}
	out.FromStatfsT(&s)
	return 0
}

func (n *node) Getxattr(_ context.Context, attr string, dest []byte) (uint32, syscall.Errno) {
	size, err := unix.Getxattr(n.self(), attr, dest)
	return uint32(max(0, size)), fs.ToErrno(err)
}

func (n *node) Listxattr(_ context.Context, dest []byte) (uint32, syscall.Errno) {
	size, err := unix.Listxattr(n.self(), dest)
	return uint32(max(0, size)), fs.ToErrno(err)
}

func (n *node) Setxattr(_ context.Context, attr string, data []byte, flags uint32) syscall.Errno {
	if n.rules.Deny != 0 {
		return n.rules.Deny
	}
	return fs.ToErrno(unix.Setxattr(n.self(), attr, data, int(flags)))
}

func (n *node) Removexattr(_ context.Context, attr string) syscall.Errno {
	if n.rules.Deny != 0 {
		return n.rules.Deny
	}
	return fs.ToErrno(unix.Removexattr(n.self(), attr))
}
