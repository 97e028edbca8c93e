package disk

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
)

// A program that takes no lock, such as an editor, may change a file between the moment
// it was read and the rename that replaces it. The last step before the rename therefore
// compares inode, size, mtime and ctime with those of the version that was read. If that
// version was so young that a change in the same tick of the filesystem's clock
// could leave all four the same, the content is compared first. A change after
// the last check, about 40 µs before the rename, is lost.

// content holds the bytes of one version, if this session knows them.
type content struct {
	known    bool
	version  version
	settling bool // a change in the same tick might not change the version
	parts    [][]byte
}

// knows reports whether the content of a version is known to this session.
func (f *file) knows(v store.Version) bool { return f.content.known && f.content.version == v }

// learn records the content that a commit has given the file.
func (f *file) learn(v store.Version, c store.Change) {
	before := f.content
	f.content = content{}
	now, ok := v.(version)
	if !ok || !now.exists || c.Stream {
		return
	}
	parts := c.Parts
	if c.Append {
		if !before.known || before.version != c.Read {
			return
		}
		parts = append(before.parts[:len(before.parts):len(before.parts)], c.Parts...)
	}
	settling := f.seen == nil || versionOf(f.seen.Info) != now || f.seen.Settling() > 0
	f.content = content{true, now, settling, parts}
}

// unchanged returns ErrChanged if the file is not the version that was read. Then a program without the lock
// has changed it, and that change stays. old is the file, if it is open.
func (f *file) unchanged(read store.Version, old *replace.Old) error {
	// The content comes first. A change after it was compared is later than the tick of
	// the version, except on the coarsest clocks, and shows in the version below.
	if f.knows(read) && f.content.settling {
		if err := f.holdsStill(old); err != nil {
			return err
		}
	}
	var now version
	info, err := f.dir.Stat(f.name)
	if err == nil {
		now = versionOf(info)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if now != read {
		return changed()
	}
	return nil
}

func changed() error {
	return fmt.Errorf("%w between being read and being written, and that change was kept; read it again and retry",
		errors.ErrChanged)
}

// holdsStill compares the file with its known content.
func (f *file) holdsStill(old *replace.Old) error {
	if old == nil || old.File == nil {
		open, err := f.openData()
		if errors.Is(err, fs.ErrNotExist) {
			return changed()
		}
		if err != nil {
			return err
		}
		defer open.Close()
		old = &replace.Old{File: open}
	}
	same, err := compare(old.File, f.content.parts)
	if err == nil && !same {
		err = changed()
	}
	return err
}

// sameContent compares the first size bytes of what an append has copied with those of
// the file now.
func sameContent(now, copied io.ReaderAt, size int64) error {
	one, other := chunks.Get().(*[64 << 10]byte), chunks.Get().(*[64 << 10]byte)
	defer chunks.Put(one)
	defer chunks.Put(other)
	for off := int64(0); off < size; off += int64(len(one)) {
		n := min(size-off, int64(len(one)))
		if _, err := now.ReadAt(one[:n], off); err != nil {
			if err == io.EOF {
				return changed()
			}
			return err
		}
		if _, err := copied.ReadAt(other[:n], off); err != nil && err != io.EOF {
			return err
		}
		if !bytes.Equal(one[:n], other[:n]) {
			return changed()
		}
	}
	return nil
}

// maxCompared is the largest size, in bytes, of a content that an append compares. For a larger content,
// reading both files takes longer than a tick of the clock, or the copy shares its blocks and must be
// read from the disk.
const maxCompared = 1 << 20

// settle waits for a tick of the clock before an append copies a large file with unknown content, so
// that a later change is visible in the version. If a tick takes seconds, it does not wait, and the
// content is compared.
func (f *file) settle(old *replace.Old, read store.Version) error {
	wait := old.Settling()
	if wait <= 0 || wait > maxSettle || old.Info.Size <= maxCompared || old.File == nil || f.knows(read) {
		return nil
	}
	time.Sleep(wait)
	var err error
	old.At = time.Now()
	old.Info, err = old.File.Stat()
	return err
}

// maxSettle is a little more than a tick of the kernel's clock.
const maxSettle = 25 * time.Millisecond
