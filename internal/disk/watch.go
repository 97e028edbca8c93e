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
// A report says when to read. It does not say whether the content that was read is complete, since the report comes a
// moment after the change. A snapshot that is taken after the read decides that.
type watch struct {
	disk   *Disk
	hub    *watchHub
	target store.Target
	verify bool // the sidecar counts too
	log    *safety.Log
	wake   chan struct{} // has room for one, so that a report never blocks

	// The hub's mutex guards these fields.
	entries   map[watchedEntry]role // what the hub tells this watch of
	changed   bool                  // the file may be another than at the last Wait
	rewalk    bool                  // the path may lead elsewhere
	restat    bool                  // the file may be another one, in the same place
	unsettled time.Time             // the last event after which the file may be incomplete; zero if it is settled
	cause     watchedEntry          // of that event

	// Only the caller's goroutine uses these fields.
	joined         bool // the hub counts this watch
	resumes        bool // the kernel ran out of what a watch needs: try again at the next poll
	polls          bool // reports do not tell of every change
	route          route
	polled         snapshot  // the last poll
	polledAt       time.Time // when that was
	settled        snapshot  // of the content that was complete last; zero before the first
	candidate      snapshot  // of content that is not yet known to be complete
	candidateSince time.Time // the candidate has not changed from then on
	retryAt        time.Time // when the candidate counts as complete if it stays as it is; zero if nothing is awaited
}

// Watch implements store.Store.
func (d *Disk) Watch(_ context.Context, t store.Target, o store.ReadOptions, log *safety.Log) (store.Watch, error) {
	w := &watch{disk: d, hub: &d.watches, target: t, verify: o.Verify, log: log, wake: make(chan struct{}, 1)}
	w.follow()
	w.polled, w.polledAt = w.snapshot(), time.Now()
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

// update walks the path again if a report says that it may lead elsewhere. That comes before the file is read, so that no
// change of the new target is missed after the read.
func (w *watch) update() {
	w.hub.mu.Lock()
	rewalk, restat, settling := w.rewalk, w.restat, !w.unsettled.IsZero()
	w.rewalk, w.restat = false, false
	w.hub.mu.Unlock()
	if rewalk || restat && !w.route.same(w.disk.FS) {
		w.follow()
	}
	span := pollSpan
	if settling {
		span = quietSpan
	}
	if w.polls && time.Since(w.polledAt) >= span {
		w.poll()
	}
}

// ready reports whether the file may have changed and is settled. It returns true once for each change. If it returns
// false, the caller asks again after pause, or after the next report.
func (w *watch) ready() (ready bool, pause time.Duration) {
	now := time.Now()
	since, pause := now, forever
	if w.polls {
		pause = pollSpan - now.Sub(w.polledAt)
	}
	w.hub.mu.Lock()
	switch quiet := now.Sub(w.unsettled); {
	case !w.unsettled.IsZero() && quiet < quietSpan:
		pause = min(pause, quietSpan-quiet)
	case !w.unsettled.IsZero():
		ready, since = true, w.unsettled
	case w.changed:
		ready = true
	case !w.retryAt.IsZero():
		ready = !now.Before(w.retryAt)
		pause = min(pause, w.retryAt.Sub(now))
	}
	if ready {
		w.changed, w.unsettled, w.retryAt = false, time.Time{}, time.Time{}
	}
	w.hub.mu.Unlock()
	if ready {
		w.polled = w.snapshot()
		w.propose(w.polled, since)
	}
	return ready, max(pause, 0)
}

// propose makes a snapshot the candidate. The file it shows may be incomplete.
func (w *watch) propose(s snapshot, since time.Time) {
	if s != w.candidate {
		w.candidate, w.candidateSince = s, since
	}
}

// Settled implements store.Watch. It takes the waiting reports itself, since the hub's goroutine may not have taken
// them yet.
func (w *watch) Settled() bool {
	w.hub.take()
	w.hub.mu.Lock()
	unsettled := !w.unsettled.IsZero()
	w.hub.mu.Unlock()
	if unsettled {
		return false
	}
	now := w.snapshot()
	w.propose(now, time.Now())
	if left := now.settles(w.settled) - time.Since(w.candidateSince); left > 0 {
		w.retryAt = time.Now().Add(left)
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
	w.polled, w.polledAt = w.snapshot(), time.Now()
	if w.polled == last {
		return
	}
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.unsettled, w.cause = w.polledAt, watchedEntry{}
}

// Close implements store.Watch.
func (w *watch) Close() {
	w.hub.retain(w, nil)
	if w.joined {
		w.hub.leave()
	}
}

// follow has the hub report changes of everything on the path. It decides whether the watch must poll as well.
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

// exhausted reports whether the kernel has refused a watch because a limit is reached. Another program may free
// some of it later.
func exhausted(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOSPC, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// watchedEntry is an entry of a directory that the hub watches. With an empty name it is a file that the hub watches.
type watchedEntry struct {
	node *watchNode
	name string
}

// role says what an entry is for a watch. One entry may have both roles.
type role uint8

const (
	// roleStep is the role of a directory or a link on the path.
	roleStep role = 1 << iota
	// roleContent is the role of the file and of its sidecar.
	roleContent
)

// notice takes a report about an entry. The hub's mutex is held.
func (w *watch) notice(at watchedEntry, r role, kind vfs.EventKind) {
	switch kind {
	case vfs.Written, vfs.MovedIn: // the content is complete, and so is what a rename has put here
		w.changed, w.unsettled = true, time.Time{}
	case vfs.Modified, vfs.Appeared, vfs.Vanished, vfs.SelfGone: // more is to come
		w.unsettled, w.cause = time.Now(), at
	default:
		w.changed = true
	}
	if kind != vfs.Modified && kind != vfs.Written {
		w.restat = true
		w.rewalk = w.rewalk || r&roleStep != 0
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
