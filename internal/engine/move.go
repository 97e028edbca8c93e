package engine

// Move renames one file to the place of another. It holds both.
func (e *Engine) Move(src, dst *Request) error {
	holds, err := e.holdAll([]*Request{src, dst}, func(ws []*waiter) error { return e.store.Movable(ws[0].ctx(), ws[0].at, ws[1].at) })
	if err != nil {
		return err
	}
	defer func() {
		for _, h := range holds {
			_ = h.Release() // a lost lock was noticed before the rename, or came too late
		}
	}()
	// The holds are in the order of the locks, not of the arguments. A path may have come to mean another file before it
	// was locked, so source and destination are told apart by their paths rather than by the files located first.
	if len(holds) == 1 { // two paths, or two spellings, of one file
		to, err := e.store.Locate(holds[0].waiter.ctx(), dst.Target)
		if err != nil {
			return err
		}
		return holds[0].Session.Respell(holds[0].waiter.ctx(), to, src.Options)
	}
	from, to := holds[0], holds[len(holds)-1]
	if from.Path() != src.Target.Path {
		from, to = to, from
	}
	return from.Session.MoveTo(from.waiter.ctx(), to.Session, src.Options)
}
