//go:build !linux

package lock

import "github.com/holdfast-go/holdfast/internal/vfs"

// wanted can't tell: only Linux lists who waits.
func wanted(vfs.ID) bool { return true }
