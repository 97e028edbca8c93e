package crashfs

import (
	"io/fs"
	"iter"
	"maps"
	"slices"
	"sync"
)

// Crashes gives each disk that a power cut now could leave, as a filesystem of
// its own on which everything is durable. The disk itself stays as it is. The number of disks
// doubles with each directory change that was not synced. Each file that was not synced
// multiplies it by up to ten. So call Crashes while little is pending.
func (f *FS) Crashes() iter.Seq[*FS] {
	f.mu.Lock()
	defer f.mu.Unlock()
	var disks []*FS
	for subset := range 1 << len(f.pending) {
		var survived []*change
		for i, c := range f.pending {
			if subset&(1<<i) != 0 {
				survived = append(survived, c)
			}
		}
		disks = append(disks, f.crash(survived)...)
	}
	return slices.Values(disks)
}

// crash gives the disks that these directory changes, and no others, have reached.
func (f *FS) crash(survived []*change) []*FS {
	tree := map[*node]map[string]*node{} // directories as they are found after the crash
	files := reach(f.root, survived, tree)
	var disks []*FS
	choose(files, map[*node]*state{}, func(content map[*node]*state) {
		disk := &FS{last: f.last}
		disk.freed = sync.NewCond(&disk.mu)
		disk.root = rebuild(f.root, tree, content, map[*node]*node{})
		disks = append(disks, disk)
	})
	return disks
}

// reach collects the directories that can be reached from n, with their
// entries, and the files in them.
func reach(n *node, survived []*change, tree map[*node]map[string]*node) (files []*node) {
	if _, seen := tree[n]; seen {
		return nil
	}
	if n.entries == nil {
		return []*node{n}
	}
	entries := maps.Clone(n.stored)
	for _, c := range survived {
		for _, e := range *c {
			if e.dir == n {
				set(entries, e)
			}
		}
	}
	tree[n] = entries
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		files = append(files, reach(entries[name], survived, tree)...)
	}
	return files
}

// choose calls made with every combination of the states of the files.
func choose(files []*node, content map[*node]*state, made func(map[*node]*state)) {
	if len(files) == 0 {
		made(content)
		return
	}
	for _, s := range files[0].remains() {
		content[files[0]] = s
		choose(files[1:], content, made)
	}
}

// remains gives the states in which a crash may leave a file.
func (n *node) remains() []*state {
	if n.disk != nil && n.disk.equal(n.now) {
		return []*state{n.disk}
	}
	before := state{mode: n.now.mode & fs.ModeType}
	if n.disk != nil {
		before = *n.disk
	}
	now := n.now.data
	contents := [][]byte{before.data, now, now[:len(now)/2], nil, make([]byte, len(now))}
	var all []*state
	for _, meta := range []state{before, n.now} {
		for _, data := range contents {
			s := meta
			s.data = data
			if !slices.ContainsFunc(all, func(other *state) bool { return other.equal(s) }) {
				all = append(all, s.clone())
			}
		}
	}
	return all
}

// rebuild makes a copy of the tree in which everything is on disk.
func rebuild(n *node, tree map[*node]map[string]*node, content map[*node]*state, done map[*node]*node) *node {
	if copied, ok := done[n]; ok {
		return copied
	}
	c := &node{ino: n.ino, mtime: n.mtime, ctime: n.ctime, target: n.target, now: *n.now.clone()}
	done[n] = c
	if n.parent != nil {
		c.parent = rebuild(n.parent, tree, content, done) // done before, since it leads here
	}
	if s, ok := content[n]; ok {
		c.now = *s.clone()
	}
	c.disk = c.now.clone()
	if entries, ok := tree[n]; ok {
		c.entries, c.stored = map[string]*node{}, map[string]*node{}
		for name, child := range entries {
			c.entries[name] = rebuild(child, tree, content, done)
			c.entries[name].links++
			c.stored[name] = c.entries[name]
		}
	}
	return c
}
