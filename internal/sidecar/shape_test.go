package sidecar

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

func shapeOf(data []byte) *Shape {
	s := NewShape()
	s.Write(data)
	return s
}

// noise is content that follows from its seed.
func noise(seed uint64, size int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

var sizes = []int{1, 2, 63, 64, 65, 100, 127, 128, 1000, 4096, 100_000, 1 << 20}

func TestTheSlicesOfAShapeCoverItsContentWithTheirOwnCRCs(t *testing.T) {
	for _, size := range append(sizes, 0) {
		data := noise(1, size)
		s := shapeOf(data)
		if s.size != int64(size) || len(s.crcs) > maxSlices || (size >= maxSlices && len(s.crcs) <= maxSlices/2) {
			t.Errorf("%d bytes: %d slices of %d for %d", size, len(s.crcs), s.slice, s.size)
		}
		var want []uint32
		for off := int64(0); off < s.size; off += s.slice {
			want = append(want, crc32.ChecksumIEEE(data[off:min(off+s.slice, s.size)]))
		}
		if !reflect.DeepEqual(s.crcs, want) {
			t.Errorf("%d bytes: the CRCs of the slices are others", size)
		}
	}
}

// A stream's size is not known when it begins.
func TestAShapeStaysSmallHoweverLongItsContentIs(t *testing.T) {
	s := NewShape()
	chunk := make([]byte, 1<<20)
	for range 256 {
		s.Write(chunk)
	}
	if n := len(s.encode(digestA)); n > 512 {
		t.Errorf("%d bytes for 256 MiB", n)
	}
}

func TestAShapeTellsHowContentWasDamaged(t *testing.T) {
	for _, size := range sizes {
		data := noise(1, size)
		s := shapeOf(data)
		flipped := bytes.Clone(data)
		flipped[size/2] ^= 0x10
		for _, c := range []struct {
			what string
			data []byte
			want string
		}{
			{"a flipped bit", flipped, "bytes were flipped in it"},
			{"no byte", nil, "its end is missing: 0 bytes"},
			{"one byte less", data[:size-1], "its end is missing"},
			{"half", data[:size/2], "its end is missing"},
			{"one byte more", append(bytes.Clone(data), 'x'), "; 1 bytes were added after the end"},
			{"as much again", append(bytes.Clone(data), noise(2, size)...), "bytes were added after the end"},
			{"another content of the same size", noise(3, size), "it is another content"},
			{"another, longer content", noise(3, 2*size+1), "it is another content"},
			{"another content of half the size", noise(3, size/2), "it is another content"},
		} {
			got := s.compare(bytes.NewReader(c.data), int64(len(c.data)))
			tiny := size < 4 // where each byte is half of all, nobody can tell
			if !strings.Contains(got, c.want) && !tiny {
				t.Errorf("%d bytes, then %s: %q", size, c.what, got)
			}
			if got == "" {
				t.Errorf("%d bytes, then %s: nothing is said", size, c.what)
			}
		}
	}
}

func TestAShapeSaysWhereBytesWereFlipped(t *testing.T) {
	data := noise(1, 1<<20)
	s := shapeOf(data)
	for _, at := range []int{0, 1, 400_000, 1<<20 - 1} {
		flipped := bytes.Clone(data)
		flipped[at] ^= 1
		var from, to int
		text := s.compare(bytes.NewReader(flipped), 1<<20)
		if _, err := fmt.Sscanf(text, "; bytes were flipped in it, first between byte %d and %d", &from, &to); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if at < from || at >= to || to-from > 1<<20/(maxSlices/2) {
			t.Errorf("the byte %d was flipped, and the text says from %d to %d", at, from, to)
		}
	}
}

func TestWhatCantBeComparedIsNotJudged(t *testing.T) {
	if got := shapeOf([]byte("abc")).compare(failing{syscall.EIO}, 3); got != "" {
		t.Error(got)
	}
	data := []byte("abc")
	for what, side := range map[string]Sidecar{
		"no shape":                      {Digest: digestA},
		"several contents may be there": {Digest: digestA, Previous: []string{digestB}, Shape: shapeOf(data)},
	} {
		if got := side.Damage(bytes.NewReader([]byte("abd")), 3); got != "" {
			t.Errorf("%s: %q", what, got)
		}
	}
}

func TestAShapeIsKeptOnTheSidecarAndOnlyForItsDigest(t *testing.T) {
	dir, disk, path := inDir(t, Sidecar{Digest: digestA}.Format("app"))
	want := shapeOf(noise(1, 1000))
	save(t, dir, want, digestA)
	side, err := Read(dir, "app")
	if err != nil {
		t.Fatal(err)
	}
	if side.Shape == nil {
		t.Skipf("%s keeps no attributes", path)
	}
	if got := side.Shape.encode(digestA); !bytes.Equal(got, want.encode(digestA)) {
		t.Errorf("the shape came back as %q", got)
	}
	save(t, dir, want, digestB)
	if side, err := Read(dir, "app"); err != nil || side.Shape != nil {
		t.Errorf("the shape of another digest: %v, %v", side.Shape, err)
	}
	save(t, dir, want, digestA)
	disk.FailAll(faultfs.Attr, syscall.ENOTSUP)
	if side, err := Read(dir, "app"); err != nil || side.Digest != digestA || side.Shape != nil {
		t.Errorf("without attributes: %v, %v", side, err)
	}
}

func save(t *testing.T, dir vfs.Dir, s *Shape, digest string) {
	t.Helper()
	f, err := dir.OpenRecord("app" + Suffix)
	if err != nil {
		t.Fatal(err)
	}
	s.Save(f, digest)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnAttributeThatMakesNoSenseIsNoShape(t *testing.T) {
	good := shapeOf([]byte("some bytes")).encode(digestA)
	if decodeShape(good, digestA) == nil {
		t.Fatal("not even a good one is")
	}
	for _, value := range []string{
		"", digestA, digestA + " ", digestA + " 5", digestA + " 5 1", digestA + " 5 1 ", digestA + " 5 0 \x00\x00\x00\x00",
		digestA + " -5 1 ", digestA + " 1 -1 \x00\x00\x00\x00", digestA + " x y ", digestA + " 9223372036854775807 1 \x00\x00\x00\x00",
		string(good[:len(good)-1]), string(good) + "\x00", digestB + string(good[64:]),
	} {
		if s := decodeShape([]byte(value), digestA); s != nil {
			t.Errorf("%q is taken for %v", value, s)
		}
	}
}

// Where the filesystem keeps no attributes the sidecar is as good, but says less.
func TestSavingAShapeMayFail(t *testing.T) {
	dir, disk, _ := inDir(t, Sidecar{Digest: digestA}.Format("app"))
	disk.FailAll(faultfs.SetAttr, errors.ErrUnsupported)
	save(t, dir, shapeOf([]byte("x")), digestA)
	if side, err := Read(dir, "app"); err != nil || side.Digest != digestA || side.Shape != nil {
		t.Errorf("%v, %v", side, err)
	}
}
