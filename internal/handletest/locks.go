package handletest

import (
	"context"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

var locks = map[string]func(t *testing.T, p *Place){
	"an acquired lock keeps everybody out": func(t *testing.T, p *Place) {
		path := p.path("f.txt")
		l, err := lockedfile.Acquire(context.Background(), path, p.Options)
		testkit.Must(t, err)
		for name, opt := range map[string]safefile.Option{"this process": p.Options, "another": p.Another} {
			_, err = lockedfile.TryAcquire(path, opt)
			testkit.WantIs(t, "TryAcquire by "+name, err, errors.ErrLocked, errors.ErrTimeout)
			testkit.WantIs(t, "Write by "+name, safefile.WriteFile(path, nil, opt, safefile.WithTimeout(0)), errors.ErrLocked)
			testkit.WantIs(t, "Write by "+name, safefile.WriteFile(path, nil, opt, safefile.WithTimeout(20*time.Millisecond)), errors.ErrTimeout)
		}
		p.want(t, "f.txt", testkit.Missing)
		testkit.Must(t, l.Release())
		testkit.WantIs(t, "a second Release", l.Release(), errors.ErrLock)
		p.wantFree(t, "f.txt")
	},

	"a waiter gets the lock when it is released": func(t *testing.T, p *Place) {
		l, err := lockedfile.Acquire(context.Background(), p.path("f.txt"), p.Another)
		testkit.Must(t, err)
		result := make(chan error)
		go func() { result <- p.text("f.txt").Write("mine") }()
		select {
		case err := <-result:
			t.Fatalf("a write came past the lock: %v", err)
		case <-time.After(50 * time.Millisecond): // a write takes a tenth of that
		}
		testkit.Must(t, l.Release())
		testkit.Must(t, <-result)
		p.want(t, "f.txt", "mine")
	},

	"a context ends the wait": func(t *testing.T, p *Place) {
		f := p.context("f.json")
		l, err := lockedfile.Acquire(context.Background(), f.Path(), p.Another)
		testkit.Must(t, err)
		cause := errors.New("the cause")
		ctx, cancel := context.WithCancelCause(context.Background())
		result := make(chan error)
		go func() { result <- f.Write(ctx, nil) }()
		time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
		testkit.WantIs(t, "Write", <-result, cause, context.Canceled, errors.ErrLock)
		deadline, end := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer end()
		testkit.WantIs(t, "Write", f.Write(deadline, nil), context.DeadlineExceeded, errors.ErrTimeout)
		testkit.Must(t, l.Release())
		testkit.Must(t, f.Write(context.Background(), nil))
	},

	"Inspect names the holder while a function runs": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		if info, err := lockedfile.Inspect(f.Path(), p.Another); err != nil || info.Held || info.Stale {
			t.Errorf("a lock that nobody holds: %+v, %v", info, err)
		}
		testkit.Must(t, f.Locked(func(*lockedfile.Tx[string]) error {
			info, err := lockedfile.Inspect(f.Path(), p.Another)
			if err != nil || !info.Held || info.Stale || info.PID == 0 || info.Host == "" || info.Age() <= 0 || info.LockPath == "" {
				t.Errorf("a lock that is held: %+v, %v", info, err)
			}
			err = safefile.WriteFile(f.Path(), nil, p.Another, safefile.WithTimeout(50*time.Millisecond))
			if e, ok := errors.AsType[*errors.TimeoutError](err); !ok || e.Holder == "" {
				t.Errorf("the timeout names no holder: %v", err)
			}
			return nil
		}))
		// The kernel may still give the lock to the thread of the wait that has timed out, which lets go of it at once.
		testkit.Until(t, "a released lock is free", func() bool {
			info, err := lockedfile.Inspect(f.Path(), p.Another)
			testkit.Must(t, err)
			return !info.Held && !info.Stale
		})
		if released, err := lockedfile.ReleaseStale(f.Path(), p.Another); released || err != nil {
			t.Errorf("ReleaseStale: %v, %v", released, err)
		}
	},

	"a fenced holder changes nothing": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.Write("old"))
		for name, stage := range map[string]func(tx *lockedfile.Tx[string]) error{
			"Write":  func(tx *lockedfile.Tx[string]) error { return tx.Write("fenced") },
			"Append": func(tx *lockedfile.Tx[string]) error { return tx.Append("fenced") },
			"Remove": func(tx *lockedfile.Tx[string]) error { return tx.Remove() },
			"Read":   func(tx *lockedfile.Tx[string]) error { _, err := tx.Read(); return err },
		} {
			err := f.Locked(func(tx *lockedfile.Tx[string]) error {
				testkit.Must(t, stage(tx))
				return lockedfile.ForceRelease(f.Path(), p.Another)
			})
			testkit.WantIs(t, name, err, errors.ErrLockLost)
			p.want(t, "f.txt", "old")
			p.wantFree(t, "f.txt")
		}
		w, err := f.Create()
		testkit.Must(t, err)
		testkit.Must(t, lockedfile.ForceRelease(f.Path(), p.Another))
		testkit.WantIs(t, "Commit", w.Commit(), errors.ErrLockLost)
		p.want(t, "f.txt", "old")
		testkit.Must(t, lockedfile.ForceRelease(p.path("nobody's"), p.Options))
	},

	"a fenced holder leaves the next holder's lock alone": func(t *testing.T, p *Place) {
		path := p.path("f.txt")
		old, err := lockedfile.TryAcquire(path, p.Options)
		testkit.Must(t, err)
		testkit.Must(t, lockedfile.ForceRelease(path, p.Another))
		next, err := lockedfile.TryAcquire(path, p.Another)
		testkit.Must(t, err)
		testkit.WantIs(t, "Release", old.Release(), errors.ErrLockLost)
		if info, err := lockedfile.Inspect(path, p.Another); err != nil || !info.Held {
			t.Errorf("%+v, %v", info, err)
		}
		testkit.Must(t, next.Release())
	},
}
