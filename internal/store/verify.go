package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// pair is a version of a file and of its sidecar that belong together.
type pair struct {
	vfs.File
	dir  vfs.Dir
	name string
	info vfs.Info
	side sidecar.Sidecar
}

// maxVersions is how many versions of a file are tried before a reader gives up.
const maxVersions = 1000

// openPair opens a file and reads its sidecar. Between the two a writer may have
// replaced both, and then the sidecar is another version's: if the path does
// not name the opened file any more, all starts over. A sidecar that was read
// while it did accepts the file, since a writer changes the sidecar first.
func (d *Disk) openPair(p Placement) (*pair, error) {
	at, dir, err := d.lookUp(p)
	if err != nil {
		return nil, err
	}
	for range maxVersions {
		o := &pair{dir: dir, name: at.name}
		current, err := o.open()
		if current && err == nil {
			return o, nil
		}
		if o.File != nil {
			o.File.Close()
		}
		if current {
			dir.Close()
			return nil, err
		}
	}
	dir.Close()
	return nil, fmt.Errorf("%w %d times while it was being opened", errors.ErrChanged, maxVersions)
}

// lookUp opens the directory of a file that is to be read.
func (d *Disk) lookUp(p Placement) (at Location, dir vfs.Dir, err error) {
	if p.Symlinks == Replace {
		p.Symlinks = Follow // that is about writing
	}
	p.Parents = 0
	if at, err = d.Locate(p); err == nil {
		dir, err = d.FS.OpenDir(at.dir)
	}
	return at, dir, err
}

// Sidecar is of the Store interface.
func (d *Disk) Sidecar(p Placement) (path string, side sidecar.Sidecar, err error) {
	at, dir, err := d.lookUp(p)
	if err != nil {
		return "", side, err
	}
	defer dir.Close()
	side, err = sidecar.Read(dir, at.name)
	return at.path() + sidecar.Suffix, side, err
}

// open tries once. Its result counts only if it is current.
func (o *pair) open() (current bool, err error) {
	if o.File, err = o.dir.Open(o.name); err != nil {
		return true, openError(err, o.name)
	}
	if o.info, err = o.Stat(); err != nil {
		return true, err
	}
	if !o.info.Mode.IsRegular() {
		return true, notRegular(o.name, o.info.Mode)
	}
	o.side, err = sidecar.Read(o.dir, o.name)
	now, statErr := o.dir.Stat(o.name)
	if statErr != nil && !errors.Is(statErr, fs.ErrNotExist) {
		return true, statErr
	}
	return statErr == nil && now.ID == o.info.ID, err
}

func (o *pair) Close() error { return errors.Join(o.File.Close(), o.dir.Close()) }

// check compares a digest with what the sidecar says.
func (o *pair) check(digest string) error {
	if o.side.Accepts(digest) {
		return nil
	}
	return o.side.Mismatch(digest, o.side.Damage(o.File, o.info.Size))
}

func (d *Disk) readVerified(p Placement, max int64) ([]byte, error) {
	o, err := d.openPair(p)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	data, _, err := readAll(o.File, p.Path, max)
	if err == nil {
		err = o.check(sidecar.Sum(data))
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// Open is of the Store interface.
func (d *Disk) Open(p Placement, o ReadOptions) (io.ReadCloser, error) {
	limit := o.Max
	if limit == 0 {
		limit = math.MaxInt64
	}
	if o.Verify {
		pair, err := d.openPair(p)
		if err != nil {
			return nil, err
		}
		return &reader{ReadCloser: pair, left: limit, max: limit, pair: pair, hash: sha256.New()}, nil
	}
	f, err := d.FS.Open(p.Path, p.Symlinks != Refuse)
	if err != nil {
		return nil, openError(err, p.Path)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode.IsRegular() {
		err = notRegular(p.Path, info.Mode)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &reader{ReadCloser: f, left: limit, max: limit}, nil
}

// reader gives the content of one version of a file, and in place of its end
// what is wrong with it.
type reader struct {
	io.ReadCloser
	left, max int64
	pair      *pair // nil where nothing is verified
	hash      hash.Hash
}

// Read is io.Reader's.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, tooLarge(r.max-r.left, r.max)
	}
	if r.pair == nil {
		return n, err
	}
	r.hash.Write(p[:n])
	if err == io.EOF {
		if bad := r.pair.check(hex.EncodeToString(r.hash.Sum(nil))); bad != nil {
			return n, bad
		}
	}
	return n, err
}
