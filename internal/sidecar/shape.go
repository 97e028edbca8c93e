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
// through it.
type Shape struct {
	size  int64
	slice int64 // bytes in each slice but the last
	crcs  []uint32
}

// NewShape prepares for content of a known size.
func NewShape(size int64) *Shape {
	return &Shape{slice: max(1, (size+maxSlices-1)/maxSlices)}
}

// Write is io.Writer's.
func (s *Shape) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if s.size%s.slice == 0 {
			s.crcs = append(s.crcs, 0)
		}
		room := min(int64(len(p)), s.slice-s.size%s.slice)
		last := &s.crcs[len(s.crcs)-1]
		*last = crc32.Update(*last, crc32.IEEETable, p[:room])
		s.size, p = s.size+room, p[room:]
	}
	return n, nil
}

// Save puts the shape of the content with that digest on its sidecar. A
// filesystem without attributes has none.
func (s *Shape) Save(f vfs.File, digest string) {
	value := fmt.Appendf(nil, "%s %d %d ", digest, s.size, s.slice)
	for _, c := range s.crcs {
		value = binary.BigEndian.AppendUint32(value, c)
	}
	_ = f.SetAttr(shapeAttr, value)
}

func loadShape(f vfs.File, digest string) *Shape {
	value, err := f.Attr(shapeAttr)
	if err != nil {
		return nil
	}
	s := &Shape{}
	text, crcs, _ := strings.Cut(string(value), " ")
	if text != digest {
		return nil
	}
	n, err := fmt.Sscanf(crcs, "%d %d ", &s.size, &s.slice)
	if n != 2 || err != nil || s.slice < 1 {
		return nil
	}
	for rest := []byte(strings.SplitN(crcs, " ", 3)[2]); len(rest) >= 4; rest = rest[4:] {
		s.crcs = append(s.crcs, binary.BigEndian.Uint32(rest))
	}
	return s
}

// Damage says how content of a size differs from what the sidecar vouches for;
// empty if it can't be told.
func (c Sidecar) Damage(dir vfs.Dir, name string, data io.ReaderAt, size int64) string {
	f, err := dir.Open(name + Suffix)
	if err != nil {
		return ""
	}
	defer f.Close()
	want := loadShape(f, c.Digest)
	if want == nil {
		return ""
	}
	return want.compare(data, size)
}

func (s *Shape) compare(data io.ReaderAt, size int64) string {
	whole, differ, first := 0, 0, int64(-1)
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
			differ++
			if first < 0 {
				first = from
			}
		}
	}
	switch {
	case differ > 0 && differ == whole && whole > 1, whole == 0 && size > 0 && s.size < size:
		return fmt.Sprintf("; it is another content: %d bytes, and %d are vouched for", size, s.size)
	case size < s.size && differ == 0:
		return fmt.Sprintf("; its end is missing: %d bytes of %d", size, s.size)
	case size > s.size && differ == 0:
		return fmt.Sprintf("; %d bytes were added after the end", size-s.size)
	case size != s.size:
		return fmt.Sprintf("; it was changed: %d bytes, and %d are vouched for", size, s.size)
	}
	return fmt.Sprintf("; bytes were flipped in it, first between byte %d and %d", first, min(first+s.slice, s.size))
}
