package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

const workers = 3

// run submits the jobs, works on all jobs in the pipeline, also on those of an earlier run, and prints the state
// afterwards.
func (p *pipeline) run(ctx context.Context, jobs [][]int) error {
	for _, numbers := range jobs {
		id, added, err := p.submit(ctx, numbers)
		if err != nil {
			return err
		}
		if added {
			p.say("%s submitted: %s", id, list(numbers))
		} else {
			p.say("%s is known: %s", id, list(numbers))
		}
	}
	active, err := p.active.ReadOr(ctx, nil)
	if err != nil {
		return err
	}
	err = p.share(ctx, slices.Sorted(maps.Keys(active)))
	return errors.Join(err, p.report(context.WithoutCancel(ctx)))
}

// share distributes the jobs to the workers.
func (p *pipeline) share(ctx context.Context, ids []string) error {
	todo := make(chan string, len(ids))
	for _, id := range ids {
		todo <- id
	}
	close(todo)
	var all sync.WaitGroup
	failed := make([]error, workers)
	for i := range workers {
		all.Go(func() { failed[i] = p.work(ctx, fmt.Sprintf("worker %d", i+1), todo) })
	}
	all.Wait()
	return errors.Join(failed...)
}

func (p *pipeline) work(ctx context.Context, worker string, todo <-chan string) error {
	for id := range todo {
		err := p.process(ctx, id, worker)
		if errors.Is(err, errOvertaken) {
			p.say("%s is in the hands of another run", id)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s, job %s: %w", worker, id, err)
		}
	}
	return nil
}

// process takes a job through the stages that are left.
func (p *pipeline) process(ctx context.Context, id, worker string) error {
	for {
		reached, err := p.step(ctx, id, worker)
		if err != nil {
			return err
		}
		p.say("%s %s by %s", id, reached, worker)
		if reached == finalised {
			return nil
		}
	}
}

// step takes a job through its next stage, and returns that stage.
func (p *pipeline) step(ctx context.Context, id, worker string) (stage, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	jobs, err := p.active.Read(ctx)
	if err != nil {
		return "", err
	}
	j, exists := jobs[id]
	if !exists {
		return "", errOvertaken
	}
	from := j.Stage
	switch j.Worker = worker; from {
	case submitted:
		j.validate()
	case validated:
		j.compute()
		err = wait(ctx, p.slow)
	case computed, rejected:
		return finalised, p.finalise(ctx, id, j.outcome)
	default:
		err = fmt.Errorf("there is no stage %q; correct it in %s", from, p.active.Path())
	}
	if err != nil {
		return "", err
	}
	return j.Stage, p.advance(ctx, id, from, j)
}

// wait stands for work that takes time.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pipeline) report(ctx context.Context) error {
	active, through, err := p.status(ctx)
	if err != nil {
		return err
	}
	p.say("")
	for _, id := range slices.Sorted(maps.Keys(active)) {
		p.say("%s is %s", id, active[id].Stage)
	}
	for _, id := range slices.Sorted(maps.Keys(through.Jobs)) {
		if o := through.Jobs[id]; o.Rejected != "" {
			p.say("%s was rejected: %s", id, o.Rejected)
		} else {
			p.say("%s: %d to %d, sum %d, of the squares %d, average %g", id, o.Low, o.High, o.Sum, o.Squares, o.Average)
		}
	}
	p.say("%d jobs active, %d through", len(active), through.Total)
	return nil
}

// list shows the first few numbers of a job.
func list(numbers []int) string {
	const few = 10
	if len(numbers) == 0 {
		return "no numbers"
	}
	if len(numbers) > few {
		return list(numbers[:few]) + fmt.Sprintf(" and %d more", len(numbers)-few)
	}
	return strings.Trim(fmt.Sprint(numbers), "[]")
}
