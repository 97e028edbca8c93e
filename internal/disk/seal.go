package disk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
)

// maxSealed leaves room for the sidecar's suffix.
const maxSealed = 255 - len(sidecar.Suffix)

// seal makes the checksum of one new content, which is written through it, and
// sees the sidecar through the steps of its protocol. See package sidecar.
type seal struct {
	file    *file
	options store.Options
	hash    hash.Hash

	had       bool            // there was a sidecar,
	before    sidecar.Sidecar // which said this, nothing if it was garbled
	previous  []string        // what may be there until the new content is
	announced sidecar.Sidecar // what the sidecar says meanwhile
	after     sidecar.Sidecar // what it is to say in the end; the zero Sidecar: it is to go
	old       *replace.Old    // the file that is there until the new one is; nil if none is
	like      *replace.Old    // the new file
	kept      bool            // the new file was given the old one's metadata
	narrowed  bool            // the announced sidecar may be read by fewer users than the new file
}

// newSeal looks at the sidecar that is there.
func (f *file) newSeal(o store.Options) (*seal, error) {
	s := &seal{file: f, options: o, hash: sha256.New()}
	var err error
	s.before, err = sidecar.Read(f.dir, f.name)
	s.had = !errors.Is(err, errors.ErrNoChecksum)
	if err != nil && s.had && !errors.Is(err, errors.ErrChecksumMismatch) {
		return nil, err
	}
	return s, nil
}

// recall finds out what vouches for the content that is there: its recorded
// digest. The content is only asked where several are recorded, after a crash,
// or none is.
func (s *seal) recall(old *replace.Old) error {
	if s.old = old; old == nil {
		return nil
	}
	s.previous = s.before.All()
	if s.had && len(s.previous) < 2 || old.File == nil {
		return nil
	}
	now, err := digestOf(old)
	if err != nil {
		return err
	}
	if !s.had || s.before.Accepts(now) {
		s.previous = []string{now}
	} // else it is damaged: all are carried on, so that it is never blessed
	return nil
}

func digestOf(old *replace.Old) (string, error) {
	return sidecar.SumReader(io.NewSectionReader(old.File, 0, old.Info.Size))
}

// Write is io.Writer's. It never fails.
func (s *seal) Write(p []byte) (int, error) { return s.hash.Write(p) }

// made is the sidecar of what was written.
func (s *seal) made() sidecar.Sidecar {
	return sidecar.Sidecar{Digest: hex.EncodeToString(s.hash.Sum(nil))}
}

// vouchOld checks what an append follows, after it was written through the seal:
// a checksum of damaged content and a tail would bless the damage.
func (s *seal) vouchOld() error {
	if !s.had {
		return nil
	}
	return s.file.vouch(s.made().Digest)
}

// announce lets the sidecar accept the new content beside the old.
func (s *seal) announce(coming sidecar.Sidecar) error {
	coming.Previous = slices.Concat(coming.Previous, s.previous)
	coming.Previous = slices.DeleteFunc(coming.Previous, func(p string) bool { return p == coming.Digest })
	s.announced = coming
	// It tells of both contents, so who may read only one of the files may not read it.
	narrower := s.old
	if s.narrowed = s.old != nil && !s.sameAccess(); !s.narrowed {
		narrower = nil
	}
	err := s.file.writeSidecar(coming, s.like, narrower, s.options)
	if errors.Is(err, errors.ErrNotDurable) {
		s.takeBack()
		err = notYet{"the checksum comes before the content", err}
	}
	return err
}

// notYet is an ErrNotDurable of what comes before the content: that is the old
// one still.
type notYet struct {
	what string
	err  error
}

func (e notYet) Error() string { return e.what + ": " + e.err.Error() }
func (e notYet) Is(target error) bool {
	return target != errors.ErrNotDurable && errors.Is(e.err, target)
}
func (e notYet) As(target any) bool { return errors.As(e.err, target) }

// sameAccess reports whether old and new file can be read by the same users. A
// replacement that keeps the old file's metadata is never readable by more users than that.
func (s *seal) sameAccess() bool {
	keeps := s.kept && s.like.Info.Mode&0o777 == s.old.Info.Mode&0o777
	return s.like == s.old || keeps || replace.SameAccess(s.like, s.old)
}

// finish lets the sidecar accept the new content alone, or takes the
// announcement back. Either way what it says now is true, so a failure here is
// reported and fails nothing.
func (s *seal) finish(outcome error) {
	var err error
	switch {
	case errors.Is(outcome, errors.ErrNotDurable):
		return // either content may be there after a crash
	case outcome != nil:
		s.takeBack()
	case s.after.Digest == "":
		err = s.file.unseal(s.options)
	case s.narrowed || !slices.Equal(s.announced.Previous, s.after.Previous):
		err = s.file.writeSidecar(s.after, s.like, nil, s.options)
	}
	s.reportLeft(err)
}

