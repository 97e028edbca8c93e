package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
)

const (
	analysts = 3                // work at the same time
	grace    = 10 * time.Second // for the requests that are under way at the end
	pause    = time.Second      // after a failure of the disk
)

// service has the store, and the queue of tasks for the analysts.
type service struct {
	*store
	alone *lockedfile.Lock
	queue chan string
	slow  time.Duration
}

// open opens a directory and takes over the tasks that an earlier service has not finished.
func open(ctx context.Context, dir string, slow time.Duration) (*service, error) {
	// The queue is in memory, so only one service may run in a directory. The system releases the lock of a
	// service that was killed.
	alone, err := lockedfile.TryAcquire(filepath.Join(dir, "service"), fileOptions)
	if errors.Is(err, errors.ErrLocked) {
		return nil, fmt.Errorf("another service works in %s: %w", dir, err)
	}
	if err != nil {
		return nil, err
	}
	s := &service{store: newStore(dir), alone: alone, slow: slow}
	if err := s.resume(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *service) close() error { return s.alone.Release() }

// resume puts the tasks of the ledger into the queue, the oldest first.
func (s *service) resume(ctx context.Context) error {
	l, err := s.ledger.ReadOr(ctx, ledger{})
	if err != nil {
		return err // a damaged ledger is for a person to look at
	}
	s.queue = make(chan string, len(l.Waiting)+queueLimit) // never full, see ledger.add
	for _, id := range slices.SortedFunc(maps.Keys(l.Waiting), func(a, b string) int {
		return cmp.Or(l.Waiting[a].Created.Compare(l.Waiting[b].Created), cmp.Compare(a, b))
	}) {
		s.queue <- id
	}
	return s.sweep(l.Waiting)
}

// serve answers requests until the context ends. Then it accepts no more requests, waits for those that
// are under way, and stops the analysts. Tasks that they have not done stay in the ledger.
func (s *service) serve(ctx context.Context, listener net.Listener) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var team sync.WaitGroup
	for range analysts {
		team.Go(func() { s.work(work) })
	}
	server := &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err = server.Shutdown(last); err != nil {
			err = errors.Join(err, server.Close())
		}
	}
	stop()
	team.Wait()
	return err
}

// work is one analyst.
func (s *service) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-s.queue:
			s.process(ctx, id)
		}
	}
}

// process finishes a task, unless the context ends before.
func (s *service) process(ctx context.Context, id string) {
	var found *report
	var failure string
	steps := []func() error{
		func() error { return s.begin(ctx, id) },
		func() (err error) { found, failure, err = s.analyse(ctx, id); return err },
		func() error { return s.finish(ctx, id, found, failure) },
	}
	for _, step := range steps {
		if !insist(ctx, id, step) {
			return
		}
	}
}

// analyse analyses an upload. An upload that can't be analysed is a result. An upload that can't be read now is an error.
func (s *service) analyse(ctx context.Context, id string) (found *report, failure string, err error) {
	document, err := s.upload(id).Read(ctx)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrDecode) {
		slog.Warn("an upload can't be read", "task", id, "error", err)
		return nil, "the upload is missing or damaged", nil
	}
	if err != nil {
		return nil, "", err
	}
	if err := wait(ctx, s.slow); err != nil {
		return nil, "", err
	}
	if found, err = analyse(document); err != nil {
		return nil, err.Error(), nil
	}
	return found, "", nil
}

// insist repeats a step until it succeeds, since the upload was acknowledged and no other goroutine will do the step. It
// returns false if the service ends before that.
func insist(ctx context.Context, id string, step func() error) bool {
	for {
		err := step()
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			slog.Warn("a task has to wait", "task", id, "error", err)
		}
		if wait(ctx, pause) != nil {
			return false
		}
	}
}

// wait waits, but not longer than the context.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
