package vfs

import "github.com/holdfast-go/holdfast/errors"

// Volume is the mounted filesystem that a file or directory lies on. The platforms fill in:
//   - Linux: all of it, by one statfs. Type, point and options come from the
//     mount table and are remembered per mount; ReadOnly is asked each time,
//     but by [Dir] only until the mount took writes. Without /proc the type is
//     known by its number alone, and an overlay's upper layer not at all.
//   - macOS, FreeBSD, OpenBSD, NetBSD: type, point and flags by statfs.
//   - Windows: the volume's filesystem, and whether it is on the network.
//   - elsewhere nothing, which is the zero Volume.
type Volume struct {
	Type      string // the system's name for it, as "ext4" or "fuse.sshfs"; empty if it can't be told
	Point     string // where it is mounted; empty if it can't be told
	Upper     string // the Type below an overlay's upper layer; empty if it can't be seen
	Remote    bool   // the system says that it is not local
	Unsynced  bool   // an overlay that is mounted volatile
	NoBarrier bool   // fsync does not reach through the disk's cache
	ReadOnly  bool   // it takes no writes
}

// ErrNoVolume is the answer of a simulated disk, which lies on no volume of the
// system's, so that nothing can be said about it.
var ErrNoVolume = errors.New("a simulated disk lies on no volume")

// Space tells how many bytes and how many new files the volume of the directory
// at path still takes from a program without privileges. inodes is -1 where
// the filesystem does not count them.
func Space(path string) (bytes, inodes int64, err error) {
	bytes, inodes, all, err := space(path)
	if all == 0 {
		inodes = -1
	}
	return bytes, inodes, err
}

// Accessible asks whether this process may create files in the directory at
// path, without trying. nil means that permissions and mount allow it, and
// errors.ErrUnsupported that the system can't be asked.
func Accessible(path string) error { return accessible(path) }
