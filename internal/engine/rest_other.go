//go:build !linux

package engine

import "time"

// rest leaves the lock free for a moment.
func rest(d time.Duration) { time.Sleep(d) }
