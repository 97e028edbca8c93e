// Package effort says how much of a test is done whose rounds are many: less with
// -short, and all that the full proof needs with HOLDFAST_LONG=1.
package effort

import (
	"os"
	"testing"
)

// Of chooses between the three.
func Of[T any](short, usual, long T) T {
	switch {
	case os.Getenv("HOLDFAST_LONG") != "":
		return long
	case testing.Short():
		return short
	}
	return usual
}
