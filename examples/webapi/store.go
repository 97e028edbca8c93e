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
//	settings.yaml           what an operator has set
//	tasks/ID/upload.json    what was uploaded
//	tasks/ID/result.json    the task when it is over
//
// All requests change the ledger, so it stays small. To forget a task that is
// over, delete its directory.
type store struct {
	dir      string
	ledger   *lockedfile.ContextFile[ledger]
	settings *lockedfile.ContextFile[settings]
}

// patience is the longest wait of a call for earlier calls.
const patience = 3 * time.Second

// fileOptions are the options of each file. Directories are made when they are needed.
var fileOptions = safefile.WithOptions(safefile.WithTimeout(patience), safefile.WithParents(0o777))

func newStore(dir string) *store {
	return &store{
		dir:      dir,
		ledger:   lockedfile.NewContext[ledger](filepath.Join(dir, "ledger.json"), fileOptions),
		settings: lockedfile.NewContext[settings](filepath.Join(dir, "settings.yaml"), fileOptions),
	}
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

// accept makes a task of an upload. It writes first the upload, then the ledger. When it returns nil both are durable.
// After a crash in between, the upload belongs to no task, see sweep.
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

// begin records that a task has begun.
func (s *store) begin(ctx context.Context, id string) error {
	return s.change(ctx, func(l *ledger) error {
		if t, waiting := l.Waiting[id]; waiting {
			t.Status, t.Started = processing, time.Now()
			l.Waiting[id] = t
		}
		return nil
	})
}

// finish ends a task. It writes first the result, then the ledger. After a crash in between, the task is still in the
// ledger and is done again. It is counted once, since one change removes and counts it.
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

// task finds a task in the ledger or among the results. It reads the ledger first: a task that is not in it any more
// has its result.
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

// persist tries again if a person has saved the file with an editor meanwhile. Then nothing was written, and the next try
// reads that change.
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

// sweep removes the uploads that were written right before a crash. They are neither in the ledger nor have a result, so
// no client got an answer for them.
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
