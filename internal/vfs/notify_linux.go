package vfs

import (
	"bytes"
	"encoding/binary"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// inotify is a Notifier of inotify(7).
type inotify struct {
	file *os.File // of the instance
	conn syscall.RawConn
	buf  []byte
}

// eventBuffer is the size of the buffer for events, in bytes. It holds at least 200 events with the longest name, and
// about 1,000 with names as short as most are.
const eventBuffer = 64 << 10

// nameEvents are the changes of a directory's entries. The others do not come from a directory whose files' contents
// do not matter, such as a busy /tmp that a path merely leads through.
const (
	selfEvents    = unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ATTRIB
	nameEvents    = selfEvents | unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO
	contentEvents = unix.IN_MODIFY | unix.IN_CLOSE_WRITE
)

// scopeMasks has IN_EXCL_UNLINK, since a program that still has a replaced file open may go on writing it: such an
// event has the name of the new file.
var scopeMasks = [...]uint32{
	WatchNames:    nameEvents | unix.IN_ONLYDIR,
	WatchContents: nameEvents | contentEvents | unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK,
	WatchFile:     selfEvents | contentEvents,
}

// Notifier makes an inotify instance.
func (osFS) Notifier() (Notifier, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	n := &inotify{file: os.NewFile(uintptr(fd), "inotify"), buf: make([]byte, eventBuffer)}
	if n.conn, err = n.file.SyscallConn(); err != nil {
		n.file.Close()
		return nil, err
	}
	return n, nil
}

func (n *inotify) Watch(path string, s Scope) (w WatchID, err error) {
	controlErr := n.conn.Control(func(fd uintptr) {
		var wd int
		wd, err = unix.InotifyAddWatch(int(fd), path, scopeMasks[s]|unix.IN_DONT_FOLLOW|unix.IN_MASK_ADD)
		w = WatchID(wd)
	})
	if controlErr != nil {
		err = controlErr
	}
	return w, pathError("watch", path, err)
}

// Unwatch ignores the only error that there can be: the kernel has removed the watch itself, with its directory.
func (n *inotify) Unwatch(w WatchID) {
	_ = n.conn.Control(func(fd uintptr) { _, _ = unix.InotifyRmWatch(int(fd), uint32(w)) })
}

// Wait does not read: events are taken under the caller's own lock, by whoever needs them first.
func (n *inotify) Wait() error {
	return n.conn.Read(func(fd uintptr) bool {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		for {
			count, err := unix.Poll(ready, 0)
			if err != unix.EINTR {
				return count > 0 || err != nil
			}
		}
	})
}

// Take must not be called by two goroutines at once.
func (n *inotify) Take(each func(Event)) {
	for {
		var count int
		err := n.conn.Control(func(fd uintptr) {
			_ = retry(func() (err error) { count, err = unix.Read(int(fd), n.buf); return err })
		})
		if err != nil || count <= 0 {
			return // closed, or there is nothing more (EAGAIN)
		}
		parseEvents(n.buf[:count], each)
	}
}

// parseEvents takes apart what read(2) gives: struct inotify_event, each with a name that is padded with NULs.
func parseEvents(raw []byte, each func(Event)) {
	for len(raw) >= unix.SizeofInotifyEvent {
		wd, mask := int32(binary.NativeEndian.Uint32(raw)), binary.NativeEndian.Uint32(raw[4:])
		end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(raw[12:]))
		name := raw[unix.SizeofInotifyEvent:end]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		if kind, known := kindOf(mask); known {
			each(Event{WatchID(wd), name, kind})
		}
		raw = raw[end:]
	}
}

func kindOf(mask uint32) (EventKind, bool) {
	for _, k := range eventKinds {
		if mask&k.mask != 0 {
			return k.kind, true
		}
	}
	return 0, false
}

var eventKinds = [...]struct {
	mask uint32
	kind EventKind
}{
	{unix.IN_CLOSE_WRITE, Written},
	{unix.IN_MODIFY, Modified},
	{unix.IN_MOVED_TO, MovedIn},
	{unix.IN_CREATE, Appeared},
	{unix.IN_DELETE | unix.IN_MOVED_FROM, Vanished},
	{unix.IN_ATTRIB, Attributes},
	{unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_UNMOUNT, SelfGone},
	{unix.IN_IGNORED, Unwatched},
	{unix.IN_Q_OVERFLOW, EventsLost},
}

func (n *inotify) Close() error { return n.file.Close() }
