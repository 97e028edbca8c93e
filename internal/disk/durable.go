package disk

import "sync"

// durableFiles remembers versions that this process has made durable, so that the next change of several files need
// not sync them again. It is a table of fixed size: a version that drops out of it is synced once more.
type durableFiles struct {
	mu    sync.Mutex
	table [256]version
}

func (d *durableFiles) note(v version) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.table[v.id.Ino%uint64(len(d.table))] = v
}

func (d *durableFiles) has(v version) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table[v.id.Ino%uint64(len(d.table))] == v
}
