package disk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// pair is a version of a file and the sidecar of that version.
type pair struct {
	vfs.File
	dir  vfs.Dir
	name string
	info vfs.Info // of the open file
	side sidecar.Sidecar

	mounted bool     // the file is rewritten in place by writers
	main    vfs.Info // the file when it was opened
	keepers []keeper // the places where a copy of its old content may lie
	copied  *oldCopy // the open copy; nil if the file itself is open
	lockDir vfs.Dir  // nil unless a copy may lie there
}

// maxVersions is the number of versions of a file that a reader tries.
const maxVersions = 1000

// openPair opens a file, and reads its sidecar if the checksum is verified. A writer may replace both
// between the two steps. Then the sidecar belongs to another version. So openPair starts over if the path
// does not name the opened file any more. Otherwise the sidecar accepts the file, since a writer changes
// the sidecar first.
//
// openPair also starts over if a link in the path was retargeted meanwhile: a file that is missing in the
// old directory may exist in the new one.
func (d *Disk) openPair(p store.Target, ro store.ReadOptions, wait leaseWait) (*pair, error) {
	for range maxVersions {
		at, dir, err := d.lookUp(p)
		if err != nil {
			return nil, err
		}
		o := &pair{dir: dir, name: entryOf(at).Name}
		err = o.open(ro, wait, func() error { return d.findKeepers(o, p, at) })
		current := o.File == nil || o.current()
		if current && err == nil {
			return o, nil
		}
		final := current && !d.retargeted(p, at)
		o.Close()
		if final {
			return nil, err
		}
	}
	return nil, changedOften("opened")
}

// retargeted reports whether a path means another file than when it was located. The directory of that
// file is still open, so no other directory has its inode number.
func (d *Disk) retargeted(p store.Target, was store.Location) bool {
	now, err := d.Locate(context.Background(), forReading(p))
	return err != nil || now.Key != was.Key
}

func changedOften(what string) error {
	return fmt.Errorf("%w %d times while it was being %s", errors.ErrChanged, maxVersions, what)
}

// forReading gives the target for a call that changes nothing.
func forReading(t store.Target) store.Target {
	if t.Symlinks == store.Replace {
		t.Symlinks = store.Follow // Replace is only for writes
	}
	t.Parents = 0
	return t
}

// lookUp opens the directory of a file for a read. Like open, it tries a dangling link again.
func (d *Disk) lookUp(p store.Target) (at store.Location, dir vfs.Dir, err error) {
	for tries := 1; ; tries++ {
		if at, err = d.Locate(context.Background(), forReading(p)); err == nil {
			dir, err = d.FS.OpenDir(entryOf(at).Dir)
		}
		if !errors.Is(err, fs.ErrNotExist) || tries == maxDangling || d.nothingAt(p.Path) {
			return at, dir, err
		}
	}
}

// Checksum implements store.Store.
func (d *Disk) Checksum(_ context.Context, t store.Target) (c store.Checksum, err error) {
	for range maxVersions {
		at, dir, err := d.lookUp(t)
		if err != nil {
			return c, err
		}
		side, err := sidecar.Read(dir, entryOf(at).Name)
		final := err == nil || !d.retargeted(t, at)
		dir.Close()
		if final {
			return store.Checksum{Path: entryOf(at).Path + sidecar.Suffix, Digest: side.Digest, Previous: side.Previous}, err
		}
	}
	return c, changedOften("read")
}

// open makes one attempt. The result counts only if current returns true after it.
func (o *pair) open(ro store.ReadOptions, wait leaseWait, findKeepers func() error) (err error) {
	if o.File, err = unleased(wait, func() (vfs.File, error) { return o.dir.Open(o.name) }); err != nil {
		return openError(err, o.name)
	}
	if o.info, err = regular(o.File, o.name); err != nil {
		return err
	}
	if maybeInPlace(&o.info) {
		o.mounted, o.main = true, o.info
		if err := findKeepers(); err != nil {
			return err
		}
		if err := o.openCopy(); err != nil {
			return err
		}
	}
	if ro.Verify {
		o.side, err = sidecar.Read(o.dir, o.name)
	}
	return err
}

// findKeepers finds the places where a copy of a file that is rewritten in place may lie. It leaves out a
// lock directory that does not exist or that this reader can't open: writers make a copy there only
// if they can't make it beside the file.
func (d *Disk) findKeepers(o *pair, p store.Target, at store.Location) error {
	if p.LockDir != "" {
		dir, err := d.FS.OpenDir(p.LockDir)
		switch {
		case err == nil:
			o.lockDir = dir
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			return err
		}
	}
	o.keepers = keepersOf(o.dir, o.name, entryOf(at).Path, o.lockDir, o.main.Ino)
	return nil
}

