//go:build !linux

package engine

import "time"

// sleep leaves the lock free for a moment.
func sleep(d time.Duration) { time.Sleep(d) }
