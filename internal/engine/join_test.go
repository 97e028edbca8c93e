package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// in is a request with a context.
func in(ctx context.Context, path string) *Request {
	r := request(path)
	r.Context = ctx
	return r
}

func TestAJoinedFunctionSeesAndStagesWithTheRest(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		var seen, outer string
		must(t, e.Do(request("f"), func(tx *Tx) error {
			tx.Put([]byte("1"))
			ctx := tx.In(context.Background())
			must(t, e.Do(in(ctx, "f"), func(tx *Tx) error {
				tx.Append([]byte("2"))
				return e.Do(in(tx.In(ctx), "f"), func(tx *Tx) error {
					tx.Append([]byte("3"))
					return look(&seen)(tx)
				})
			}))
			must(t, e.Do(in(ctx, "g"), put("another file")))
			return look(&outer)(tx)
		}))
		if seen != "123" || outer != "123" || s.content("f") != "123" || len(s.commits("f")) != 1 {
			t.Errorf("saw %q and %q, and the file holds %q after %d commits", seen, outer, s.content("f"), len(s.commits("f")))
		}
		if s.content("g") != "another file" {
			t.Errorf("the other file holds %q", s.content("g"))
		}
	})
}

// fails runs a function inside another's transaction that stages and then ends
// in one of the ways to fail.
func fails(t *testing.T, e *Engine, ctx context.Context, end func() error, want any, before func(tx *Tx)) {
	t.Helper()
	got := outcome(func() error {
		return e.Do(in(ctx, "f"), func(tx *Tx) error {
			before(tx)
			return end()
		})
	})
	if got != want {
		t.Errorf("the joined function ended with %v, want %v", got, want)
	}
}

func TestAJoinedFunctionIsASavepoint(t *testing.T) {
	for _, way := range waysToFail {
		t.Run(way.name, func(t *testing.T) {
			simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
				s.change("f", "old")
				must(t, e.Do(request("f"), func(tx *Tx) error {
					ctx := tx.In(context.Background())
					fails(t, e, ctx, way.end, way.outcome, func(tx *Tx) { must(t, tx.Remove()) })
					tx.Append([]byte("1"))
					fails(t, e, ctx, way.end, way.outcome, func(tx *Tx) {
						tx.Append([]byte("undone"))
						ctx := tx.In(ctx)
						fails(t, e, ctx, way.end, way.outcome, func(tx *Tx) { tx.Put(nil) })
						must(t, e.Do(in(ctx, "f"), extend("undone with the one around it")))
					})
					must(t, e.Do(in(ctx, "f"), func(tx *Tx) error {
						tx.Append([]byte("2"))
						fails(t, e, tx.In(ctx), way.end, way.outcome, func(tx *Tx) { tx.Put([]byte("undone")) })
						return nil
					}))
					return nil
				}))
				if s.content("f") != "old12" {
					t.Errorf("the file holds %q, want %q", s.content("f"), "old12")
				}
			})
		})
	}
}

func TestATransactionWhoseJoinsAllFailedCommitsNothing(t *testing.T) {
	s := newFakeStore(0)
	e := newEngine(s)
	must(t, e.Do(request("f"), func(tx *Tx) error {
		fails(t, e, tx.In(context.Background()), func() error { return errOwn }, errOwn, func(tx *Tx) { tx.Put([]byte("new")) })
		return nil
	}))
	if len(s.commits("f")) != 0 {
		t.Errorf("the file holds %q", s.content("f"))
	}
}

func TestJoinsFromSeveralGoroutinesTakeTurns(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		must(t, e.Do(request("f"), func(tx *Tx) error {
			ctx := tx.In(context.Background())
			var joins sync.WaitGroup
			for i := range 100 {
				joins.Go(func() {
					err := e.Do(in(ctx, "f"), func(tx *Tx) error {
						if err := increment(tx); err != nil || i%10 == 0 {
							return errors.Join(err, errOwn)
						}
						time.Sleep(time.Millisecond) // so that all others come meanwhile
						return nil
					})
					if (err == nil) != (i%10 != 0) {
						t.Errorf("join %d: %v", i, err)
					}
				})
			}
			joins.Wait()
			return nil
		}))
		if s.content("f") != "90" {
			t.Errorf("90 of 100 joined increments came to %s", s.content("f"))
		}
	})
}

// If another goroutine has written during a function that failed, its writes can't be separated from
// the function's own writes, so nothing is written.
func TestAJoinThatFailsBesideAnotherWriterFailsTheTransaction(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		err := e.Do(request("f"), func(tx *Tx) error {
			outer := tx
			fails(t, e, tx.In(context.Background()), func() error { return errOwn }, errOwn, func(tx *Tx) {
				tx.Append([]byte("undone"))
				outer.Append([]byte("who knows"))
			})
			return nil
		})
		if err == nil || s.content("f") != "nothing" {
			t.Errorf("got %v, and the file holds %q", err, s.content("f"))
		}
	})
}

// A join waits for the join before it, and its limits hold for that wait too.
func TestTheWaitForAnotherJoinHasALimit(t *testing.T) {
	for _, limit := range limits {
		simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
			must(t, e.Do(request("f"), func(tx *Tx) error {
				ctx := tx.In(context.Background())
				release := make(chan struct{})
				holder := begin(e, in(ctx, "f"), func(*Tx) error { <-release; return nil })
				r := request("f")
				end := limit.limit(r)
				defer end()
				if r.Context == nil {
					r.Context = context.Background()
				}
				r.Context = tx.In(r.Context)
				start := time.Now()
				err := e.Do(r, put("new"))
				if time.Since(start) != limit.waits {
					t.Errorf("%s: gave up after %v", limit.name, time.Since(start))
				}
				for _, want := range limit.match {
					if !errors.Is(err, want) {
						t.Errorf("%s: %v does not match %v", limit.name, err, want)
					}
				}
				close(release)
				return <-holder
			}))
		})
	}
}

// Whatever joins and fails in whatever order, what stays is what succeeded.
func TestSavepointsOfManyShapes(t *testing.T) {
	for seed := range uint64(200) {
		s := newFakeStore(0)
		e := newEngine(s)
		shape := newShape(seed)
		var want []string
		must(t, e.Do(request("f"), func(tx *Tx) error {
			want = shape.play(e, tx, tx.In(context.Background()), 0)
			return nil
		}))
		got := strings.TrimPrefix(s.content("f"), "nothing")
		if got != strings.Join(want, "") {
			t.Fatalf("seed %d: the file holds %q, want %q", seed, got, fmt.Sprint(want))
		}
	}
}
