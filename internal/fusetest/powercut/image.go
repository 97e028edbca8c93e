package powercut

import (
	"math/rand/v2"
	"sync"
	"syscall"
)

// image is the content of a disk with a volatile write cache. It is safe for
// concurrent use.
type image struct {
	block int // bytes that the disk writes all or not at all
	size  int64

	mu      sync.Mutex
	cut     bool
	flushed [][]byte         // by block number; nil is zeros. A block is replaced, never changed.
	cached  map[int][][]byte // what was written to a block since the last flush, oldest first
	stats   stats
	cutAt   int    // the power goes before this request; 0 is never
	onCut   func() // called once, with mu held
}

// stats counts what a disk was asked for, and what a cut found.
type stats struct {
	Writes, Flushes  int
	Unflushed, Older int // blocks in the cache at the cut, and those of them that did not get their newest content
}

func newImage(size int64, block int) *image {
	return &image{block: block, size: size, flushed: make([][]byte, size/int64(block)), cached: map[int][][]byte{}}
}

// clone is a disk with the same flushed content and an empty cache.
func (m *image) clone() *image {
	n := newImage(m.size, m.block)
	copy(n.flushed, m.flushed)
	return n
}

// ReadAt reads what was written last, flushed or not.
func (m *image) ReadAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cut {
		return 0, syscall.EIO
	}
	p = p[:max(0, min(int64(len(p)), m.size-off))]
	m.spans(p, off, func(n, from int, part []byte) {
		if b := m.newest(n); b != nil {
			copy(part, b[from:])
		} else {
			clear(part)
		}
	})
	return len(p), nil
}

// WriteAt writes into the cache.
func (m *image) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.request() {
		return 0, syscall.EIO
	}
	if off+int64(len(p)) > m.size {
		return 0, syscall.ENOSPC
	}
	m.stats.Writes++
	m.spans(p, off, func(n, from int, part []byte) {
		b := make([]byte, m.block)
		copy(b, m.newest(n))
		copy(b[from:], part)
		m.cached[n] = append(m.cached[n], b)
	})
	return len(p), nil
}

// Flush makes all that was written before durable.
func (m *image) Flush() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.request() {
		return syscall.EIO
	}
	m.stats.Flushes++
	for n := range m.cached {
		m.flushed[n] = m.newest(n)
	}
	clear(m.cached)
	return nil
}

// request counts a write or a flush and reports whether the power is gone.
func (m *image) request() bool {
	if m.cutAt > 0 && !m.cut {
		if m.cutAt--; m.cutAt == 0 {
			m.cutNow()
		}
	}
	return m.cut
}

// CutAfter makes the power go instead of the n-th write or flush from now, and
// calls then.
func (m *image) CutAfter(n int, then func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cutAt, m.onCut = n, then
}

// Cut makes the power go now, unless it is gone.
func (m *image) Cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.cut {
		m.cutNow()
	}
}

func (m *image) cutNow() {
	m.cut = true
	if m.onCut != nil {
		m.onCut()
	}
}

// afterCut is a disk as it may come back after this one's cut: each block in the cache gets
// its flushed content or any of those that were written since.
func (m *image) afterCut(r *rand.Rand) (*image, stats) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.clone()
	st := m.stats
	// Each extreme is a case of its own, which independent choices would hardly ever give.
	newest := []float64{0, 0.1, 0.5, 0.9, 1}[r.IntN(5)]
	for i := range len(m.flushed) { // in order, so that a seed repeats the cut
		versions, ok := m.cached[i]
		if !ok {
			continue
		}
		st.Unflushed++
		if r.Float64() < newest {
			n.flushed[i] = versions[len(versions)-1]
			continue
		}
		st.Older++
		if k := r.IntN(len(versions)); k > 0 && newest > 0 {
			n.flushed[i] = versions[k-1]
		}
	}
	return n, st
}

func (m *image) newest(n int) []byte {
	if versions := m.cached[n]; len(versions) > 0 {
		return versions[len(versions)-1]
	}
	return m.flushed[n]
}

// spans calls do for the part of each block that p covers.
func (m *image) spans(p []byte, off int64, do func(n, from int, part []byte)) {
	for len(p) > 0 {
		n, from := int(off/int64(m.block)), int(off%int64(m.block))
		part := p[:min(len(p), m.block-from)]
		do(n, from, part)
		p, off = p[len(part):], off+int64(len(part))
	}
}
