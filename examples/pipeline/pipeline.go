package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// pipeline has the two files, and the transactions that move a job to its next stage.
type pipeline struct {
	active  *lockedfile.ContextFile[map[string]job]
	results *lockedfile.ContextFile[results]
	options safefile.Option // of both files
	slow    time.Duration
	say     func(format string, args ...any)
}

func open(dir string, patience time.Duration) *pipeline {
	options := safefile.WithOptions(safefile.WithTimeout(patience), safefile.WithParents(0o777))
	return &pipeline{
		active:  lockedfile.NewContext[map[string]job](filepath.Join(dir, "active.json"), options),
		results: lockedfile.NewContext[results](filepath.Join(dir, "results.json"), options),
		options: options,
		say:     func(string, ...any) {},
	}
}

// errOvertaken ends a transaction without a change: the job is not, or no longer, at the stage that the caller has
// seen.
var errOvertaken = errors.New("somebody else has moved the job on")

// submit adds a job, unless one of the files has it already. It reads both files under both locks. Without the
// locks, the job might move from one file to the other between the two reads.
func (p *pipeline) submit(ctx context.Context, numbers []int) (id string, added bool, err error) {
	id = identify(numbers)
	both := []string{p.active.Path(), p.results.Path()}
	err = persist(func() error {
		return lockedfile.LockAll(ctx, both, func(ctx context.Context) error {
			jobs, err := p.active.ReadOr(ctx, nil)
			if err != nil {
				return err
			}
			through, err := p.results.ReadOr(ctx, results{})
			if err != nil {
				return err
			}
			_, onItsWay := jobs[id]
			_, done := through.Jobs[id]
			if onItsWay || done {
				return errOvertaken
			}
			return p.active.Merge(ctx, map[string]job{id: {Numbers: numbers, Stage: submitted}})
		}, p.options)
	})
	if errors.Is(err, errOvertaken) {
		return id, false, nil
	}
	return id, err == nil, err
}

// advance is the transaction of one stage. It changes the job only if the job is still at the stage at which the worker
// has found it. So if two workers have done the same work, one of them counts. The work itself is done before,
// without the lock, so that the workers compute at the same time.
func (p *pipeline) advance(ctx context.Context, id string, from stage, to job) error {
	return persist(func() error {
		return p.active.Update(ctx, func(jobs *map[string]job) error {
			if now, exists := (*jobs)[id]; !exists || now.Stage != from {
				return errOvertaken
			}
			(*jobs)[id] = to
			return nil
		})
	})
}

// finalise moves a job from one file to the other. LockAll commits both files together, so after a crash the job is in one
// of them and never in both or in neither.
func (p *pipeline) finalise(ctx context.Context, id string, found outcome) error {
	return persist(func() error {
		return lockedfile.LockAll(ctx, []string{p.active.Path(), p.results.Path()}, func(ctx context.Context) error {
			err := p.active.Update(ctx, func(jobs *map[string]job) error {
				if _, waits := (*jobs)[id]; !waits {
					return errOvertaken
				}
				delete(*jobs, id)
				return nil
			})
			if err != nil {
				return err
			}
			return p.results.Update(ctx, func(r *results) error {
				if r.Jobs == nil {
					r.Jobs = map[string]outcome{}
				}
				r.Jobs[id] = found
				r.Total++
				return nil
			})
		}, p.options)
	})
}

// status reads both files under both locks. Without them a job that moves between the two reads could be missed.
func (p *pipeline) status(ctx context.Context) (active map[string]job, through results, err error) {
	err = lockedfile.LockAll(ctx, []string{p.active.Path(), p.results.Path()}, func(ctx context.Context) (err error) {
		if active, err = p.active.ReadOr(ctx, nil); err == nil {
			through, err = p.results.ReadOr(ctx, results{})
		}
		return err
	}, p.options)
	return active, through, err
}

// attempts is the number of times that persist tries.
const attempts = 10

// persist repeats a transaction if a person saves the file with an editor meanwhile, which takes no lock. That change
// is kept. The transaction reads it and decides again.
func persist(transaction func() error) error {
	var err error
	for range attempts {
		if err = transaction(); !errors.Is(err, errors.ErrChanged) {
			return err
		}
	}
	return err
}