// takeBack makes the sidecar what it was before the announcement.
func (s *seal) takeBack() {
	if s.had {
		like := s.like
		if s.old != nil {
			like = s.old
		}
		s.reportLeft(s.file.writeSidecar(s.before, like, nil, s.options))
		return
	}
	s.reportLeft(s.file.unseal(s.options))
}

func (s *seal) reportLeft(err error) {
	if err != nil {
		s.options.Policy.Report("the checksum accepts another content too", err)
	}
}

// writeSidecar replaces the sidecar by one that those may read who may read the file like,
// and also the file and, unless that is nil. The sidecar goes through a temp of the same
// owner as the file's, so that who lost the lock can't replace it any more.
func (f *file) writeSidecar(side sidecar.Sidecar, like, and *replace.Old, o store.Options) error {
	return f.writeSidecarOf(f.name, side, like, and, o)
}

// writeSidecarOf is writeSidecar for the file of that name in the same directory.
func (f *file) writeSidecarOf(name string, side sidecar.Sidecar, like, and *replace.Old, o store.Options) error {
	if len(name) > maxSealed {
		return fmt.Errorf("the name is %d bytes long, and only %d leave room for the checksum's: %w",
			len(name), maxSealed, syscall.ENAMETOOLONG)
	}
	temp, err := replace.Create(f.dir, f.owner, nil, 0o600, o.Policy)
	if err != nil && unwritable(err) {
		return fmt.Errorf("%s can't be made: its directory has to be writable for a checksum; leave WithChecksum out, or mount it so: %w",
			name+sidecar.Suffix, err)
	}
	if err != nil {
		return err
	}
	defer temp.Abort()
	text := side.Text // one that is put back, garbled or not
	if text == nil {
		text = side.Format(name)
	}
	if _, err := temp.Write(text); err != nil {
		return err
	}
	if err := replace.ShareAccess(temp.File, like, and, o.Policy); err != nil {
		return err
	}
	if err := temp.Settle(); err != nil {
		return err
	}
	return temp.Commit(name+sidecar.Suffix, f.checkLock)
}

// Seal implements store.Session. What is changed is the sidecar, so the file
// itself may be one that can't be.
func (f *file) Seal(_ context.Context, o store.Options) error {
	if err := f.require(o, nil); err != nil {
		return err
	}
	old, err := f.present()
	if err != nil {
		return err
	}
	defer old.Close()
	if old.File == nil {
		return unreadable(f.name)
	}
	// Whatever an older sidecar says is replaced, but not a link or a directory.
	if _, err := sidecar.Read(f.dir, f.name); err != nil &&
		!errors.Is(err, errors.ErrNoChecksum) && !errors.Is(err, errors.ErrChecksumMismatch) {
		return err
	}
	digest, err := digestOf(old)
	if err != nil {
		return err
	}
	return f.writeSidecar(sidecar.Sidecar{Digest: digest}, old, nil, o)
}

func unreadable(name string) error {
	return &fs.PathError{Op: "read", Path: name, Err: fs.ErrPermission}
}

// Unseal implements store.Session.
func (f *file) Unseal(_ context.Context, o store.Options) error {
	if err := f.require(o, nil); err != nil {
		return err
	}
	return f.unseal(o)
}

func (f *file) unseal(o store.Options) error {
	if err := f.checkLock(); err != nil {
		return err
	}
	if err := sidecar.Remove(f.dir, f.name); err != nil {
		return err
	}
	return replace.SyncDir(f.dir, o.Policy)
}

// sealed reports whether the sidecar says just what the old content needs, and that to
// nobody who may not read the content.
func (f *file) sealed(old *replace.Old, o store.Options) bool {
	if !o.Checksum {
		return true
	}
	side, err := sidecar.Read(f.dir, f.name)
	if err != nil || len(side.Previous) > 0 || old.File == nil || replace.Wider(side.Mode, old.Info.Mode) {
		return false
	}
	now, err := digestOf(old)
	return err == nil && side.Digest == now
}

// vouch checks content, given its digest, against the sidecar.
func (f *file) vouch(digest string) error {
	side, err := sidecar.Read(f.dir, f.name)
	if err != nil {
		return err
	}
	if !side.Accepts(digest) {
		return side.Mismatch(digest)
	}
	return nil
}
