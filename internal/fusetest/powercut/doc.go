// Package powercut cuts the power of a disk that has a volatile write cache.
//
// The disk is a file of a FUSE filesystem under a loop device. A process of its own serves
// it, since a process that wrote to the disk and served it could wait for itself:
//
//	worker processes → ext4, XFS or btrfs → loop device → FUSE → server process
//
// The server keeps each write in the cache until the kernel sends FSYNC, which is how a loop
// device flushes. A power cut happens after a random number of requests. From then on the old disk
// answers EIO, and a new disk shows what a real one could show after the cut: every block
// that was written after the last flush holds its flushed content or any content that was written to it
// since, independently of every other block. The test mounts the new disk,
// which replays the filesystem's journal, and compares the files with the changes that were acknowledged.
//
// The workers make every kind of change that the public API offers, each on files of its own. The changes of a
// lane (a sequence of changes that one goroutine makes) are numbered, and the content follows from the
// number. So after a cut the files of a lane must be exactly those after its last acknowledged change
// or those after the change that was under way.
//
// The same cuts must find a missing fsync, or they prove nothing: faultfs leaves out one kind.
//
// With HOLDFAST_LONG=1 the cuts are many:
//
//	HOLDFAST_LONG=1 go test -v -timeout 90m ./powercut
package powercut
