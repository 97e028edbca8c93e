package engine

import "time"

const (
	// wantedSpan is how long somebody who was seen to want the lock is taken to be
	// there: a poller comes back, and is seen only now and then.
	wantedSpan = time.Second
	// mostSpared is how many rests in a row may be left out, since there are pollers
	// that can't be seen.
	mostSpared = 4
)

// rests is when the lock was left free, and when it need not have been. A run that
// took its time is always followed by a rest. Short runs of a single caller, one
// after the other, come to the same; but there the rest would be all that
// the caller ever waits for, so it is left out while nobody else seems to be there.
type rests struct {
	busySince time.Time // since when the lock was never free for restSpan, nor was found unwanted
	released  time.Time // when it was last freed
	wanted    time.Time // when somebody else was last seen to want it
	spared    int       // how many rests were left out since the last
}

// pause is how long the lock must be left free before the next run.
func (r *rests) pause(now time.Time) time.Duration {
	free := now.Sub(r.released)
	if free >= restSpan {
		r.busySince, r.spared = now, 0
		return 0
	}
	if now.Sub(r.busySince) < runSpan {
		return 0
	}
	return restSpan - free
}

// doubtful reports whether the next rest is one that could be left out.
func (r *rests) doubtful(began, now time.Time) bool {
	return now.Sub(began) < runSpan && now.Sub(r.busySince) >= runSpan &&
		r.spared < mostSpared && now.Sub(r.wanted) >= wantedSpan
}

// spare leaves out the next rest.
func (r *rests) spare() {
	r.busySince = r.released
	r.spared++
}
