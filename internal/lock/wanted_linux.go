package lock

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// tableSize bounds what is read of /proc/locks: on a machine with more locks than
// that reading on would take longer than leaving the lock free for a moment does.
const tableSize = 8 << 10

// seesAll reports whether /proc/locks shows everybody's locks: since Linux 4.9 it
// leaves out those of other PID namespaces (locks_translate_pid in fs/locks.c), so
// that from within a container a waiter in another one is not seen.
var seesAll = sync.OnceValue(func() bool {
	const initial = "pid:[4026531836]" // PROC_PID_INIT_INO of linux/proc_ns.h
	namespace, err := os.Readlink("/proc/self/ns/pid")
	return err == nil && namespace == initial
})

// wanted looks for the threads that the kernel lists below a lock that it knows
// (proc_locks(5)). Where it numbers files otherwise than stat(2) does, as on
// btrfs, even the lock itself is not found.
func wanted(lock vfs.ID) bool {
	if !seesAll() {
		return true
	}
	f, err := os.Open("/proc/locks")
	if err != nil {
		return true
	}
	defer f.Close()
	table := make([]byte, tableSize)
	n, err := io.ReadFull(f, table)
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return true // there is more, or it can't be read
	}
	return waitsIn(table[:n], lock)
}

// waitsIn reads lines like these, a holder's and that of one who waits for it:
//
//	7: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF
//	7: -> FLOCK  ADVISORY  WRITE 4712 08:01:131 0 EOF
func waitsIn(table []byte, lock vfs.ID) bool {
	file := fmt.Appendf(nil, " %02x:%02x:%d ", unix.Major(lock.Dev), unix.Minor(lock.Dev), lock.Ino)
	known := false
	for line := range bytes.Lines(table) {
		if !bytes.Contains(line, file) || !bytes.Contains(line, []byte(" FLOCK ")) {
			continue
		}
		if bytes.Contains(line, []byte("-> ")) {
			return true
		}
		known = true
	}
	return !known
}
