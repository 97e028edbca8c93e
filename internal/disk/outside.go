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
// could leave all of them as they were, the content is compared first. A change after
// the last look, about 40 µs before the rename, is still lost.

// content is what this session knows of the bytes of one version.
type content struct {
	known    bool
	version  version
	settling bool // a change might leave the version as it is
	parts    [][]byte
}

// knows reports whether the content of a version is known to this session.
func (f *file) knows(v store.Version) bool { return f.content.known && f.content.version == v }

// learn takes note of the content that a commit gave the file.
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

// unchanged reports ErrChanged if the file is not the one that was read: its
// change came from somebody who does not take the lock, and stays whole. old is
// that file, if it is open.
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

// holdsStill compares the file with the content that is known of it.
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

// maxCompared is how many bytes an append compares. Beyond that, reading both files
// takes longer than a tick of the clock, or the copy shares its blocks and would have to
// come from the disk.
const maxCompared = 1 << 20

// settle lets the clock tick before an append copies a large file of unknown content, so
// that a change after it shows in the version. Where a tick takes seconds, the
// content is compared all the same.
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
