package engine

// Move renames one file to the place of another. It holds both.
func (e *Engine) Move(src, dst *Request) error {
	holds, err := e.HoldAll([]*Request{src, dst})
	if err != nil {
		return err
	}
	defer func() {
		for _, h := range holds {
			_ = h.Release() // a lost lock was noticed before the rename, or came too late
		}
	}()
	if len(holds) == 1 {
		return nil // to itself
	}
	a, b := holds[0], holds[1]
	if a.Path() != src.Place.Path { // the key may have changed while it waited
		a, b = b, a
	}
	return a.Session.MoveTo(b.Session, src.Options)
}
