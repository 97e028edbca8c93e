package torture

import (
	"encoding/binary"
	"os"
	"sync"
	"testing"
)

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
