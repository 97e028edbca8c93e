package store

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"io/fs"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// seal makes the checksum of one new content, which is written through it, and
// sees the sidecar through the steps of its protocol. See package sidecar.
type seal struct {
	file    *file
	options Options
	hash    hash.Hash
	shape   *sidecar.Shape

	had      bool            // there was a sidecar,
	before   sidecar.Sidecar // which said this
	previous []string        // what may be there until the new content is
	after    sidecar.Sidecar // what the sidecar is to say in the end
	like     vfs.Info        // the new file, whose mode the sidecar takes
}

// newSeal looks at what vouches for the content that is there.
func (f *file) newSeal(old *replace.Old, size int64, o Options) (*seal, error) {
	s := &seal{file: f, options: o, hash: sha256.New()}
	if old != nil {
		size += old.Info.Size
	}
	s.shape = sidecar.NewShape(size)
	var err error
	s.before, err = sidecar.Read(f.dir, f.name)
	switch {
	case err == nil:
		s.had = true
	case errors.Is(err, errors.ErrChecksumMismatch):
		return s, nil // garbled: it vouches for nothing
	case !errors.Is(err, errors.ErrNoChecksum):
		return nil, err
	}
	if old == nil {
		return s, nil
	}
	s.previous, err = s.currentDigest(old)
	return s, err
}

// currentDigest is the recorded digest of what is there. The content is only
// asked where several are recorded, after a crash, or none is.
func (s *seal) currentDigest(old *replace.Old) ([]string, error) {
	if s.had && len(s.before.Previous) == 0 || old.File == nil {
		return s.recorded(), nil
	}
	now, err := sidecar.SumReader(io.NewSectionReader(old.File, 0, old.Info.Size))
	if err != nil {
		return nil, err
	}
	if s.had && !s.before.Accepts(now) {
		return s.recorded(), nil // damaged: carried on as it is, never blessed
	}
	return []string{now}, nil
}

func (s *seal) recorded() []string {
	if !s.had {
		return nil
	}
	return s.before.All()
}

// Write is io.Writer's. It never fails.
func (s *seal) Write(p []byte) (int, error) {
	s.shape.Write(p)
	return s.hash.Write(p)
}

func (s *seal) digest() string { return hex.EncodeToString(s.hash.Sum(nil)) }

// vouchOld checks what an append follows, after it was written through the seal:
// a checksum of damaged content and a tail would bless the damage.
func (s *seal) vouchOld(old *replace.Old) error {
	if !s.had {
		return nil
	}
	return s.file.vouch(old.File, old.Info, s.digest())
}

// announce lets the sidecar accept the new content beside the old.
func (s *seal) announce(temp *replace.Temp) (err error) {
	if s.like, err = temp.Stat(); err != nil {
		return err
	}
	s.after = sidecar.Sidecar{Digest: s.digest()}
	s.previous = slices.DeleteFunc(s.previous, func(p string) bool { return p == s.after.Digest })
	return s.file.writeSidecar(sidecar.Sidecar{Digest: s.after.Digest, Previous: s.previous}, s.shape, s.like, s.options)
}

// finish lets the sidecar accept the new content alone, or takes the
// announcement back. Either way what it says now is true, so a failure here is
// reported and fails nothing. A nil seal has nothing to finish.
func (s *seal) finish(outcome error) {
	var err error
	switch {
	case s == nil, errors.Is(outcome, errors.ErrNotDurable):
		return // in the second case either content may be there after a crash
	case outcome == nil && len(s.previous) == len(s.after.Previous):
		return // it accepts nothing else already
	case outcome == nil:
		err = s.file.writeSidecar(s.after, s.shape, s.like, s.options)
	case s.had:
		err = s.file.writeSidecar(s.before, nil, s.like, s.options)
	default:
		err = s.file.unseal(s.options)
	}
	if err != nil {
		s.options.Policy.Report("the checksum accepts an older content too", err)
	}
}

// writeSidecar replaces the sidecar. It goes through a temp of the same owner
// as the file's, so that who lost the lock can't replace it any more.
func (f *file) writeSidecar(side sidecar.Sidecar, shape *sidecar.Shape, like vfs.Info, o Options) error {
	temp, err := replace.Create(f.dir, f.owner, nil, 0o600, o.Policy)
	if err != nil {
		return err
	}
	defer temp.Abort()
	if _, err := temp.Write(side.Format(f.name)); err != nil {
		return err
	}
	_ = temp.Chown(like.UID, like.GID) // who may read the file should be able to check it
	if err := temp.Chmod(like.Mode & 0o666); err != nil {
		return err
	}
	if shape != nil {
		shape.Save(temp.File, side.Digest)
	}
	if err := temp.Settle(); err != nil {
		return err
	}
	_, err = temp.Commit(f.name+sidecar.Suffix, f.Check)
	return err
}

// Seal is of the Session interface. What is changed is the sidecar, so the file
// itself may be one that can't be.
func (f *file) Seal(o Options) error {
	if err := f.require(o, nil); err != nil {
		return err
	}
	old, err := f.old()
	if err != nil {
		return err
	}
	if old == nil || old.File == nil {
		return fs.ErrNotExist
	}
	defer old.Close()
	s := &seal{file: f, options: o, hash: sha256.New(), shape: sidecar.NewShape(old.Info.Size)}
	if _, err := io.Copy(s, io.NewSectionReader(old.File, 0, old.Info.Size)); err != nil {
		return err
	}
	return f.writeSidecar(sidecar.Sidecar{Digest: s.digest()}, s.shape, old.Info, o)
}

// Unseal is of the Session interface.
func (f *file) Unseal(o Options) error {
	if err := f.require(o, nil); err != nil {
		return err
	}
	return f.unseal(o)
}

func (f *file) unseal(o Options) error {
	if err := f.Check(); err != nil {
		return err
	}
	if err := f.dir.Remove(f.name + sidecar.Suffix); err != nil {
		return err
	}
	return replace.SyncDir(f.dir, o.Policy)
}

// sealed reports whether the sidecar says just what a content needs.
func (f *file) sealed(parts [][]byte, o Options) bool {
	if !o.Checksum {
		return true
	}
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	side, err := sidecar.Read(f.dir, f.name)
	return err == nil && side.Digest == hex.EncodeToString(h.Sum(nil)) && len(side.Previous) == 0
}

// vouch checks content, given its digest, against the sidecar.
func (f *file) vouch(data io.ReaderAt, info vfs.Info, digest string) error {
	side, err := sidecar.Read(f.dir, f.name)
	if err != nil {
		return err
	}
	if !side.Accepts(digest) {
		return side.Mismatch(digest, side.Damage(f.dir, f.name, data, info.Size))
	}
	return nil
}
