package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// suffix is a form whose edit puts the value after the old text, so that a test
// sees which text was edited.
type suffix struct{ refuse string }

func (f suffix) Same(other Form) bool { return f == other }

func (f suffix) New(value []byte) ([]byte, error) { return value, nil }

func (f suffix) Edit(old, value []byte) ([]byte, func(), error) {
	if f.refuse != "" && string(value) == f.refuse {
		return nil, nil, errors.ErrEncode
	}
	return append(append([]byte{}, old...), value...), nil, nil
}

func TestABlindEditGoesOverAnOutsideChangeAndKeepsIt(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "old")
		err := e.Do(request("f"), func(tx *Tx) error {
			if err := tx.PutValue(suffix{}, []byte("+mine"), store.ReadOptions{}); err != nil {
				return err
			}
			s.change("f", "theirs")
			return nil
		})
		if got := s.file("f").data; err != nil || got != "theirs+mine" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// A change that was staged on a text must not bring that text back after another program has
// replaced it.
func TestAChangeBasedOnTheTextBeforeAnOutsideChangeFails(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "old")
		blind := make(chan error, 1)
		staged := make(chan bool)
		go func() {
			blind <- e.Do(request("f"), func(tx *Tx) error {
				err := tx.PutValue(suffix{}, []byte("+mine"), store.ReadOptions{})
				s.change("f", "theirs")
				close(staged)
				return err
			})
		}()
		<-staged
		late := e.Do(request("f"), func(tx *Tx) error {
			if _, _, err := tx.Text(store.ReadOptions{}); err != nil {
				return err
			}
			tx.Put([]byte("built on old"))
			return nil
		})
		testkit.WantNil(t, "the blind write", <-blind)
		if !errors.Is(late, errors.ErrChanged) {
			t.Errorf("the late one: %v", late)
		}
		if got := s.file("f").data; got != "theirs+mine" {
			t.Errorf("the file holds %q", got)
		}
	})
}

func TestARefusedEditIsTheFaultOfOneFunction(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "old")
		form := suffix{refuse: "+bad"}
		put := func(value string) chan error {
			done := make(chan error, 1)
			go func() {
				done <- e.Do(request("f"), func(tx *Tx) error { return tx.PutValue(form, []byte(value), store.ReadOptions{}) })
			}()
			synctest.Wait()
			return done
		}
		first := put("+1") // alone on the disk; the others gather meanwhile
		good, bad := put("+2"), put("+bad")
		testkit.WantNil(t, "it", <-first)
		testkit.WantNil(t, "the neighbour before it", <-good)
		testkit.WantIs(t, "the guilty one", <-bad, errors.ErrEncode)
		if got := s.file("f").data; got != "old+2" {
			t.Errorf("the file holds %q", got)
		}
	})
}
