// Package safety decides what happens if a guarantee can't be kept for a file. No other package weakens
// a guarantee, so none is weakened in silence.
package safety

import (
	"fmt"
	"log/slog"
	"sync"
)

// Level says what a write does if a guarantee can't be kept.
type Level uint8

const (
	// Strict makes the write fail.
	Strict Level = iota
	// Warn goes on and logs each cause once.
	Warn
	// BestEffort goes on without a log record.
	BestEffort
)

// Policy is a level and the log for its reports. The zero Policy is Strict and reports
// to slog's default logger.
type Policy struct {
	Level Level
	Log   *Log
}

// Same reports whether two writers have the same policy, so that one commit may serve both.
func (p Policy) Same(q Policy) bool { return p.Level == q.Level && p.Log.logger() == q.Log.logger() }

// Covers reports whether p is at least as strict as q.
func (p Policy) Covers(q Policy) bool { return p.Level <= q.Level }

// Weaken is called if a guarantee or a property can't be kept. It returns an error if the operation must stop, and
// nil if it goes on.
func (p Policy) Weaken(what string, why error) error { return p.WeakenOr(what, "", why) }

// WeakenOr is Weaken with advice. The advice is part of the error. It is not part of the log record of a policy
// that accepts the loss.
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

// Report logs a loss that stops no operation.
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
	seen   sync.Map     // the causes that were logged; there are few, since the library writes their texts
}

func (l *Log) logger() *slog.Logger {
	if l == nil || l.Logger == nil {
		return slog.Default()
	}
	return l.Logger
}

// once logs a record, unless this Log has logged the same cause before.
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

// WarnOnce logs a record, unless this Log has had one with the same message before.
func (l *Log) WarnOnce(msg string, args ...any) {
	if l != nil {
		if _, again := l.seen.LoadOrStore(msg, true); again {
			return
		}
	}
	l.logger().Warn(msg, args...)
}

// Warn logs a record at each call.
func (l *Log) Warn(msg string, args ...any) { l.logger().Warn(msg, args...) }
