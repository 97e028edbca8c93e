package handletest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

var exclusion = map[string]func(t *testing.T, p *Place){
	"no update of many callers is lost and readers see no part": func(t *testing.T, p *Place) {
		const callers, each = 16, 10
		handles := []*lockedfile.LockedFile[[]string]{
			lockedfile.New[[]string](p.path("f.json"), p.Options), lockedfile.New[[]string](p.path("f.json"), p.Another),
		}
		var writers, readers sync.WaitGroup
		done := make(chan struct{})
		for _, f := range handles {
			readers.Go(func() {
				for last := 0; ; {
					v, err := f.ReadOr(nil)
					testkit.WantNil(t, "ReadOr", err)
					if len(v) < last {
						t.Errorf("a reader saw %d updates after %d", len(v), last)
					}
					last = len(v)
					select {
					case <-done:
						return
					default:
					}
				}
			})
		}
		for i := range callers {
			writers.Go(func() {
				for range each {
					err := handles[i%2].Update(func(v *[]string) error { *v = append(*v, strings.Repeat("x", 100)); return nil })
					testkit.WantNil(t, "Update", err)
				}
			})
		}
		writers.Wait()
		close(done)
		readers.Wait()
		if v, err := handles[0].Read(); err != nil || len(v) != callers*each {
			t.Errorf("%d updates are there, %v, want %d", len(v), err, callers*each)
		}
	},

	"LockAll in several orders at once loses nothing": func(t *testing.T, p *Place) {
		const callers, each = 6, 5
		names := []string{"a.json", "b.json", "c.json"}
		var all sync.WaitGroup
		for i := range callers {
			opt := p.Options
			if i%2 == 0 {
				opt = p.Another
			}
			var paths []string
			for j := range names {
				paths = append(paths, p.path(names[(i+j)%len(names)]))
			}
			if i >= len(names) {
				slices.Reverse(paths)
			}
			all.Go(func() {
				for range each {
					err := lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
						for _, path := range paths {
							f := lockedfile.NewContext[counters](path, opt)
							if err := f.Update(ctx, func(v *counters) error { (*v)["n"]++; return nil }); err != nil {
								return err
							}
						}
						return nil
					}, opt)
					testkit.WantNil(t, "LockAll", err)
				}
			})
		}
		all.Wait()
		for _, name := range names {
			if v, err := p.counters(name).Read(); err != nil || v["n"] != callers*each {
				t.Errorf("%s counted %v, %v, want %d", name, v, err, callers*each)
			}
		}
	},

	"opposite moves do not wait for each other": func(t *testing.T, p *Place) {
		testkit.Must(t, safefile.WriteFile(p.path("a"), []byte("a"), p.Options))
		var movers sync.WaitGroup
		for i, opt := range []safefile.Option{p.Options, p.Another} {
			from, to := p.path("a"), p.path("b")
			if i == 1 {
				from, to = to, from
			}
			movers.Go(func() {
				for range 20 {
					_ = safefile.Move(from, to, opt) // there may be nothing to move
				}
			})
		}
		movers.Wait()
		if a, b := p.content("a"), p.content("b"); (a == testkit.Missing) == (b == testkit.Missing) {
			t.Errorf("a holds %q, b holds %q", a, b)
		}
	},
}
