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
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// maxSealed leaves room for the sidecar's suffix.
const maxSealed = 255 - len(sidecar.Suffix)

// seal makes the checksum of one new content, which is written through it, and
// writes the sidecar in the steps of its protocol. See package sidecar.
type seal struct {
	file    *file
	options store.Options
	hash    hash.Hash

	had       bool            // there was a sidecar
	before    sidecar.Sidecar // its content; without a digest if it could not be parsed
	previous  []string        // digests of the old content
	announced sidecar.Sidecar // the sidecar during the change
	after     sidecar.Sidecar // the sidecar after the change; the zero Sidecar means none
	old       *replace.Old    // the old file; nil if there is none
	like      *replace.Old    // the new file
	kept      bool            // the new file was given the old one's metadata
	narrowed  bool            // the announced sidecar may be read by fewer users than the new file
}

// newSeal reads the existing sidecar.
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

// recall finds the digest of the current content in the sidecar. It reads the content only if the
// sidecar has several digests, as after a crash, or none.
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
	} // otherwise the content is damaged: all digests are kept, so that the damage is not hidden
	return nil
}

func digestOf(old *replace.Old) (string, error) {
	return sidecar.SumReader(io.NewSectionReader(old.File, 0, old.Info.Size))
}

// Write implements io.Writer. It never fails.
func (s *seal) Write(p []byte) (int, error) { return s.hash.Write(p) }

// made gives the sidecar of the written content.
func (s *seal) made() sidecar.Sidecar {
	return sidecar.Sidecar{Digest: hex.EncodeToString(s.hash.Sum(nil))}
}

// vouchOld checks the content before an append, after it was written through the seal. A new checksum of a
// damaged content with a tail would hide the damage.
func (s *seal) vouchOld() error {
	if !s.had {
		return nil
	}
	return s.file.vouch(s.made().Digest)
}

// announce makes the sidecar accept the new content beside the old one.
func (s *seal) announce(coming sidecar.Sidecar) error {
	coming.Previous = slices.Concat(coming.Previous, s.previous)
	coming.Previous = slices.DeleteFunc(coming.Previous, func(p string) bool { return p == coming.Digest })
	s.announced = coming
	// The sidecar has digests of both contents. So a user must be able to read both files to read it.
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

// notYet marks an ErrNotDurable that comes before the change of the content: the file has its old
// content.
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

// finish makes the sidecar accept only the new content, or takes the announcement back. The sidecar is
// right even without this step, so a failure is only reported.
func (s *seal) finish(outcome error) {
	var err error
	switch {
	case errors.Is(outcome, errors.ErrNotDurable):
		return // after a crash the file may have either content
	case outcome != nil:
		s.takeBack()
	case s.after.Digest == "":
		err = s.file.unseal(s.options)
	case s.narrowed || !slices.Equal(s.announced.Previous, s.after.Previous):
		err = s.file.writeSidecar(s.after, s.like, nil, s.options)
	}
	s.reportLeft(err)
}

// takeBack restores the sidecar from before the announcement.
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

// writeSidecar replaces the sidecar. The users may read the new one who may read the file like, and the
// file and if that is not nil. Its temp has the same owner as the file's, so a holder that has lost the
// lock can't rename it any more.
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
	if err != nil && vfs.WriteRefused(err) {
		return fmt.Errorf("%s can't be made: its directory has to be writable for a checksum; leave WithChecksum out, or mount it so: %w",
			name+sidecar.Suffix, err)
	}
	if err != nil {
		return err
	}
	defer temp.Abort()
	text := side.Text // a restored sidecar has its old text
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

// Seal implements store.Session. It changes only the sidecar, so the file itself need not be
// replaceable.
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
	// An older sidecar is replaced, whatever its content is. A link or a directory is not.
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
	return replace.SyncDirs(o.Policy, f.dir)
}

// sealed reports whether the sidecar has exactly the digest of the old content, and can be read only by
// users who may read the content.
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

// vouch compares the digest of a content with the sidecar.
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
