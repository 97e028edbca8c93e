package etcd

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holdfast-go/holdfast/errors"
)

const (
	firstPause = 10 * time.Millisecond  // before a request is sent again
	maxPause   = 320 * time.Millisecond // the pause doubles up to this
	attempts   = 4                      // the part of the time that one attempt may take is 1/attempts
)

// noAnswer is the error of a request that the cluster did not answer in time.
type noAnswer struct {
	waited time.Duration
	err    error // of the last attempt
}

func (e *noAnswer) Error() string {
	return fmt.Sprintf("the cluster gave no answer within %v: %v", e.waited.Round(time.Millisecond), e.err)
}

func (e *noAnswer) Is(target error) bool {
	return target == errors.ErrTimeout || target == context.DeadlineExceeded
}

func (e *noAnswer) Unwrap() error { return e.err }

// ask sends a request that may be sent several times, until it is answered, refused, or the time is over.
// Every attempt has a part of the time, since a server that hangs must not use up all of it.
func (s *Store) ask(ctx context.Context, within time.Duration, send func(ctx context.Context) error) error {
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		if err := s.client.Ctx().Err(); err != nil {
			return closed(err)
		}
		attempt, done := context.WithTimeout(bounded, within/attempts)
		err := send(attempt)
		done()
		if err == nil || refused(err) {
			return translate(err)
		}
		select {
		case <-time.After(pause):
		case <-bounded.Done():
		}
		if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return ctx.Err()
		}
		if bounded.Err() != nil {
			return &noAnswer{time.Since(began), err}
		}
	}
}

// closed is the error of a request of a client that its owner has closed.
func closed(err error) error {
	return fmt.Errorf("the client of the cluster is closed: %w: %w", fs.ErrClosed, err)
}

// codeOf is the code of an error of a request.
func codeOf(err error) codes.Code {
	var e rpctypes.EtcdError
	if errors.As(err, &e) {
		return e.Code()
	}
	return status.Code(err)
}

// refused reports whether an error is the cluster's answer: then the request was not carried out, and
// it would not be if it was sent again.
func refused(err error) bool {
	if errors.Is(err, errors.ErrLockLost) || errors.Is(err, errors.ErrChanged) {
		return true
	}
	switch codeOf(err) {
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.PermissionDenied, codes.FailedPrecondition,
		codes.OutOfRange, codes.Unimplemented, codes.Unauthenticated, codes.DataLoss:
		return true
	case codes.ResourceExhausted:
		return !errors.Is(err, rpctypes.ErrTooManyRequests)
	}
	return false
}

// translate gives the library's own errors for those of the cluster that have one.
func translate(err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrRequestTooLarge):
		return fmt.Errorf("%w: the server refuses a request of this size; raise its --max-request-bytes: %w", errors.ErrTooLarge, err)
	case errors.Is(err, rpctypes.ErrTooManyOps):
		return fmt.Errorf("%w: the server refuses so many operations in one transaction; change fewer files at once, or raise its --max-txn-ops: %w", errors.ErrTooLarge, err)
	}
	return err
}

// within is how long a step before the lock may wait for an answer.
func (s *Store) within(caller time.Duration) time.Duration {
	if caller > 0 {
		return min(caller, s.timeout)
	}
	return s.timeout
}
