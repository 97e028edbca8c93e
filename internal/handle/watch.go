package handle

import (
	"context"
	"iter"

	"github.com/holdfast-go/holdfast/errors"
)

// Watch gives the current value and the newest one after each change, until the context ends. The order of the steps
// makes sure that no change is missed: the watch begins before the first read, and each Wait returns for
// changes since the last.
func (f *File[T]) Watch(ctx context.Context) iter.Seq2[T, error] {
	if ctx == nil {
		panic("Watch: nil context")
	}
	return func(yield func(T, error) bool) {
		var none T
		fail := func(err error) (T, error) { return none, f.fail("watch", errors.ErrRead, err) }
		if ctx.Err() != nil {
			return
		}
		if err := f.refuseJoin(ctx); err != nil {
			yield(fail(err))
			return
		}
		if _, err := f.codec(); err != nil {
			yield(fail(err))
			return
		}
		o := f.options.forCodec()
		began := f.limitWait(ctx, &o)
		w, err := f.engine.Store().Watch(ctx, f.request.Target, o, f.request.Options.Policy.Log)
		if ctx.Err() == nil && err != nil {
			yield(fail(f.waitError(ctx, began, err)))
		}
		if err != nil {
			return
		}
		defer w.Close()
		var shown outcome
		for {
			v, now, err := f.readUnless(ctx, shown)
			if ctx.Err() != nil {
				return
			}
			if now != shown && w.Settled() {
				if !yield(v, err) {
					return
				}
				shown = now
			}
			if w.Wait(ctx) != nil {
				return
			}
		}
	}
}

// outcome tells what a read gave: a content, or an error. Two outcomes that are equal are not yielded twice. The zero
// outcome is none.
type outcome struct {
	read    bool
	version Version
	err     string
}

// readUnless is a read that does not decode the content that was yielded last.
func (f *File[T]) readUnless(ctx context.Context, shown outcome) (v T, now outcome, err error) {
	failed := func(err error) (T, outcome, error) {
		var none T
		err = f.fail("watch", errors.ErrRead, err)
		return none, outcome{err: err.Error()}, err
	}
	c, err := f.codec()
	if err != nil {
		return failed(err)
	}
	data, err := f.load(ctx, f.options.forCodec())
	missing := f.defaults != nil && noFile(err)
	if err != nil && !missing {
		return failed(err)
	}
	now = outcome{read: true}
	if !missing {
		now.version = versionOf(data)
	}
	if now == shown {
		return v, now, nil
	}
	s := f.start()
	if missing {
		return s.fresh(), now, nil
	}
	if v, err = decode(c, data, f.options.MaxSize, s); err != nil {
		return failed(err)
	}
	return v, now, nil
}
