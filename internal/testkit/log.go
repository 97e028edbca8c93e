package testkit

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// Log takes what is logged, a line a record, and may be looked at meanwhile.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Logger is a logger that writes to the log.
func (l *Log) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// Reset empties the log.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// String is the whole log.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Records are the lines of the log.
func (l *Log) Records() []string {
	text := strings.TrimSuffix(l.String(), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// Quiet is the logger of those whose complaints are expected.
var Quiet = slog.New(slog.DiscardHandler)
