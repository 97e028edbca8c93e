// Package safety decides what happens when the place of a file can't give what
// was asked of it. It is the one spot where a guarantee can be weakened, so that
// none is weakened without a word.
package safety

import (
	"fmt"
	"log/slog"
	"sync"
)

// Level says how a handle takes it.
type Level uint8

const (
	// Strict refuses.
	Strict Level = iota
	// Warn does what can be done and logs each cause once.
	Warn
	// BestEffort does what can be done.
	BestEffort
)

// Policy is a level and where to report. The zero Policy is Strict and reports
// to slog's default logger.
type Policy struct {
	Level Level
	Log   *Log
}

// Same reports whether two writers ask for the same care, so that one commit
// may serve both.
func (p Policy) Same(q Policy) bool { return p.Level == q.Level && p.Log.logger() == q.Log.logger() }

// Covers reports whether p lets nothing pass that q would not.
func (p Policy) Covers(q Policy) bool { return p.Level <= q.Level }

// Weaken is told what can't be kept, and why. It returns an error where that
// must stop the operation, and nil where it goes on.
func (p Policy) Weaken(what string, why error) error { return p.WeakenOr(what, "", why) }

// WeakenOr is Weaken with what to do instead, for whoever it refuses. The log of the
// others does not say it: they have accepted the loss.
func (p Policy) WeakenOr(what, advice string, why error) error {
	switch {
	case p.Level != Strict:
		p.Report(what, why)
		return nil
	case advice != "":
		what += "; " + advice
	}
	return fmt.Errorf("%s: %w", what, why)
}

// Report logs what went less well than asked but stops nobody.
func (p Policy) Report(what string, why error) {
	if p.Level != BestEffort {
		p.Log.once(what, why)
	}
}

// Log writes one record per cause. It is safe for concurrent use; a nil *Log
// writes to slog's default logger, each time.
type Log struct {
	Path   string       // the file the records are about
	Logger *slog.Logger // nil for slog's default
	seen   sync.Map     // by what: the library's own sentences, of which there are few
}

func (l *Log) logger() *slog.Logger {
	if l == nil || l.Logger == nil {
		return slog.Default()
	}
	return l.Logger
}

// once logs a record unless this Log has had its like before.
func (l *Log) once(what string, why error) {
	path := ""
	if l != nil {
		if _, again := l.seen.LoadOrStore(what, true); again {
			return
		}
		path = l.Path
	}
	l.logger().Warn("a file is kept less safely than asked", "path", path, "what", what, "why", why)
}

// Warn logs a condition that somebody should look into, each time.
func (l *Log) Warn(msg string, args ...any) { l.logger().Warn(msg, args...) }
