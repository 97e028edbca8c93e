package store

import (
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
)

// draft is the one way in which content comes to a name: a temp, and the seal
// that vouches for it.
type draft struct {
	*replace.Temp
	file *file
	old  *replace.Old // nil if there is no file
	seal *seal        // nil without a checksum

	options Options
}

// Draft is of the Session interface.
func (f *file) Draft(o Options) (Draft, error) {
	s, err := f.stream(o)
	if err != nil {
		return nil, f.outcome(err)
	}
	return s, nil
}

func (f *file) stream(o Options) (*stream, error) {
	old, err := f.base(nil)
	if err != nil {
		return nil, err
	}
	var d *draft
	if err = f.require(o, infoOf(old)); err == nil {
		d, err = f.draft(old, o)
	}
	if err != nil {
		old.Close()
		return nil, err
	}
	return &stream{d}, nil
}

// draft begins a new content.
func (f *file) draft(old *replace.Old, o Options) (*draft, error) {
	like := old
	if !keepsMetadata(old, o) {
		like = nil
	}
	temp, err := f.createTemp(old, like, o)
	if err != nil {
		return nil, err
	}
	d := &draft{Temp: temp, file: f, old: old, options: o}
	if o.Checksum {
		if d.seal, err = f.newSeal(o); err == nil {
			err = d.seal.recall(old)
		}
		if err != nil {
			temp.Abort()
			return nil, err
		}
	}
	return d, nil
}

// keepsMetadata reports whether the temp must be like the old file. What is rewritten in
// place keeps its mode, so nobody else may read the temp either.
func keepsMetadata(old *replace.Old, o Options) bool { return o.Metadata || inPlace(infoOf(old)) }

func (d *draft) keepsMetadata() bool { return keepsMetadata(d.old, d.options) }

// createTemp makes the temp beside the file. For a file that is rewritten in place it may also
// lie in the lock directory, and nobody else can ever read it.
func (f *file) createTemp(old, like *replace.Old, o Options) (*replace.Temp, error) {
	if info := infoOf(old); inPlace(info) {
		temp, _, err := f.createIn(f.keepers(info.Ino), o)
		return temp, err
	}
	temp, err := replace.Create(f.dir, f.owner, like, o.Perm, o.Policy)
	if err != nil {
		return nil, noEntry(f.dir, "every change makes the new content there", err)
	}
	return temp, nil
}

func (d *draft) Write(p []byte) (int, error) {
	n, err := d.Temp.Write(p)
	if d.seal != nil {
		d.seal.Write(p[:n])
	}
	return n, err
}

// copyOld begins with what the old file holds, shared or copied in the kernel.
// A seal has to read it all the same, and does not vouch for damage.
func (d *draft) copyOld() error {
	if d.old.File == nil {
		return unreadable(d.file.name)
	}
	size := d.old.Info.Size
	err := d.Temp.CloneFrom(d.old.File, size)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it became shorter while it was copied; try again", errors.ErrChanged)
	}
	if err != nil || d.seal == nil {
		return err
	}
	if _, err := io.Copy(d.seal, io.NewSectionReader(d.old.File, 0, size)); err != nil {
		return err
	}
	return d.seal.vouchOld()
}

// publish makes the content visible and durable.
func (d *draft) publish(guard func() error) (Version, error) {
	if inPlace(infoOf(d.old)) {
		return d.publishInPlace(guard)
	}
	if err := d.Settle(); err != nil {
		return nil, err
	}
	if d.seal != nil {
		like, err := d.Temp.Stat()
		if err == nil {
			err = d.announce(&replace.Old{Info: like, File: d.Temp.File})
		}
		if err != nil {
			return nil, err
		}
	}
	err := d.Temp.Commit(d.file.name, guard)
	d.seal.finish(err)
	if err != nil {
		return d.publishOnMount(guard, err)
	}
	// Asked after the rename, since that changes the ctime, and through the
	// descriptor, since the path may by now name another file.
	at := time.Now()
	info, err := d.Temp.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errors.ErrNotDurable, err) // the old content is gone
	}
	d.file.see(&replace.Old{Info: info, At: at, File: d.Temp.Take()})
	return versionOf(info), nil
}

// announce is the seal's, of the content that was written, for a file like that.
func (d *draft) announce(like *replace.Old) error {
	d.seal.like, d.seal.kept, d.seal.after = like, d.options.Metadata, d.seal.made()
	return d.seal.announce(d.seal.after)
}

// stream is a draft whose content somebody else writes.
type stream struct{ *draft }

// Commit is of the Draft interface. What is written blind goes over whatever is
// there, as any Write does. The file's owner, mode and attributes are those that it has
// now: somebody may have changed them since the stream began.
func (s *stream) Commit() error {
	if s.Temp.File == nil {
		return errFinished
	}
	defer s.Abort()
	return s.file.outcome(s.commit())
}

func (s *stream) commit() error {
	now, err := s.file.old()
	if err != nil {
		return err
	}
	if now != nil { // else what it was like is all that is known
		s.old.Close()
		s.old = now
		if s.seal != nil {
			s.seal.old = now
		}
		if s.keepsMetadata() {
			s.Like(now)
		}
	}
	_, err = s.publish(both(s.file.Check, s.sameMetadata))
	return err
}

// sameMetadata reports ErrChanged if somebody has changed the file's owner, mode, ACL or
// attributes since they were given to the temp, whose fsync may have taken long.
func (s *stream) sameMetadata() error {
	if s.old == nil || !s.keepsMetadata() {
		return nil
	}
	now, err := s.file.dir.Stat(s.file.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	was := s.old.Info
	sameContent := now.Size == was.Size && now.Mtime == was.Mtime
	changed := now.Mode != was.Mode || now.UID != was.UID || now.GID != was.GID || sameContent && now.Ctime != was.Ctime
	if now.ID != was.ID || !changed {
		return nil
	}
	return fmt.Errorf("%w: its owner, mode or attributes were changed while the new content was committed; write it again", errors.ErrChanged)
}

// Abort is of the Draft interface.
func (s *stream) Abort() {
	s.draft.Abort()
	s.old.Close()
}

var errFinished = fmt.Errorf("it was committed or closed before: %w", fs.ErrClosed)

// Write is of the Draft interface.
func (s *stream) Write(p []byte) (int, error) {
	if s.Temp.File == nil {
		return 0, errFinished
	}
	n, err := s.draft.Write(p)
	return n, s.file.outcome(err)
}
