package bench

import (
	"slices"
	"testing"
	"time"
)

// contender is one way of doing what a contest is about. do is told how often
// it was called before, so that it can do something new each time.
type contender struct {
	name string
	do   func(i int) error
}

// contest runs contenders side by side in many short rounds, each of which
// every contender opens in turn, and reports the median of each one's time and
// the median of the rounds' ratios of the first contender to each other. So a
// disturbance that lasts longer than a round slows all contenders alike.
type contest struct {
	calls  int    // of each contender in a round
	settle func() // before each contender's turn, off the clock; nil for nothing
	of     []contender
}

func (c contest) run(b *testing.B) {
	times := make([][]float64, len(c.of)) // nanoseconds per call, by round
	for round := 0; b.Loop(); round++ {
		for turn := range c.of {
			at := (round + turn) % len(c.of)
			times[at] = append(times[at], c.turn(b, c.of[at], round))
		}
	}
	b.ReportMetric(0, "ns/op") // of a round, which means nothing
	for i, who := range c.of {
		b.ReportMetric(median(times[i]), who.name+"-ns")
		if i > 0 {
			b.ReportMetric(median(ratios(times[0], times[i])), c.of[0].name+"/"+who.name)
		}
	}
}

func (c contest) turn(b *testing.B, who contender, round int) float64 {
	if c.settle != nil {
		c.settle()
	}
	start := time.Now()
	for i := range c.calls {
		if err := who.do(round*c.calls + i); err != nil {
			b.Fatalf("%s: %v", who.name, err)
		}
	}
	return float64(time.Since(start)) / float64(c.calls)
}

// ratios divides round by round.
func ratios(a, b []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return r
}

func median(v []float64) float64 { return quantile(v, 0.5) }

// quantile is the smallest value that at least the share q does not exceed.
func quantile(v []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
