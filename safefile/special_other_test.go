//go:build !linux

package safefile_test

import "testing"

func makeFIFO(t testing.TB, _ string) { t.Skip("needs Linux") }

func makeDevice(t testing.TB, _ string) { t.Skip("needs Linux") }
