package disk

import (
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/environ"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// environment holds the guarantees for a file and its lock, as long as the lock is held.
type environment struct {
	dir       environ.Directory
	lock      environ.Verdict // of the lock's directory
	elsewhere bool            // the lock's directory is not the file's own
	noLock    bool
}

// judge finds the guarantees for the file. It returns an error, before the lock file is made, if the
// options allow no change.
func (f *file) judge(self vfs.Info, target *vfs.Info, o store.Options, noLock bool) (err error) {
	f.env.noLock = noLock
	if f.env.dir, err = environ.JudgeDir(f.dir, self); err != nil {
		return err
	}
	if f.lockDir != f.dir {
		if f.env.lock, err = verdictOf(f.lockDir); err != nil {
			return err
		}
		f.env.elsewhere = true
	}
	return f.admit(o, target)
}

func verdictOf(dir vfs.Dir) (environ.Verdict, error) {
	self, err := dir.Self()
	if err != nil {
		return environ.Verdict{}, err
	}
	judged, err := environ.JudgeDir(dir, self)
	return judged.Verdict(), err
}

// require compares the guarantees that a change needs with those of the environment. If one is missing, the
// policy decides: it returns an error, or reports the loss. target is the file to
// change; nil if there is none yet. Every kind of change calls require before it touches anything.
func (f *file) require(o store.Options, target *vfs.Info) error {
	o.Bare = false
	return f.admit(o, target)
}

func (f *file) admit(o store.Options, target *vfs.Info) error {
	v, err := f.env.dir.Judge(f.name, target)
	if err != nil {
		return err
	}
	var s shortfall
	if !o.Bare {
		s.compare(&v, environ.AtomicVisibility, environ.CrashDurability)
	}
	lock := &v
	if f.env.elsewhere {
		lock = &f.env.lock
	}
	if !f.env.noLock {
		s.compare(lock, environ.WriterExclusion)
	}
	if !o.Bare && o.Checksum {
		s.compare(&v, environ.IntegrityDetection)
	}
	if s.reasons == nil {
		return nil
	}
	return o.Policy.WeakenOr(s.String(), s.advice(), s.cause())
}

// shortfall holds the missing guarantees of an environment.
type shortfall struct {
	reasons                 []reason
	readOnly, fixed, pseudo bool
}

// reason is the reason why guarantees are missing.
type reason struct {
	filesystem, why string
	lost            []string // guarantees
}

// compare adds the guarantees in relied that can't be kept.
func (s *shortfall) compare(v *environ.Verdict, relied ...environ.Guarantee) {
	for _, g := range relied {
		if !v.Level(g).Refused() {
			continue
		}
		s.readOnly, s.fixed = s.readOnly || v.ReadOnly, s.fixed || v.Fixed
		s.pseudo = s.pseudo || v.Class == environ.Pseudo
		if n := len(s.reasons); n == 0 || s.reasons[n-1].why != v.Why(g) || s.reasons[n-1].filesystem != v.Filesystem {
			s.reasons = append(s.reasons, reason{filesystem: v.Filesystem, why: v.Why(g)})
		}
		last := &s.reasons[len(s.reasons)-1]
		last.lost = append(last.lost, g.String())
	}
}

// String gives the same text for the same cause, so that it is logged once.
func (s *shortfall) String() string {
	var text strings.Builder
	for i, r := range s.reasons {
		if i > 0 {
			text.WriteString("; ")
		}
		on := r.filesystem
		if on == "" {
			on = "an unknown filesystem"
		}
		fmt.Fprintf(&text, "no %s on %s (%s)", strings.Join(r.lost, ", "), on, r.why)
	}
	return text.String()
}

// advice says what the user can do. It does not name WithSafety(Warn) if nothing can be written at
// all. For an attribute, the reason names chattr(1) already.
func (s *shortfall) advice() string {
	switch {
	case s.readOnly:
		return "a write or a transaction, which takes the lock, needs a directory that can be written, and a read outside of a transaction does not: " +
			"keep file and lock in another directory, or remount"
	case s.fixed:
		return ""
	case s.pseudo:
		return "keep file and lock on another filesystem"
	}
	return "keep file and lock on another filesystem, or accept less with WithSafety(Warn)"
}

// cause also matches the error that the system would have given.
func (s *shortfall) cause() error {
	switch {
	case s.readOnly:
		return fmt.Errorf("%w: %w", errors.ErrUnsupportedEnvironment, syscall.EROFS)
	case s.fixed:
		return fmt.Errorf("%w: %w", errors.ErrUnsupportedEnvironment, fs.ErrPermission)
	}
	return errors.ErrUnsupportedEnvironment
}
