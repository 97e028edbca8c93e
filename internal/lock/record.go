package lock

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Record is the text that a holder writes into the lock file for people to read. No
// decision depends on it: the system reuses a PID, two hosts may have the same name, and any
// program may overwrite the record.
type Record struct {
	PID   int
	Host  string
	Since time.Time
}

// recordSize is the size of every record, in bytes. So one pwrite(2) replaces a whole record, and
// the file never needs to be truncated. py-filelock truncates the file when it
// opens it; then the holder is unknown.
const recordSize = 160

// recordMagic begins every record. It makes the record a comment line for programs that read
// every file of a directory as their configuration, lock files too
// (nginx's and logrotate's include). It stays when a record is cleared.
const recordMagic = "# holdfast"

// cleared replaces a record when the lock is released.
var cleared = []byte(recordMagic + strings.Repeat(" ", recordSize-len(recordMagic)-1) + "\n")

const (
	// minAge is how long ago an empty lock file must have changed to get a record. A younger
	// one may belong to another program that is about to fill it.
	minAge = 2 * time.Second
	// backdated is the mtime that a new lock file gets, in nanoseconds since 1970.
	backdated = int64(time.Second)
)

// Announce writes this process's record into the lock file and returns the
// function that clears it again. If the lock file can't be written, there is no record, and
// Unannounced says why.
//
// An empty lock file that is younger than minAge gets no record, unless this call made it; see Youth.
// Another program may have made the file and be about to fill it, and the end of a record would
// stay behind its content. Only the age tells such a file from a lock file, so a new lock file
// gets an old mtime. A file that another program leaves empty for longer than minAge gets a
// record.
func (h *Held) Announce() (clear func()) {
	nothing := func() {}
	if h.spec.DataFile || h.Youth() > 0 {
		return nothing
	}
	known := h.file != nil // the content was read when the file was locked, or the file is new
	f, err := h.open()
	if err != nil {
		h.unwritable = err
		return nothing
	}
	if h.unwritable != nil {
		return nothing
	}
	if !known {
		// The file was empty when it was locked.
		if info, err := f.Stat(); err != nil || info.Size != 0 || info.Links > 1 {
			return nothing
		}
	}
	mine := Record{pid(), host(), time.Now()}.encode()
	clear = func() { clearRecord(f, mine) }
	if _, err := f.WriteAt(mine, 0); err != nil {
		clear() // a part of it may be there
		h.unwritable = err
		return nothing
	}
	h.announced = true
	return clear
}

// Unannounced is nil if Announce has written a record. Else it says why not: the failure of the write or of
// opening the lock file for it, or fs.ErrPermission if this lock file gets no record.
func (h *Held) Unannounced() error {
	switch {
	case h.announced:
		return nil
	case h.unwritable != nil:
		return h.unwritable
	}
	return fs.ErrPermission
}

// Youth is how long Announce still writes nothing since the lock file is young and empty. The file is at least
// as old as the lock, which counts if the mtime is in the future: a clock was set back, or is another machine's.
func (h *Held) Youth() time.Duration {
	if h.info.Size != 0 || h.made {
		return 0
	}
	age := max(time.Since(time.Unix(0, h.info.Mtime)), time.Since(h.since))
	return max(0, minAge-age)
}

// clearRecord clears a record if the file still holds it, or a part of it.
// Another program may have written into the file. It may also have renamed the file over its
// own data file, as git does with config.lock.
func clearRecord(f vfs.File, mine []byte) {
	head, err := readHead(f)
	if err == nil && len(head) > 0 && bytes.HasPrefix(mine, head) {
		_, _ = f.WriteAt(cleared, 0)
	}
}

// Left is the record that the last holder has not cleared; nil if there is none.
func (h *Held) Left() *Record {
	if len(h.head) == 0 || bytes.Equal(h.head, cleared) {
		return nil
	}
	return decodeRecord(h.head)
}

// ReadRecord reads the record in a lock file without locking it; nil if there
// is none.
func ReadRecord(dir vfs.Dir, name string) (*Record, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode.IsRegular() {
		return nil, err
	}
	head, err := readHead(f)
	return decodeRecord(head), err
}

// The PID and the host name are read once, since every transaction writes a record.
var (
	pid  = sync.OnceValue(os.Getpid)
	host = sync.OnceValue(func() string {
		name, _ := os.Hostname()
		return name
	})
)

// encode does not use fmt, since every transaction calls it.
func (r Record) encode() []byte {
	text := make([]byte, 0, recordSize)
	text = append(text, recordMagic+" pid="...)
	text = strconv.AppendInt(text, int64(r.PID), 10)
	text = append(text, " host="...)
	text = append(text, strings.Join(strings.Fields(r.Host[:min(len(r.Host), 64)]), "_")...)
	text = append(text, " since="...)
	text = r.Since.UTC().AppendFormat(text, time.RFC3339Nano)
	return append(text, cleared[len(text):]...)
}

func decodeRecord(head []byte) *Record {
	line, _, _ := strings.Cut(string(head), "\n")
	text, ok := strings.CutPrefix(line, recordMagic+" ")
	fields := strings.Fields(text)
	if !ok || len(fields) != 3 {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimPrefix(fields[0], "pid="))
	if err != nil {
		return nil
	}
	since, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(fields[2], "since="))
	if err != nil {
		return nil
	}
	// Any program may have written the text, so control characters for a terminal are quoted.
	host := strconv.Quote(strings.TrimPrefix(fields[1], "host="))
	return &Record{pid, host[1 : len(host)-1], since}
}

// String is fit for an error text: the host is quoted.
func (r Record) String() string {
	return fmt.Sprintf("process %d on \"%s\" since %s", r.PID, r.Host, r.Since.Format(time.RFC3339))
}
