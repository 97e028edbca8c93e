package edittest

import (
	"fmt"
	"sort"
	"strings"
	"testing"
)

// Class is a kind of operation for which rates are counted.
type Class string

// The classes, as the thresholds name them.
const (
	SetScalar Class = "scalar value set"
	SetList   Class = "list value set"
	InsertKey Class = "key inserted"
	Append    Class = "list appended"
	Insert    Class = "list element inserted"
	Move      Class = "list element moved"
	Swap      Class = "elements swapped, one changed"
	Delete    Class = "entry deleted"
	Undone    Class = "inserted, then deleted"
	Many      Class = "many at once"
)

// Count is how often a class was tried, how often done by splices alone, with
// no comment lost (of what is undone: with the bytes that were there), and how many of those were not written as the neighbours are.
type Count struct{ Tried, Spliced, Restyled int }

// Tally counts per class.
type Tally map[Class]*Count

func (t Tally) add(c Class, spliced, restyled bool) {
	if t[c] == nil {
		t[c] = new(Count)
	}
	t[c].Tried++
	if spliced {
		t[c].Spliced++
	}
	if restyled {
		t[c].Restyled++
	}
}

// Rate is the share of a class that was spliced, 1 if it was never tried.
func (t Tally) Rate(c Class) float64 {
	if t[c] == nil {
		return 1
	}
	return float64(t[c].Spliced) / float64(t[c].Tried)
}

func (t Tally) String() string {
	var lines []string
	for c, n := range t {
		lines = append(lines, fmt.Sprintf("%-30s %6d of %6d spliced, %.2f %%, %d of them restyled", c, n.Spliced, n.Tried, 100*t.Rate(c), n.Restyled))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// Require fails the test for each class under its threshold.
func (t Tally) Require(tb testing.TB, least map[Class]float64) {
	tb.Helper()
	for c, rate := range least {
		if t.Rate(c) < rate {
			tb.Errorf("%s: %.2f %% are spliced, at least %.2f %% must be", c, 100*t.Rate(c), 100*rate)
		}
	}
}
