package powercut

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

func put(t *testing.T, m *image, block int, b byte) {
	t.Helper()
	if _, err := m.WriteAt(bytes.Repeat([]byte{b}, m.block), int64(block*m.block)); err != nil {
		t.Fatal(err)
	}
}

// A cut keeps what was flushed, and of every later write of a block any or none,
// independently of the other blocks.
func TestCutKeepsTheFlushedAndAnySubsetOfTheRest(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(400) {
		m := newImage(4*512, 512)
		put(t, m, 0, 'a')
		put(t, m, 1, 'a')
		put(t, m, 3, 'a')
		testkit.Must(t, m.Flush())
		put(t, m, 0, 'b')
		put(t, m, 1, 'b')
		put(t, m, 0, 'c')
		m.Cut()
		after, st := m.afterCut(rand.New(rand.NewPCG(seed, 0)))
		if st.Unflushed != 2 {
			t.Fatal(st)
		}
		all := make([]byte, 4*512)
		if _, err := after.ReadAt(all, 0); err != nil {
			t.Fatal(err)
		}
		for n := range 4 {
			if b := all[n*512 : n*512+512]; !bytes.Equal(b, bytes.Repeat(b[:1], 512)) {
				t.Fatal("a block is torn")
			}
		}
		seen[string([]byte{all[0], all[512], all[1024], all[1536]})]++
	}
	for _, want := range []string{"aa\x00a", "ab\x00a", "ba\x00a", "bb\x00a", "ca\x00a", "cb\x00a"} {
		if seen[want] == 0 {
			t.Errorf("%q never happened: %v", want, seen)
		}
	}
	if len(seen) != 6 {
		t.Errorf("%v", seen)
	}
}

func TestAfterTheCutTheOldDiskFails(t *testing.T) {
	m := newImage(4096, 512)
	told := 0
	m.CutAfter(2, func() { told++ })
	put(t, m, 0, 'a')
	if err := m.Flush(); err == nil {
		t.Error("the power was to go before the flush")
	}
	_, read := m.ReadAt(make([]byte, 512), 0)
	_, write := m.WriteAt(make([]byte, 512), 0)
	if read == nil || write == nil || told != 1 {
		t.Error(read, write, told)
	}
}

// A write of part of a block keeps the rest of it.
func TestWritesNeedNotBeWholeBlocks(t *testing.T) {
	m := newImage(8192, 4096)
	put(t, m, 0, 'a')
	put(t, m, 1, 'a')
	if _, err := m.WriteAt([]byte("xy"), 4095); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if n, err := m.ReadAt(got, 4094); n != 4 || err != nil || string(got) != "axya" {
		t.Error(n, err, string(got))
	}
	if n, _ := m.ReadAt(got, 8190); n != 2 {
		t.Error("a read past the end gave", n)
	}
}
