package engine

import (
	"context"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// write makes a batch durable. If the edit for the batch is refused, it is made again function by
// function, and the functions before the first refused one are committed.
func (t *tenure) write(b *batch) error {
	t.io <- struct{}{}
	defer func() { <-t.io }()
	err := t.put(b, b.state)
	if err == nil || !isRefused(err) {
		return err
	}
	last := t.saved
	for i, m := range append(b.earlier, b.state) {
		if m, err = m.on(last); err != nil {
			break
		}
		last, b.committed = m, i+1
	}
	if b.committed > 0 {
		if putErr := t.put(b, last); putErr != nil {
			b.committed, err = 0, putErr
		}
	}
	return err
}

// put makes a state durable. If another program has changed the file, and no function of the batch has
// read it, the value is written into the text that the other program has left.
func (t *tenure) put(b *batch, s state) error {
	for tries := 0; ; tries++ {
		c, warning, err := t.change(b, s)
		if err != nil {
			return refused{err}
		}
		blind := s.form != nil && !b.read
		if blind && tries == maxRebase {
			c.Read = nil
		}
		v, err := t.commit(b, c)
		if err == nil {
			t.saved, t.version = s, v
			if warning != nil {
				warning.log()
			}
			return nil
		}
		if !blind || !errors.Is(err, errors.ErrChanged) {
			return err
		}
		if s, err = t.rebase(s, b.options.Checksum); err != nil {
			return err
		}
	}
}

// maxRebase limits how often a write without a read is written into the text of another program's change.
// The next change is overwritten.
const maxRebase = 3

// commit makes one change durable. lead frees the replaced file.
func (t *tenure) commit(b *batch, c store.Change) (v store.Version, err error) {
	p, err := t.session.Prepare(context.Background(), c, b.options)
	if err != nil {
		return nil, err
	}
	defer func() { // a panic of a user's logger passes here too
		if b.published == nil {
			p.Abort()
		}
	}()
	if v, err = p.Publish(context.Background(), t.check); err == nil {
		b.published = p
	}
	return v, err
}

// rebase gives a state that writes the value into the text that another program has left. All other changes of the
// tenure build on another text, so the tenure ends with this commit. If the text does not have its
// recorded checksum, the text is replaced.
func (t *tenure) rebase(s state, verify bool) (state, error) {
	t.rebased = true
	now, err := t.session.Load(context.Background(), store.ReadOptions{Verify: verify})
	if errors.Is(err, errors.ErrChecksumMismatch) || errors.Is(err, errors.ErrNoChecksum) {
		t.version = nil
		text, err := s.form.New(s.value)
		return state{base: &baseText{loaded: true, exists: true, data: text}}, err
	}
	t.version = now.Version
	return state{base: &baseText{loaded: true, exists: now.Exists, data: now.Data}, form: s.form, value: s.value}, err
}

// change gives the difference between the saved state and s, and the warning to log when it is
// durable.
func (t *tenure) change(b *batch, s state) (store.Change, *deferredWarning, error) {
	switch {
	case s.form != nil:
		text, warning, err := s.text()
		return store.Change{Parts: [][]byte{text}, Read: t.version, Restores: s.base.restores}, warning, err
	case s.base == t.saved.base && t.saved.form == nil:
		// Only tails are new. They are based on the content before them, if its version is known.
		return store.Change{Append: true, Parts: s.tails[len(t.saved.tails):], Read: t.version}, nil, nil
	case !s.exists():
		return store.Change{Remove: true, Read: t.readBy(b)}, nil, nil
	}
	parts := append([][]byte{s.base.data}, s.tails...)
	return store.Change{Parts: parts, Read: t.readBy(b), Restores: s.base.restores}, s.base.warning, nil
}

// readBy gives the version that a batch is based on; nil if no function of it has read the file.
func (t *tenure) readBy(b *batch) store.Version {
	if b.read {
		return t.version
	}
	return nil
}

// on gives the state with its value written into the text of the state before.
func (s state) on(before state) (state, error) {
	if s.form != nil {
		s.base, s.tails = before.base, before.tails
	}
	return s.settled()
}