// openCopy opens the copy of the old content instead of the file, if there is one. Then a writer is
// rewriting the file, or has died while it did.
func (o *pair) openCopy() error {
	kept, err := openCopy(o.keepers, o.main)
	if err != nil || kept == nil {
		return err
	}
	o.File.Close()
	o.File, o.info, o.copied = kept.File, kept.info, kept
	return nil
}

// current reports whether the open file is the current content of the name. The order of the last two
// checks matters: a writer in place makes the copy before it touches the file, and removes it after the
// file's time has changed. So a writer between the two checks is noticed by one of them.
func (o *pair) current() bool {
	switch {
	case !o.mounted:
		now, err := o.dir.Stat(o.name)
		return err == nil && now.ID == o.info.ID
	case o.copied != nil:
		now, err := o.copied.dir.Stat(o.copied.name)
		return err == nil && now.ID == o.info.ID
	}
	for _, k := range o.keepers {
		if state, _, err := k.inspect(o.main); err != nil || state == goodCopy {
			return false
		}
	}
	now, err := o.dir.Stat(o.name)
	return err == nil && versionOf(now) == versionOf(o.main)
}

// torn reports whether the content that was read may be a mixture of two versions.
func (o *pair) torn() bool { return o.mounted && o.copied == nil && !o.current() }

func (o *pair) Close() error {
	var err error
	if o.File != nil {
		err = o.File.Close()
	}
	if o.lockDir != nil {
		err = errors.Join(err, o.lockDir.Close())
	}
	return errors.Join(err, o.dir.Close())
}

// check compares a digest with the sidecar.
func (o *pair) check(digest string) error {
	if o.side.Accepts(digest) {
		return nil
	}
	return o.side.Mismatch(digest)
}

// readPair reads a whole file, and reads it again if a writer in place has changed it meanwhile.
func (d *Disk) readPair(p store.Target, o store.ReadOptions, wait leaseWait) (c store.Content, err error) {
	for range maxVersions {
		pair, err := d.openPair(p, o, wait)
		if err != nil {
			return c, err
		}
		data, err := readAll(pair.File, pair.info, o.Max)
		torn := pair.torn()
		if err == nil && !torn && o.Verify {
			err = pair.check(sidecar.Sum(data))
		}
		pair.Close()
		switch {
		case torn:
		case err != nil:
			return c, err
		default:
			return store.Content{Exists: true, Data: data, Version: versionOf(pair.info)}, nil
		}
	}
	return c, changedOften("read")
}

// Open implements store.Store.
func (d *Disk) Open(ctx context.Context, t store.Target, o store.ReadOptions) (s store.Stream, err error) {
	limit, wait := o.Max, leaseWait{ctx, o.Wait}
	if limit == 0 {
		limit = math.MaxInt64
	}
	if o.Verify {
		return d.openStream(t, limit, o, wait)
	}
	f, err := d.open(t, wait)
	if err != nil {
		return s, err
	}
	info, err := regular(f, t.Path)
	if err != nil || maybeInPlace(&info) {
		f.Close()
	}
	switch {
	case err != nil:
		return s, err
	case maybeInPlace(&info):
		return d.openStream(t, limit, o, wait)
	}
	return store.Stream{ReadCloser: &reader{ReadCloser: f, left: limit, max: limit}, Version: versionOf(info)}, nil
}

func (d *Disk) openStream(t store.Target, limit int64, o store.ReadOptions, wait leaseWait) (s store.Stream, err error) {
	pair, err := d.openPair(t, o, wait)
	if err != nil {
		return s, err
	}
	r := &reader{ReadCloser: pair, left: limit, max: limit, pair: pair}
	if o.Verify {
		r.hash = sha256.New()
	}
	return store.Stream{ReadCloser: r, Version: versionOf(pair.info)}, nil
}

// reader reads the content of one version of a file. If the checksum does not match, it returns an error
// instead of io.EOF.
type reader struct {
	io.ReadCloser
	left, max int64
	pair      *pair     // nil for a file that was just opened
	hash      hash.Hash // nil if nothing is verified
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, tooLarge(r.max-r.left, r.max)
	}
	if r.hash != nil {
		r.hash.Write(p[:n])
	}
	if err == io.EOF {
		if bad := r.judge(); bad != nil {
			return n, bad
		}
	}
	return n, err
}

// judge gives the error for the content at its end; nil if the content is right.
func (r *reader) judge() error {
	switch {
	case r.pair == nil:
		return nil
	case r.pair.torn():
		return fmt.Errorf("%w: it was rewritten in place while it was being read; read it again", errors.ErrChanged)
	case r.hash == nil:
		return nil
	}
	return r.pair.check(hex.EncodeToString(r.hash.Sum(nil)))
}
