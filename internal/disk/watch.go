package disk

import (
	"context"
	"math"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

const (
	// quietSpan is how long nothing must happen to a file that is being written in place, and to a name
	// that was removed, until that counts as the new state. An editor pauses for less between two
	// writes, or between moving the old file away and making the new one.
	quietSpan = 50 * time.Millisecond
	// closedSpan is the same after a writer in place has closed the file. The kernel reports a change when the
	// system call ends, so the next writer may be inside one already.
	closedSpan = 5 * time.Millisecond
	// pollSpan is how far apart two calls of stat(2) are where the kernel does not report all changes.
	pollSpan = time.Second
	// forever is a pause that only a report or the context ends.
	forever time.Duration = math.MaxInt64
)

// watch is one caller's watch of one file. Reports of the kernel come to it through the
// watchHub, which knows for each entry of a directory who wants to know of it.
//
// Reports say when to read. They don't say whether what was read is complete, since they come a moment after the
// change. So a sighting of the file after the read decides that.
type watch struct {
	disk   *Disk
	hub    *watchHub
	target store.Target
	verify bool // the sidecar counts too
	log    *safety.Log
	wake   chan struct{} // has room for one, so that a report never blocks

	// The hub's mutex guards these.
	places   map[place]role // what the hub tells this watch of
	changed  bool           // the file may be another than at the last Wait
	rewalk   bool           // the path may lead elsewhere
	relook   bool           // the file may be another one, in the same place
	restless time.Time      // the last event after which the file may be incomplete; zero if it is settled
	cause    place          // of that event

	// The caller's goroutine alone uses these.
	joined  bool // the hub counts this watch
	resumes bool // the kernel ran out of what a watch needs: try again at the next poll
	polls   bool // reports do not tell of every change
	route   route
	polled  sighting  // the last poll
	looked  time.Time // when that was
	settled sighting  // of the content that was complete last; zero before the first
	doubted sighting  // the last one that was not, or is not yet known to be
	since   time.Time // nothing has happened to doubted from then on
	again   time.Time // when the doubt ends; zero if there is none
}

// Watch implements store.Store.
func (d *Disk) Watch(_ context.Context, t store.Target, o store.ReadOptions, log *safety.Log) (store.Watch, error) {
	w := &watch{disk: d, hub: &d.watches, target: t, verify: o.Verify, log: log, wake: make(chan struct{}, 1)}
	w.follow()
	w.polled, w.looked = w.sight(), time.Now()
	return w, nil
}

// Wait implements store.Watch.
func (w *watch) Wait(ctx context.Context) error {
	timer := time.NewTimer(forever)
	defer timer.Stop()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.update()
		ready, pause := w.ready()
		if ready {
			return nil
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-timer.C:
		}
	}
}

// update does what reports ask for before the file is read: a path that leads elsewhere is followed
// first, so that no change there is missed after the read.
func (w *watch) update() {
	w.hub.mu.Lock()
	rewalk, relook, settling := w.rewalk, w.relook, !w.restless.IsZero()
	w.rewalk, w.relook = false, false
	w.hub.mu.Unlock()
	if rewalk || relook && !w.route.same(w.disk.FS) {
		w.follow()
	}
	span := pollSpan
	if settling {
		span = quietSpan
	}
	if w.polls && time.Since(w.looked) >= span {
		w.poll()
	}
}

// ready reports whether the file may have changed and is settled. If not, it gives the time after which to ask again
// unless more is reported. A true answer is given once for each change.
func (w *watch) ready() (ready bool, pause time.Duration) {
	now := time.Now()
	since, pause := now, forever
	if w.polls {
		pause = pollSpan - now.Sub(w.looked)
	}
	w.hub.mu.Lock()
	switch quiet := now.Sub(w.restless); {
	case !w.restless.IsZero() && quiet < quietSpan:
		pause = min(pause, quietSpan-quiet)
	case !w.restless.IsZero():
		ready, since = true, w.restless
	case w.changed:
		ready = true
	case !w.again.IsZero():
		ready = !now.Before(w.again)
		pause = min(pause, w.again.Sub(now))
	}
	if ready {
		w.changed, w.restless, w.again = false, time.Time{}, time.Time{}
	}
	w.hub.mu.Unlock()
	if ready {
		w.polled = w.sight()
		w.doubt(w.polled, since)
	}
	return ready, max(pause, 0)
}

// doubt notes a sighting that may be of an incomplete file.
func (w *watch) doubt(s sighting, since time.Time) {
	if s != w.doubted {
		w.doubted, w.since = s, since
	}
}

// Settled implements store.Watch. It takes the reports that are there by now, since the goroutine that
// takes them may not have come to it.
func (w *watch) Settled() bool {
	w.hub.take()
	w.hub.mu.Lock()
	restless := !w.restless.IsZero()
	w.hub.mu.Unlock()
	if restless {
		return false
	}
	now := w.sight()
	w.doubt(now, time.Now())
	if left := now.settles(w.settled) - time.Since(w.since); left > 0 {
		w.again = time.Now().Add(left)
		return false
	}
	w.settled = now
	return true
}

// poll asks stat(2). A file that has changed may still be being written.
func (w *watch) poll() {
	if w.resumes {
		w.follow()
	}
	last := w.polled
	w.polled, w.looked = w.sight(), time.Now()
	if w.polled == last {
		return
	}
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.restless, w.cause = w.looked, place{}
}

// Close implements store.Watch.
func (w *watch) Close() {
	w.hub.retain(w, nil)
	if w.joined {
		w.hub.leave()
	}
}

// follow has the hub report changes of everything on the path, and decides whether that is enough.
func (w *watch) follow() {
	err := w.join()
	if err == nil {
		err = w.walk()
	}
	w.polls, w.resumes = err != nil, exhausted(err)
	if w.resumes {
		w.log.WarnOnce("the kernel has no more inotify instances or watches for this user, so a watched file is looked at "+
			"once a second; raise fs.inotify.max_user_instances and fs.inotify.max_user_watches", "path", w.target.Path, "why", err)
	}
}

func (w *watch) join() error {
	if w.joined {
		return nil
	}
	err := w.hub.join(w.disk.FS)
	w.joined = err == nil
	return err
}

// exhausted reports whether the kernel has refused a watch for want of something that others may give back.
func exhausted(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOSPC, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// place is an entry of a directory that the hub watches, or with an empty name a file that it watches.
type place struct {
	node *watchNode
	name string
}

// role says what an entry is for a watch. One entry may have both roles.
type role uint8

const (
	// roleStep is of an entry on the path that leads on: a directory or a link.
	roleStep role = 1 << iota
	// roleContent is of the file, or of its sidecar.
	roleContent
)

// notice takes a report about a place. The hub's mutex is held.
func (w *watch) notice(at place, r role, kind vfs.EventKind) {
	switch kind {
	case vfs.Written, vfs.MovedIn: // the content is complete, and so is what a rename has put here
		w.changed, w.restless = true, time.Time{}
	case vfs.Modified, vfs.Appeared, vfs.Vanished, vfs.SelfGone: // more is to come
		w.restless, w.cause = time.Now(), at
	default:
		w.changed = true
	}
	if kind != vfs.Modified && kind != vfs.Written {
		w.relook = true
		w.rewalk = w.rewalk || r&roleStep != 0
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
