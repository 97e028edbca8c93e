package errors

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// TimeoutError says which lock was waited for, for how long, and who held it
// as far as the lock file tells. It matches [ErrTimeout] and
// [context.DeadlineExceeded]; with a Timeout of 0, which means "do not wait",
// it matches [ErrLocked] too.
type TimeoutError struct {
	Path    string        // the file whose lock was waited for
	Timeout time.Duration // how long the caller was ready to wait
	// Holder is who holds the lock: "this process at FILE:LINE" with the call that took
	// it, as far as that is known, or another process's record quoted from the lock
	// file. It is empty if unknown.
	Holder string
	Cause  error // the context's cause if a context ended the wait, else nil
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

// Is matches ErrTimeout and context.DeadlineExceeded, and ErrLocked where no waiting was allowed.
func (e *TimeoutError) Is(target error) bool {
	switch target {
	case ErrTimeout, context.DeadlineExceeded:
		return true
	case ErrLocked:
		return e.Timeout <= 0 && e.Cause == nil
	}
	return false
}

// Unwrap gives the context's cause.
func (e *TimeoutError) Unwrap() error { return e.Cause }

// DecodeError says where in a file its content stopped making sense. It
// matches [ErrDecode]. Line and Column count from 1 and Offset from 0; a
// format that does not know one of them leaves it 0, Offset -1.
type DecodeError struct {
	Format string // "json", "yaml", …
	Line   int    // the line the error is on
	Column int    // the column in that line, in bytes
	Offset int64  // bytes before the error
	Err    error  // what is wrong there
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

// Is matches ErrDecode.
func (e *DecodeError) Is(target error) bool { return target == ErrDecode }

// Unwrap gives what is wrong.
func (e *DecodeError) Unwrap() error { return e.Err }

// EncodeError says why a value can't be written in a format. It matches
// [ErrEncode]. Nothing was written.
type EncodeError struct {
	Format string // "json", "yaml", …
	Err    error  // what is in the way, and what to do
}

func (e *EncodeError) Error() string {
	text := "can't be written as " + e.Format
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is matches ErrEncode.
func (e *EncodeError) Is(target error) bool { return target == ErrEncode }

// Unwrap gives what is in the way.
func (e *EncodeError) Unwrap() error { return e.Err }
