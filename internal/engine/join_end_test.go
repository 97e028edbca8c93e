package engine

import (
	"context"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// A transaction ends when the functions that joined it have: they are in it
// whole or not at all.
func TestATransactionWaitsForTheJoinThatIsRunning(t *testing.T) {
	for _, fail := range []bool{false, true} {
		simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
			s.change("f", "old")
			var joins []<-chan error
			var own error
			if fail {
				own = errOwn
			}
			err := e.Do(request("f"), func(tx *Tx) error {
				ctx := tx.In(context.Background())
				joins = append(joins,
					begin(e, in(ctx, "f"), func(tx *Tx) error {
						tx.Append([]byte("1"))
						time.Sleep(time.Second)
						return extend("2")(tx)
					}),
					begin(e, in(ctx, "f"), func(tx *Tx) error { // in line before the end
						var seen string
						return errors.Join(look(&seen)(tx), extend("3")(tx))
					}))
				return own
			})
			if err != own {
				t.Errorf("the transaction ended with %v, want %v", err, own)
			}
			all(t, joins...)
			want := "old123"
			if fail {
				want = "old"
			}
			if s.content("f") != want {
				t.Errorf("the file holds %q, want %q", s.content("f"), want)
			}
		})
	}
}

// If the transaction is over when a join gets its turn, the join becomes a transaction of its own.
func TestAJoinThatComesTooLateIsATransactionOfItsOwn(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		var open *Tx
		var late <-chan error
		itsOwn := false
		must(t, e.Do(request("f"), func(tx *Tx) error {
			open = tx
			must(t, put("1")(tx))
			within := tx.In(context.Background())
			<-tx.joins
			late = begin(e, in(within, "f"), func(tx *Tx) error {
				itsOwn = tx.outer == nil
				return extend("2")(tx)
			})
			tx.mu.Lock()
			tx.over = true // between the look at the context and the turn
			tx.mu.Unlock()
			tx.joins <- struct{}{}
			return nil
		}))
		must(t, <-late)
		if !open.ended() || !itsOwn || s.content("f") != "12" {
			t.Errorf("the file holds %q; a transaction of its own: %v", s.content("f"), itsOwn)
		}
	})
}
