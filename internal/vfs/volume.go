package vfs

import "github.com/holdfast-go/holdfast/errors"

// Volume is the mounted filesystem that a file or directory lies on. The platforms fill in:
//   - Linux: every field, by one statfs. Type, mount point and options come from the mount table and are cached
//     per mount. ReadOnly is read at each call. Without /proc the type is known by its number, and an overlay's
//     upper layer is unknown.
//   - macOS, FreeBSD, OpenBSD, NetBSD: type, point and flags by statfs.
//   - Windows: the volume's filesystem, and whether it is on the network.
//   - other systems: nothing.
type Volume struct {
	Type      string // the system's name of the filesystem, such as "ext4" or "fuse.sshfs"; empty if unknown
	Point     string // where it is mounted; empty if unknown
	Upper     string // the Type of an overlay's upper layer; empty if unknown
	Remote    bool   // the system says that the filesystem is not local
	Unsynced  bool   // an overlay that is mounted volatile
	NoBarrier bool   // fsync does not flush the disk's cache
	ReadOnly  bool   // mounted read-only
}

// ErrNoVolume is the error of a simulated disk, which lies on no volume of the system.
var ErrNoVolume = errors.New("a simulated disk lies on no volume")

// Space gives the number of bytes and of new files that a program without privileges can still store on the volume of
// the directory at path. inodes is -1 if the filesystem does not count them.
func Space(path string) (bytes, inodes int64, err error) {
	bytes, inodes, all, err := space(path)
	if all == 0 {
		inodes = -1
	}
	return bytes, inodes, err
}

// Accessible returns nil if permissions and mount allow this process to create files in the directory at path. It
// creates no file. errors.ErrUnsupported means that the system has no such check.
func Accessible(path string) error { return accessible(path) }
