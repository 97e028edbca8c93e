package engine

import "time"

// rests is the one rule of fairness between processes: after runSpan of holding the
// lock it is left free for restSpan. How long it was held adds up over tenures that
// follow each other more closely, so that a caller in a loop rests as often as a
// queue does.
type rests struct {
	held     time.Duration // since the lock was last free for restSpan
	released time.Time     // when it was last freed
}

// pause is how long the lock must be left free before the next tenure.
func (r *rests) pause(now time.Time) time.Duration {
	free := now.Sub(r.released)
	if free >= restSpan {
		r.held = 0
	}
	if r.held < runSpan {
		return 0
	}
	return restSpan - free
}

// free notes the end of a tenure.
func (r *rests) free(began, now time.Time) {
	r.held += now.Sub(began)
	r.released = now
}
