package handletest

import (
	"context"
	"io/fs"
	"strconv"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

var watching = map[string]func(t *testing.T, p *Place){
	"a watch yields what is there and each state that stays": func(t *testing.T, p *Place) {
		mine := p.context("f.json")
		theirs := lockedfile.New[counters](p.path("f.json"), p.Another)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		steps := []struct {
			change func()
			n      int
			err    error
		}{
			{func() {}, 0, fs.ErrNotExist},
			{func() { testkit.Must(t, theirs.Write(counters{"n": 1})) }, 1, nil},
			{func() { testkit.Must(t, mine.Update(ctx, func(v *counters) error { (*v)["n"]++; return nil })) }, 2, nil},
			{func() { p.Put(mine.Path(), `{"n":3}`) }, 3, nil},
			{func() { p.Put(mine.Path(), `{`) }, 0, errors.ErrDecode},
			{func() { testkit.Must(t, theirs.Write(counters{"n": 4})) }, 4, nil},
			{func() { testkit.Must(t, theirs.Remove()) }, 0, fs.ErrNotExist},
			{func() { testkit.Must(t, theirs.Write(counters{"n": 5})) }, 5, nil},
		}
		step := 0
		steps[0].change()
		for v, err := range mine.Watch(ctx) {
			if v["n"] != steps[step].n || !errors.Is(err, steps[step].err) {
				t.Fatalf("step %d: %v, %v", step, v, err)
			}
			if step++; step == len(steps) {
				cancel()
				continue
			}
			steps[step].change()
		}
		if step != len(steps) {
			t.Errorf("the watch ended after %d of %d steps", step, len(steps))
		}
	},

	"a watch sees no older state after a newer one, and the last one in the end": func(t *testing.T, p *Place) {
		const last = 200
		theirs := lockedfile.New[string](p.path("f.txt"), p.Another)
		testkit.Must(t, theirs.Write("0"))
		result := make(chan error)
		go func() {
			var err error
			for i := 1; i <= last && err == nil; i++ {
				err = theirs.Write(strconv.Itoa(i))
			}
			result <- err
		}()
		seen, yields := -1, 0
		for v, err := range p.text("f.txt").Watch(context.Background()) {
			testkit.Must(t, err)
			n, err := strconv.Atoi(v)
			testkit.Must(t, err)
			if n <= seen {
				t.Errorf("%d after %d", n, seen)
			}
			seen, yields = n, yields+1
			if n == last {
				break
			}
		}
		testkit.Must(t, <-result)
		t.Logf("%d of %d states were yielded", yields, last+1)
	},
}
