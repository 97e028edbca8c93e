package engine

import (
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// parts is what a commit wrote, and whether it was put behind what was there.
func (c fakeCommit) parts() string {
	text := "put"
	if c.change.Append {
		text = "append"
	}
	if c.change.Remove {
		return "remove"
	}
	for _, p := range c.change.Parts {
		text += " " + string(p)
	}
	return text
}

// committed compares the commits of f with what they should have been.
func committed(t *testing.T, s *fakeStore, want ...string) {
	t.Helper()
	got := s.commits("f")
	if len(got) != len(want) {
		t.Errorf("%d commits, want %d", len(got), len(want))
	}
	for i, c := range got {
		if i < len(want) && c.parts() != want[i] {
			t.Errorf("commit %d was %q, want %q", i, c.parts(), want[i])
		}
	}
}

// all waits for calls that have to succeed.
func all(t *testing.T, results ...<-chan error) {
	t.Helper()
	for _, result := range results {
		must(t, <-result)
	}
}

func TestAppendsAreCommittedAsTheNewTailsOnly(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "old")
		all(t,
			begin(e, request("f"), extend("1")),
			begin(e, request("f"), extend("2")),
			begin(e, request("f"), extend("3")))
		committed(t, s, "append 1", "append 2 3")
		if s.content("f") != "old123" || s.loads("f") != 0 {
			t.Errorf("the file holds %q, and was read %d times", s.content("f"), s.loads("f"))
		}
	})
}

// A look in the middle has to wait for the commit, since the disk is being
// written to.
func TestARunReadsWhatItAppended(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "old")
		var before, during, after string
		all(t,
			begin(e, request("f"), extend("1")),
			begin(e, request("f"), extend("2")),
			begin(e, request("f"), func(tx *Tx) error {
				tx.Append([]byte("3"))
				err := look(&during)(tx)
				tx.Append([]byte("4"))
				return errors.Join(err, look(&after)(tx))
			}),
			begin(e, request("f"), look(&before)))
		if during != "old123" || after != "old1234" || before != "old1234" {
			t.Errorf("saw %q, %q and then %q", during, after, before)
		}
		for _, c := range s.commits("f") {
			if !c.change.Append {
				t.Errorf("a commit was %q, no append", c.parts())
			}
		}
		if s.content("f") != "old1234" {
			t.Errorf("the file holds %q", s.content("f"))
		}
	})
}

func TestAppendsToNothingMakeTheFile(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		var seen string
		all(t,
			begin(e, request("f"), extend("1")),
			begin(e, request("f"), look(&seen)),
			begin(e, request("f"), extend("2")))
		if seen != "1" || s.content("f") != "12" {
			t.Errorf("saw %q, and the file holds %q", seen, s.content("f"))
		}
	})
}

func TestAppendsAfterAWholeContentGoWithIt(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		first := begin(e, request("f"), put("A"))
		all(t, first,
			begin(e, request("f"), extend("1")), // shares a commit with what replaces it
			begin(e, request("f"), put("B")),
			begin(e, request("f"), extend("2")),
			begin(e, request("f"), extend("3")))
		committed(t, s, "put A", "put B 2 3")
	})
}

// An append relies on what it is appended to, as far as the run knows it.
func TestAnAppendNoticesAnOutsideChangeAfterTheRunsFirstCommit(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		first := begin(e, request("f"), extend("1"))
		second := begin(e, request("f"), extend("2"))
		must(t, <-first)
		s.change("f", "outside")
		if err := <-second; !errors.Is(err, errors.ErrChanged) || s.content("f") != "outside" {
			t.Errorf("the second append: %v, and the file holds %q", err, s.content("f"))
		}
		must(t, e.Do(request("f"), extend("2")))
		if s.content("f") != "outside2" {
			t.Errorf("tried again, the file holds %q", s.content("f"))
		}
	})
}

func TestAFailedAppendIsNotInTheWayOfTheNext(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.failOnce(errDisk)
		first := begin(e, request("f"), extend("1"))
		second := begin(e, request("f"), extend("2"))
		if err := <-first; err != errDisk {
			t.Errorf("the first append: %v", err)
		}
		if err := <-second; err != errDisk {
			t.Errorf("the second append: %v", err)
		}
		must(t, e.Do(request("f"), extend("3")))
		if s.content("f") != "3" {
			t.Errorf("the file holds %q", s.content("f"))
		}
	})
}
