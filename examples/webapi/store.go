package main

import (
	"context"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// store is the service's files:
//
//	ledger.json             the tasks that wait or are under way, and the analytics
//	tasks/ID/upload.json    what was uploaded
//	tasks/ID/result.json    the task when it is over
//
// All requests change the ledger, so it stays small. To forget a task that is
// over, delete its directory.
type store struct {
	dir    string
	ledger *lockedfile.ContextFile[ledger]
}

// patience is how long a call waits for those before it.
const patience = 3 * time.Second

// fileOptions are those of each file. The directories are made as they are needed.
var fileOptions = safefile.WithOptions(safefile.WithTimeout(patience), safefile.WithParents(0o777))

func newStore(dir string) *store {
	return &store{dir, lockedfile.NewContext[ledger](filepath.Join(dir, "ledger.json"), fileOptions)}
}

func (s *store) upload(id string) *lockedfile.ContextFile[any] {
	return lockedfile.NewContext[any](filepath.Join(s.dir, "tasks", id, "upload.json"), fileOptions)
}

func (s *store) result(id string) *lockedfile.ContextFile[task] {
	return lockedfile.NewContext[task](filepath.Join(s.dir, "tasks", id, "result.json"), fileOptions)
}

// idForm matches an ID. An ID comes from a client and becomes part of a path, so every other text is
// refused.
var idForm = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// accept makes a task of an upload. When it returns nil both are durable: first
// the upload, then the ledger, which makes a task of it. After a crash in
// between it belongs to nobody, see sweep.
func (s *store) accept(ctx context.Context, name string, body []byte) (id string, err error) {
	id = rand.Text()
	if err := s.upload(id).WriteBytes(ctx, body); err != nil {
		return "", err
	}
	err = s.change(ctx, func(l *ledger) error { return l.add(id, task{Name: name, Status: pending, Created: time.Now()}) })
	if err != nil && !errors.Is(err, errors.ErrNotDurable) {
		_ = os.RemoveAll(filepath.Join(s.dir, "tasks", id)) // else sweep does it
		return "", err
	}
	return id, err
}

// begin notes that a task is under way.
func (s *store) begin(ctx context.Context, id string) error {
	return s.change(ctx, func(l *ledger) error {
		if t, waiting := l.Waiting[id]; waiting {
			t.Status, t.Started = processing, time.Now()
			l.Waiting[id] = t
		}
		return nil
	})
}

// finish ends a task: first its result, then the ledger. In this order a crash in
// between leaves the task in the ledger, it is done again, and counted once,
// since what counts it also takes it out.
func (s *store) finish(ctx context.Context, id string, found *report, failure string) error {
	l, err := s.ledger.Read(ctx)
	if err != nil {
		return err
	}
	t, waiting := l.Waiting[id]
	if !waiting {
		return nil
	}
	t.end(found, failure)
	if err := persist(func() error { return s.result(id).Write(ctx, t) }); err != nil {
		return err
	}
	return s.change(ctx, func(l *ledger) error {
		l.remove(id, t)
		return nil
	})
}

var errUnknown = errors.New("there is no such task")

// task finds a task wherever it is. It reads the ledger first: a task that has
// left that has its result.
func (s *store) task(ctx context.Context, id string) (task, error) {
	if !idForm.MatchString(id) {
		return task{}, errUnknown
	}
	l, err := s.ledger.ReadOr(ctx, ledger{})
	if err != nil {
		return task{}, err
	}
	if t, waiting := l.Waiting[id]; waiting {
		return t, nil
	}
	t, err := s.result(id).Read(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return task{}, errUnknown
	}
	return t, err
}

// change is a transaction on the ledger.
func (s *store) change(ctx context.Context, fn func(*ledger) error) error {
	return persist(func() error { return s.ledger.Update(ctx, fn) })
}

// persist tries again if somebody has saved the file by hand in the middle of
// it. Then nothing was written, and that change is read the next time.
func persist(transaction func() error) error {
	const attempts = 5
	var err error
	for range attempts {
		if err = transaction(); !errors.Is(err, errors.ErrChanged) {
			return err
		}
	}
	return err
}

// sweep takes away the uploads of which a crash has left no more: they have
// neither a place in the ledger nor a result, so nobody was told of them.
func (s *store) sweep(waiting map[string]task) error {
	entries, err := os.ReadDir(filepath.Join(s.dir, "tasks"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		id := entry.Name()
		if _, known := waiting[id]; known || !idForm.MatchString(id) {
			continue
		}
		_, err := os.Stat(s.result(id).Path())
		if errors.Is(err, fs.ErrNotExist) {
			err = os.RemoveAll(filepath.Join(s.dir, "tasks", id))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
