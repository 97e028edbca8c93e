package handle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Version is what one content of a file is recognised by: the digest of its bytes. The zero
// Version is that there is no file. The version of the store, which a commit compares, tells two writes
// of one content apart; this one does not, and it means the same in every process.
type Version struct{ sum [sha256.Size]byte }

// noVersion is the text of the zero Version. It is not empty: a field of a form that was left out must
// not be taken for it.
const noVersion = "none"

func versionOf(data []byte) Version { return Version{sha256.Sum256(data)} }

func (v Version) String() string {
	if v == (Version{}) {
		return noVersion
	}
	return hex.EncodeToString(v.sum[:])
}

// ParseVersion is the inverse of String, and takes nothing else.
func ParseVersion(text string) (v Version, err error) {
	if text == noVersion {
		return v, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil || copy(v.sum[:], b) != len(b) || v.String() != text {
		return Version{}, fmt.Errorf("%q is not the version of a file: %w", short(text), fs.ErrInvalid)
	}
	return v, nil
}

// short keeps what a client sent from filling a log.
func short(text string) string {
	const limit = 2 * sha256.Size
	if len(text) > limit {
		return text[:limit] + "…"
	}
	return text
}

// ReadVersion is Read, with the version of what was read.
func (f *File[T]) ReadVersion(ctx context.Context) (T, Version, error) {
	r, err := readIn(ctx, f, f.readVersion, func(tx *Tx[T]) (r versioned[T], err error) {
		r.value, r.version, err = tx.ReadVersion()
		return r, err
	})
	return r.value, r.version, err
}

type versioned[T any] struct {
	value   T
	version Version
}

func (f *File[T]) readVersion(ctx context.Context) (r versioned[T], err error) {
	c, err := f.codec()
	if err != nil {
		return r, f.fail("read", errors.ErrRead, err)
	}
	s := f.start()
	data, err := f.load(ctx, f.options.forCodec())
	if s != nil && noFile(err) {
		r.value = s.fresh()
		return r, nil
	}
	if err == nil {
		r.value, err = decode(c, data, f.options.MaxSize, s)
	}
	if err == nil {
		r.version = versionOf(data)
	}
	return r, f.fail("read", errors.ErrRead, err)
}

// WriteIf is Write if the content is still the version that was seen. It is one transaction that
// reads the file, so a change without the lock between the comparison and the commit is ErrChanged too.
func (f *File[T]) WriteIf(ctx context.Context, v T, seen Version) error {
	c, err := f.coding()
	var data []byte
	if err == nil {
		data, err = c.encode(v)
	}
	if err != nil {
		return f.fail("write", errors.ErrWrite, err)
	}
	request := f.request
	if seen != (Version{}) {
		// If the file is gone nothing will be written, so neither a lock nor parents are made for it.
		request.Options.Existing, request.Target.Parents = true, 0
	}
	err = f.do(ctx, request, "write", errors.ErrWrite, nil, func(tx *Tx[T]) error {
		return f.fail("write", errors.ErrWrite, tx.writeIf(c, data, seen))
	})
	if request.Options.Existing && noFile(err) && f.gone(ctx) {
		return f.fail("write", errors.ErrWrite, changedSince(Version{}))
	}
	return err
}

// gone tells a missing file from a missing directory of the lock, say.
func (f *File[T]) gone(ctx context.Context) bool {
	_, err := f.load(ctx, store.ReadOptions{})
	return noFile(err)
}

// ReadVersion is Read, with the version of what was read. If that is committed, it is the file's.
func (tx *Tx[T]) ReadVersion() (v T, seen Version, err error) {
	c, err := tx.file.coding()
	if err != nil {
		return v, seen, tx.file.fail("read", errors.ErrRead, err)
	}
	data, exists, err := tx.tx.Text(tx.file.options.forCodec())
	if err == nil && !exists {
		if c.start != nil {
			return c.start.fresh(), seen, nil
		}
		err = fs.ErrNotExist
	}
	if err == nil {
		v, err = decode(c.codec, data, tx.file.options.MaxSize, c.start)
	}
	if err == nil {
		seen = versionOf(data)
	}
	return v, seen, tx.file.fail("read", errors.ErrRead, err)
}

// WriteIf stages v if the current content is the version that was seen.
func (tx *Tx[T]) WriteIf(v T, seen Version) error {
	c, err := tx.file.coding()
	var data []byte
	if err == nil {
		data, err = c.encode(v)
	}
	if err == nil {
		err = tx.writeIf(c, data, seen)
	}
	return tx.file.fail("write", errors.ErrWrite, err)
}

func (tx *Tx[T]) writeIf(c coding[T], data []byte, seen Version) error {
	text, exists, err := tx.tx.Text(tx.file.options.forCodec())
	if err != nil {
		return err
	}
	var now Version
	if exists {
		now = versionOf(text)
	}
	if now != seen {
		return changedSince(now)
	}
	return tx.put(c, data)
}

// changedSince says that a file is not in the version that was seen, but in another one.
func changedSince(now Version) error {
	if now == (Version{}) {
		return fmt.Errorf("%w: it does not exist any more", errors.ErrChanged)
	}
	return fmt.Errorf("%w: it is not in the version that was given; read it again and retry", errors.ErrChanged)
}
