package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// shape is a random tree of joined functions, some of which fail.
type shape struct {
	rand *rand.Rand
	n    int
}

func newShape(seed uint64) *shape { return &shape{rand.New(rand.NewPCG(seed, seed)), 0} }

// play appends and joins at random and gives the appends that count.
func (p *shape) play(e *Engine, tx *Tx, ctx context.Context, depth int) (kept []string) {
	for range p.rand.IntN(4) {
		p.n++
		name := fmt.Sprintf("%d;", p.n)
		tx.Append([]byte(name))
		kept = append(kept, name)
		if depth == 4 {
			continue
		}
		var inner []string
		err := e.Do(in(ctx, "f"), func(tx *Tx) error {
			inner = p.play(e, tx, tx.In(ctx), depth+1)
			if p.rand.IntN(2) == 0 {
				return errOwn
			}
			return nil
		})
		if err == nil {
			kept = append(kept, inner...)
		}
	}
	return kept
}
