package errors

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// TimeoutError says which lock was not free, how long the call has waited, and who holds the lock if
// that is known. It matches [ErrTimeout] and [context.DeadlineExceeded]. With a Timeout of 0, which
// means that the call did not wait, it matches [ErrLocked] too.
type TimeoutError struct {
	Path    string        // the file whose lock was waited for
	Timeout time.Duration // how long the call was allowed to wait
	// Holder names the holder of the lock. A call of this process is "this process at FILE:LINE",
	// with the position if that is known. Another process is its quoted record in
	// the lock file. Holder is empty if the holder is unknown.
	Holder string
	Cause  error // the context's cause if a context ended the wait; nil otherwise
}

func (e *TimeoutError) Error() string {
	text := "the lock was not free within " + e.Timeout.String()
	if e.Timeout <= 0 {
		text = "the lock is held"
	}
	if e.Holder != "" {
		text += ", held by " + e.Holder
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Is reports whether target is ErrTimeout, context.DeadlineExceeded or, if the call did not wait,
// ErrLocked.
func (e *TimeoutError) Is(target error) bool {
	switch target {
	case ErrTimeout, context.DeadlineExceeded:
		return true
	case ErrLocked:
		return e.Timeout <= 0 && e.Cause == nil
	}
	return false
}

// Unwrap gives Cause.
func (e *TimeoutError) Unwrap() error { return e.Cause }

// DecodeError says where the content of a file is not valid. It matches [ErrDecode]. Line and Column
// count from 1, and are 0 if the format does not know them. Offset counts from 0, and is -1 if the
// format does not know it.
type DecodeError struct {
	Format string // "json", "yaml", …
	Line   int    // line of the error
	Column int    // column of the error, in bytes
	Offset int64  // number of bytes before the error
	Err    error  // reason
}

func (e *DecodeError) Error() string {
	text := "not valid " + e.Format
	switch {
	case e.Line > 0 && e.Column > 0:
		text += fmt.Sprintf(", line %d, column %d", e.Line, e.Column)
	case e.Line > 0:
		text += ", line " + strconv.Itoa(e.Line)
	case e.Offset >= 0:
		text += ", byte " + strconv.FormatInt(e.Offset, 10)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is reports whether target is ErrDecode.
func (e *DecodeError) Is(target error) bool { return target == ErrDecode }

// Unwrap gives Err.
func (e *DecodeError) Unwrap() error { return e.Err }

// EncodeError says why a value can't be written in a format. It matches [ErrEncode]. The file was not
// written.
type EncodeError struct {
	Format string // "json", "yaml", …
	Err    error  // reason, and what to do
}

func (e *EncodeError) Error() string {
	text := "can't be written as " + e.Format
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is reports whether target is ErrEncode.
func (e *EncodeError) Is(target error) bool { return target == ErrEncode }

// Unwrap gives Err.
func (e *EncodeError) Unwrap() error { return e.Err }
