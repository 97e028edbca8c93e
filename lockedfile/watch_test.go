package lockedfile_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestAWatchSeesTheLastOfManyUpdatesThatShareCommits(t *testing.T) {
	const callers, each = 8, 50
	f := lockedfile.New[counters](filepath.Join(t.TempDir(), "f.json"))
	var all sync.WaitGroup
	last := 0
	for v, err := range f.Watch(t.Context()) {
		switch {
		case errors.Is(err, fs.ErrNotExist) && last == 0:
			for range callers {
				all.Go(func() {
					for range each {
						testkit.WantNil(t, "Update", f.Update(func(v *counters) error { (*v)["n"]++; return nil }))
					}
				})
			}
		case err != nil:
			t.Fatal(err)
		case v["n"] <= last:
			t.Fatalf("%d was yielded after %d", v["n"], last)
		}
		if last = v["n"]; last == callers*each {
			break
		}
	}
	all.Wait()
}

func TestAWatchInsideATransactionOfItsFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	f := lockedfile.NewContext[counters](filepath.Join(dir, "f.json"))
	other := lockedfile.NewContext[counters](filepath.Join(dir, "other.json"))
	testkit.Must(t, other.Write(t.Context(), counters{"other": 1}))
	testkit.Must(t, f.Locked(t.Context(), func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
		n := 0
		for _, err := range f.Watch(ctx) {
			n++
			testkit.WantIs(t, "Watch", err, errors.ErrLock)
		}
		if n != 1 {
			t.Errorf("%d elements", n)
		}
		for v, err := range other.Watch(ctx) {
			if err != nil || v["other"] != 1 {
				t.Errorf("another file: %v, %v", v, err)
			}
			break
		}
		return nil
	}))
	testkit.Must(t, f.Write(t.Context(), counters{"n": 1}))
	for v, err := range f.Watch(t.Context()) {
		if err != nil || v["n"] != 1 {
			t.Errorf("after the transaction: %v, %v", v, err)
		}
		break
	}
}

func TestAWatchOfAHandleWithoutAConstructorIsAnError(t *testing.T) {
	var locked lockedfile.LockedFile[counters]
	var withContext lockedfile.ContextFile[counters]
	for _, seq := range []func(func(counters, error) bool){locked.Watch(t.Context()), withContext.Watch(t.Context())} {
		n := 0
		seq(func(_ counters, err error) bool {
			n++
			testkit.WantIs(t, "Watch", err, fs.ErrInvalid)
			return true
		})
		if n != 1 {
			t.Errorf("%d elements", n)
		}
	}
}

func TestAWatchOfAMissingFileYieldsTheDefaults(t *testing.T) {
	type config struct{ Port, Workers int }
	f := lockedfile.New[config](filepath.Join(t.TempDir(), "f.json"), safefile.WithDefaults(func() config { return config{8080, 4} }))
	steps := []struct {
		change func() error
		want   config
	}{
		{func() error { return nil }, config{8080, 4}},
		{func() error { return f.WriteBytes([]byte(`{"Port": 9090}`)) }, config{9090, 4}},
		{func() error { return f.Update(func(c *config) error { c.Workers = 8; return nil }) }, config{9090, 8}},
		{f.Remove, config{8080, 4}},
	}
	step := 0
	for got, err := range f.Watch(t.Context()) {
		if err != nil || got != steps[step].want {
			t.Fatalf("step %d: %v, %v; want %v", step, got, err, steps[step].want)
		}
		if step++; step == len(steps) {
			break
		}
		testkit.Must(t, steps[step].change())
	}
}
