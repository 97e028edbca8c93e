// Package crashfs is a small simulated disk that forgets what was not synced.
// It is for tests of crash durability.
//
// A file has two states: the content that programs see, and the content that the last fsync
// put on disk. A directory has its entries, and the changes to them since its last fsync.
// [FS.Crashes] gives all the disks that a power cut at this moment could leave. It assumes
// the worst that POSIX allows and real filesystems do:
//
//   - Any subset of the directory changes since the last fsync of the directory
//     may have reached the disk, in any order. A rename is one change.
//   - A file that was written since its last fsync may have the content of that fsync, the
//     current content, the first half of the current content, no content, or zeros of the
//     current length. Its mode, owner, attributes and mtime may be the old ones or the new ones.
//   - An fsync of a file does not make its name durable. An fsync of a directory does not
//     make its files durable.
//
// Files can be locked, and a crash frees their locks.
package crashfs

import (
	"bytes"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"syscall"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// maxHops is Linux's limit for the symbolic links in one path.
const maxHops = 40

// FS is a simulated disk. It is safe for concurrent use.
type FS struct {
	mu      sync.Mutex
	freed   *sync.Cond // a lock
	root    *node
	last    uint64    // the last inode number and the last tick of the clock
	pending []*change // of directories, not yet on disk
}

// node is an inode.
type node struct {
	ino          uint64
	now          state
	disk         *state // what the last fsync wrote; nil if there was none
	mtime, ctime int64
	links        int // how many names programs see

	entries map[string]*node // of a directory: what programs see
	stored  map[string]*node // of a directory: what is on disk
	parent  *node            // of a directory: the one that ".." means
	target  string           // of a symbolic link

	exclusive bool // somebody holds the lock on it; or
	shared    int  // so many share it
}

// state is what an fsync of a file makes durable.
type state struct {
	data     []byte
	mode     fs.FileMode
	uid, gid uint32
	mtime    int64 // as it was set since the last write; 0 if it was not
	attrs    map[string]string
}

func (s state) clone() *state {
	s.data, s.attrs = bytes.Clone(s.data), maps.Clone(s.attrs)
	return &s
}

func (s state) equal(t state) bool {
	return bytes.Equal(s.data, t.data) && s.sameMeta(t)
}

func (s state) sameMeta(t state) bool {
	return s.mode == t.mode && s.uid == t.uid && s.gid == t.gid && s.mtime == t.mtime && maps.Equal(s.attrs, t.attrs)
}

// change is one step in one directory or two; all of it is on disk or nothing.
type change []entry

// entry is a name that gets another inode; nil removes it.
type entry struct {
	dir  *node
	name string
	node *node
}

// New makes an empty disk.
func New() *FS {
	f := &FS{}
	f.freed = sync.NewCond(&f.mu)
	f.root = f.newNode(fs.ModeDir | 0o755)
	f.root.parent = f.root
	return f
}

func (f *FS) tick() int64 {
	f.last++
	return int64(f.last)
}

func (f *FS) newNode(mode fs.FileMode) *node {
	t := f.tick()
	n := &node{ino: uint64(t), mtime: t, ctime: t, now: state{mode: mode, attrs: map[string]string{}}}
	if mode.IsDir() {
		n.entries, n.stored = map[string]*node{}, map[string]*node{}
	}
	return n
}

// apply makes a change visible, and leaves it to a sync to make it durable.
func (f *FS) apply(c change) {
	for _, e := range c {
		if before := e.dir.entries[e.name]; before != nil {
			before.links--
			before.ctime = f.tick()
		}
		set(e.dir.entries, e)
		e.dir.mtime = f.tick()
		if e.node != nil {
			e.node.ctime = f.tick()
			e.node.links++
		}
	}
	f.pending = append(f.pending, &c)
}

func set(entries map[string]*node, e entry) {
	if e.node == nil {
		delete(entries, e.name)
		return
	}
	entries[e.name] = e.node
}

// sync makes the pending changes of a directory durable.
func (f *FS) sync(dir *node) {
	var rest []*change
	for _, c := range f.pending {
		if !c.touches(dir) {
			rest = append(rest, c)
			continue
		}
		for _, e := range *c {
			set(e.dir.stored, e)
		}
	}
	f.pending = rest
}

func (c change) touches(dir *node) bool {
	for _, e := range c {
		if e.dir == dir {
			return true
		}
	}
	return false
}

// find walks a path, following links before the last element, and in it if asked to.
func (f *FS) find(op, path string, follow bool) (*node, error) {
	n, err := f.walk(f.root, path, follow, new(int))
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: path, Err: err}
	}
	return n, nil
}

func (f *FS) walk(from *node, path string, follow bool, hops *int) (*node, error) {
	at := from
	if strings.HasPrefix(path, "/") {
		at = f.root
	}
	names := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	for i, name := range names {
		if at.entries == nil {
			return nil, syscall.ENOTDIR
		}
		next := at.entry(name)
		if next == nil {
			return nil, syscall.ENOENT
		}
		if next.target != "" && (follow || i < len(names)-1) {
			if *hops++; *hops > maxHops {
				return nil, syscall.ELOOP
			}
			linked, err := f.walk(at, next.target, true, hops)
			if err != nil {
				return nil, err
			}
			next = linked
		}
		at = next
	}
	return at, nil
}

// entry is what a name in a directory means, nil for nothing.
func (n *node) entry(name string) *node {
	switch name {
	case ".":
		return n
	case "..":
		return n.parent
	}
	return n.entries[name]
}

// split cuts a path before its last element and finds the directory.
func (f *FS) split(op, path string) (*node, string, error) {
	i := strings.LastIndexByte(path, '/')
	dir, err := f.find(op, path[:i+1], true)
	return dir, path[i+1:], err
}

// Symlink makes a symbolic link.
func (f *FS) Symlink(target, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, name, err := f.split("symlink", path)
	if err != nil {
		return err
	}
	n := f.newNode(fs.ModeSymlink | 0o777)
	n.target = target
	f.apply(change{{dir, name, n}})
	return nil
}

// SyncAll makes everything durable, as sync(2) does.
func (f *FS) SyncAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.pending {
		for _, e := range *c {
			set(e.dir.stored, e)
		}
	}
	f.pending = nil
	var settle func(*node)
	settle = func(n *node) {
		n.disk = n.now.clone()
		for _, child := range n.entries {
			settle(child)
		}
	}
	settle(f.root)
}

func (n *node) info() vfs.Info {
	mtime := n.mtime
	if n.now.mtime != 0 {
		mtime = n.now.mtime
	}
	return vfs.Info{
		ID:    vfs.ID{Dev: 1, Ino: n.ino},
		Mode:  n.now.mode,
		UID:   n.now.uid,
		GID:   n.now.gid,
		Links: uint64(max(1, n.links)),
		Size:  int64(len(n.now.data)),
		Mtime: mtime,
		Ctime: n.ctime,
	}
}
