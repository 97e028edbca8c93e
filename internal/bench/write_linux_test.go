package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/natefinch/atomic"
	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// BenchmarkDurableWrite4KiB replaces 4 KiB by other 4 KiB. Only the handle and
// the bare system calls promise all of: whole, durable, exclusive, and like the
// old file. os.WriteFile promises none of it.
func BenchmarkDurableWrite4KiB(b *testing.B) { onEachDisk(b, durableWrite) }

func durableWrite(b *testing.B, root string) {
	content := func(i int) []byte {
		return append(bytes.Repeat([]byte("holdfast"), 4096/8-2), fmt.Sprintf("%016d", i)...)
	}
	// Each contender has a directory of its own, and in it a file and its lock.
	place := func(name string) string {
		path := filepath.Join(root, name, "state.bin")
		testkit.Must(b, os.Mkdir(filepath.Dir(path), 0o755))
		testkit.Must(b, safefile.WriteFile(path, content(-1), safefile.WithMode(0o644)))
		return path
	}
	ours := safefile.New[[]byte](place("holdfast"))
	bare, natefinch, plain := place("bare"), place("natefinch"), place("os")
	renamed, beside := place("renameio"), place("renameio-tempdir")
	contest{20, syncer(b, root), []contender{
		{"holdfast", func(i int) error { return ours.WriteBytes(content(i)) }},
		{"bare", func(i int) error { return bareWrite(filepath.Dir(bare), filepath.Base(bare), content(i)) }},
		{"renameio+dirsync", func(i int) error { return renameioDurable(renamed, content(i)) }},
		{"renameio-tempdir+dirsync", func(i int) error { return renameioDurable(beside, content(i), besideTarget(beside)) }},
		{"natefinch", func(i int) error { return atomic.WriteFile(natefinch, bytes.NewReader(content(i))) }},
		{"os.WriteFile", func(i int) error { return os.WriteFile(plain, content(i), 0o644) }},
	}}.run(b)
}

// syncer writes out what a contender left unsynced, which the next one's fsync
// would otherwise pay for.
func syncer(b *testing.B, root string) func() {
	dir, err := os.Open(root)
	testkit.Must(b, err)
	b.Cleanup(func() { dir.Close() })
	return func() {
		testkit.Must(b, unix.Syncfs(int(dir.Fd())))
	}
}
