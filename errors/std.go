package errors

import stderrors "errors"

// ErrUnsupported is errors.ErrUnsupported of the standard library.
var ErrUnsupported = stderrors.ErrUnsupported

// New is errors.New of the standard library.
func New(text string) error { return stderrors.New(text) }

// Is is errors.Is of the standard library.
func Is(err, target error) bool { return stderrors.Is(err, target) }

// As is errors.As of the standard library.
func As(err error, target any) bool { return stderrors.As(err, target) }

// Unwrap is errors.Unwrap of the standard library.
func Unwrap(err error) error { return stderrors.Unwrap(err) }

// Join is errors.Join of the standard library.
func Join(errs ...error) error { return stderrors.Join(errs...) }

// AsType finds the first error in err's tree that has the type E. It works as errors.AsType of the
// standard library, which exists since Go 1.26.
func AsType[E error](err error) (E, bool) {
	var found E
	ok := stderrors.As(err, &found)
	return found, ok
}
