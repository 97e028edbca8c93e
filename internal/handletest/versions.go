package handletest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

var versions = map[string]func(t *testing.T, p *Place){
	"a write of an older version is ErrChanged": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.WriteIf("one", safefile.Version{})) // there is no file
		testkit.WantIs(t, "WriteIf", f.WriteIf("again", safefile.Version{}), errors.ErrChanged)
		_, seen, err := f.ReadVersion()
		testkit.Must(t, err)
		p.Put(f.Path(), "theirs")
		testkit.WantIs(t, "WriteIf", f.WriteIf("mine", seen), errors.ErrChanged)
		p.want(t, "f.txt", "theirs")
		p.Put(f.Path(), "one") // equal content has an equal version
		testkit.Must(t, f.WriteIf("mine", seen))
		p.want(t, "f.txt", "mine")
	},

	"of many writes of one version one succeeds": func(t *testing.T, p *Place) {
		testkit.Must(t, p.text("f.txt").Write("old"))
		_, seen, err := p.text("f.txt").ReadVersion()
		testkit.Must(t, err)
		var succeeded atomic.Int32
		var all sync.WaitGroup
		for i := range 10 {
			opt := p.Options
			if i%2 == 0 {
				opt = p.Another
			}
			all.Go(func() {
				err := lockedfile.New[string](p.path("f.txt"), opt).WriteIf(string(rune('a'+i)), seen)
				if err == nil {
					succeeded.Add(1)
				} else {
					testkit.WantIs(t, "WriteIf", err, errors.ErrChanged)
				}
			})
		}
		all.Wait()
		if n := succeeded.Load(); n != 1 {
			t.Errorf("%d writes succeeded", n)
		}
	},

	"nothing is to be recovered after a LockAll that has returned": func(t *testing.T, p *Place) {
		paths := []string{p.path("a.json"), p.path("b.json")}
		testkit.Must(t, lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
			return errors.Join(p.context("a.json").Write(ctx, counters{"a": 1}), p.context("b.json").Write(ctx, counters{"b": 1}))
		}, p.Options))
		a, b := p.content("a.json"), p.content("b.json")
		testkit.Must(t, lockedfile.Recover(context.Background(), paths, p.Another))
		p.want(t, "a.json", a)
		p.want(t, "b.json", b)
	},
}
