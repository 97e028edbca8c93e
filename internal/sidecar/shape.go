package sidecar

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A digest tells that content is damaged but not how. So that an error can say
// whether bits flipped, the end is missing or it is another content altogether,
// the sidecar carries the content's shape in an extended attribute: its size and
// a CRC of each of its slices. It is a hint: where it is missing, or of another
// content, the error says less.

const shapeAttr = "user.holdfast.shape"

// maxSlices bounds a shape to a few hundred bytes.
const maxSlices = 64

// Shape collects what an error will want to know of content that is written
// through it. The slices begin at one byte and double whenever there are too
// many of them, so that the size need not be known before.
type Shape struct {
	size  int64
	slice int64 // bytes in each slice but the last, a power of two
	crcs  []uint32
	shift uint32 // what a CRC is multiplied by when a slice follows
}

// NewShape is the shape of no content.
func NewShape() *Shape { return &Shape{slice: 1, shift: oneByte} }

// Write is io.Writer's.
func (s *Shape) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if s.size%s.slice == 0 {
			if len(s.crcs) == maxSlices {
				s.coarsen()
				continue
			}
			s.crcs = append(s.crcs, 0)
		}
		room := min(int64(len(p)), s.slice-s.size%s.slice)
		last := &s.crcs[len(s.crcs)-1]
		*last = crc32.Update(*last, crc32.IEEETable, p[:room])
		s.size, p = s.size+room, p[room:]
	}
	return n, nil
}

// coarsen makes one slice of each two, all of which are full.
func (s *Shape) coarsen() {
	half := s.crcs[:0]
	for i := 0; i < len(s.crcs); i += 2 {
		half = append(half, multiply(s.shift, s.crcs[i])^s.crcs[i+1])
	}
	s.crcs, s.slice, s.shift = half, 2*s.slice, multiply(s.shift, s.shift)
}

// A CRC is a remainder of polynomials over GF(2), in IEEE's reflected notation,
// where the highest bit stands for 1. What precedes n bytes counts for x to the
// power of 8n more, so the CRC of two pieces is that of the first times x^8n, plus
// that of the second.
const oneByte = 1 << (31 - 8) // x^8

func multiply(a, b uint32) (product uint32) {
	for m := uint32(1 << 31); m != 0; m >>= 1 {
		if a&m != 0 {
			product ^= b
		}
		b = b>>1 ^ crc32.IEEE&-(b&1)
	}
	return product
}

// Save puts the shape of the content with that digest on its sidecar. A
// filesystem without attributes has none.
func (s *Shape) Save(f vfs.File, digest string) { _ = f.SetAttr(shapeAttr, s.encode(digest)) }

func (s *Shape) encode(digest string) []byte {
	value := fmt.Appendf(nil, "%s %d %d ", digest, s.size, s.slice)
	for _, c := range s.crcs {
		value = binary.BigEndian.AppendUint32(value, c)
	}
	return value
}

func loadShape(f vfs.File, digest string) *Shape {
	value, err := f.Attr(shapeAttr)
	if err != nil {
		return nil
	}
	return decodeShape(value, digest)
}

// decodeShape gives nil for what is not the shape of the content with that digest.
func decodeShape(value []byte, digest string) *Shape {
	fields := strings.SplitN(string(value), " ", 4)
	if len(fields) != 4 || fields[0] != digest {
		return nil
	}
	s := &Shape{}
	n, _ := fmt.Sscanf(fields[1]+" "+fields[2], "%d %d", &s.size, &s.slice)
	crcs := []byte(fields[3])
	if n != 2 || s.size < 0 || s.slice < 1 || len(crcs) > 4*maxSlices || s.size > s.slice*maxSlices {
		return nil
	}
	if int64(len(crcs)) != 4*((s.size+s.slice-1)/s.slice) {
		return nil
	}
	for ; len(crcs) > 0; crcs = crcs[4:] {
		s.crcs = append(s.crcs, binary.BigEndian.Uint32(crcs))
	}
	return s
}

// Damage says how content of a size differs from what the sidecar vouches for;
// empty if it can't be told. That is so while the sidecar vouches for several.
func (c Sidecar) Damage(data io.ReaderAt, size int64) string {
	if c.Shape == nil || len(c.Previous) > 0 {
		return ""
	}
	return c.Shape.compare(data, size)
}

// compare judges by the slices that the content has whole.
func (s *Shape) compare(data io.ReaderAt, size int64) string {
	var whole, differ, first int64
	for i, want := range s.crcs {
		from := int64(i) * s.slice
		to := min(from+s.slice, s.size)
		if to > size {
			break
		}
		whole++
		crc := crc32.NewIEEE()
		if _, err := io.Copy(crc, io.NewSectionReader(data, from, to-from)); err != nil {
			return ""
		}
		if crc.Sum32() != want {
			if differ == 0 {
				first = from
			}
			differ++
		}
	}
	switch {
	case whole == 0 && 0 < size && size < s.size:
		return fmt.Sprintf("; it is too short to compare: %d bytes of %d", size, s.size)
	case differ == 0 && size < s.size:
		return fmt.Sprintf("; its end is missing: %d bytes of %d", size, s.size)
	case differ == 0 && size > s.size:
		return fmt.Sprintf("; %d bytes were added after the end", size-s.size)
	case size != s.size, differ > 1 && differ > whole/4:
		return fmt.Sprintf("; it is another content: %d bytes, and %d are vouched for", size, s.size)
	}
	return fmt.Sprintf("; bytes were flipped in it, first between byte %d and %d", first, min(first+s.slice, s.size))
}
