//go:build !linux

package vfs

// volumeOfMount always returns false, since only Linux has ids of mounts.
func volumeOfMount(MountID) (Volume, bool) { return Volume{}, false }
