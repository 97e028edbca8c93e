package engine

import (
	"context"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Recover completes the changes of several files that were cut off in the place of the file.
func (h *Hold) Recover() error { return h.Session.Recover(h.waiter.Context, h.waiter.Options.Policy) }

// part is the change of one file among several.
type part struct {
	hold    *Hold
	batch   batch
	state   state
	change  store.Change
	warning *deferredWarning
}

// CommitAll makes what was staged in several holds durable, all of it or nothing, and leaves the files
// held. If one of the locks was lost, nothing is committed, even if nothing was staged for its
// file. failed is the hold that an error is about. A second CommitAll commits nothing.
func CommitAll(holds []*Hold) (failed *Hold, err error) {
	var parts []*part
	for _, h := range holds {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.err != nil {
			return h, h.err
		}
		if h.changed {
			p := &part{hold: h, batch: batch{options: h.options}}
			p.batch.add(h.Tx)
			p.state = p.batch.state
			parts = append(parts, p)
			h.changed = false
			h.tenure.io <- struct{}{}
			defer func() { <-h.tenure.io }()
		}
	}
	guard := func() error {
		for _, h := range holds {
			if err := h.Check(); err != nil {
				failed = h
				return err
			}
		}
		return nil
	}
	if err := guard(); err != nil {
		return failed, err
	}
	for tries := 0; ; tries++ {
		p, err := commitParts(parts, tries, guard)
		if err == nil {
			return nil, nil
		}
		if failed == nil && p.retries(err, tries) {
			if p.state.form != nil {
				p.state, err = p.hold.tenure.rebase(p.state, p.batch.options.Checksum)
			} else {
				err = nil
			}
		}
		if err != nil {
			for _, p := range parts {
				p.hold.err = err
			}
			if failed == nil {
				failed = p.hold
			}
			return failed, err
		}
	}
}

// retries reports whether a change is made again on top of one that somebody outside has made meanwhile, as
// for a single file.
func (p *part) retries(err error, tries int) bool {
	return errors.Is(err, errors.ErrChanged) && !p.batch.read && tries < maxRebase
}

// commitParts commits once. Every edit is made before anything is written, since an edit may be refused. It
// returns the part that an error is about.
func commitParts(parts []*part, tries int, guard func() error) (failed *part, err error) {
	for _, p := range parts {
		if p.change, p.warning, err = p.hold.tenure.change(&p.batch, p.state); err != nil {
			return p, refused{err}
		}
		if p.state.form != nil && !p.batch.read && tries == maxRebase {
			p.change.Read = nil
		}
	}
	var all []store.Prepared
	defer func() {
		for _, p := range all {
			p.Abort()
		}
	}()
	for _, p := range parts {
		prepared, err := p.hold.Session.Prepare(context.Background(), p.change, p.batch.options)
		if err != nil {
			return p, err
		}
		all = append(all, prepared)
	}
	if len(all) == 0 {
		return nil, nil
	}
	i, err := parts[0].hold.engine.store.PublishAll(context.Background(), all, guard)
	if err != nil {
		return parts[i], err
	}
	for _, p := range parts {
		if p.warning != nil {
			p.warning.log()
		}
	}
	return nil, nil
}
