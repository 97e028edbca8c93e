// Package fusetest is a module of its own, so that nobody who uses the library pays
// for the FUSE library. Its two packages test the public API on filesystems that
// only a test can have:
//
//   - powercut: ext4, XFS and btrfs on a disk with a volatile write cache. A power cut
//     drops any subset of the blocks that were not flushed.
//   - oddfs: filesystems with the rules of NFS, of case-insensitive directories, and of
//     mounts that refuse chmod(2), chown(2) and extended attributes.
//
// Both need Linux, root, /dev/fuse; powercut needs loop devices and the mkfs programs too.
package fusetest
