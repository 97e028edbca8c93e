package lock

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Record is what a holder writes into the lock file for people to read. No
// decision rests on it: a PID is reused, a host name repeated, and any program
// may overwrite it.
type Record struct {
	PID   int
	Host  string
	Since time.Time
}

// recordSize is fixed, so that one pwrite(2) replaces a record whole and the
// file never needs to be truncated. py-filelock truncates the file when it
// opens it; a record that is gone is merely not told.
const recordSize = 160

// recordMagic makes the record a comment line for the many programs that read
// every file of a directory as their configuration, lock files too
// (nginx's and logrotate's include). It stays when a record is cleared.
const recordMagic = "# holdfast"

// cleared takes the place of a record.
var cleared = []byte(recordMagic + strings.Repeat(" ", recordSize-len(recordMagic)-1) + "\n")

const (
	// An empty lock file that has changed within youth may be another program's in the
	// making.
	youth = 2 * time.Second
	// longAgo is the time of the last change, in nanoseconds since 1970, that a lock
	// file gets when it is made.
	longAgo = int64(time.Second)
)

// Announce writes this process's record into a held lock and returns the
// function that clears it again. Where the lock file can't be written nothing is.
//
// A young empty lock file gets no record, unless this call made it: another program
// may have made the file and be about to fill it, and the end of a record would
// stay behind its content. That program's file is not told from a lock file by
// anything but its age, so lock files are dated back when they are made. A
// program that leaves its file empty for longer than youth is not helped.
func (h *Held) Announce() (clear func()) {
	f := h.writable()
	if f == nil {
		return func() {}
	}
	mine := Record{pid(), host(), time.Now()}.encode()
	clear = func() { clearRecord(f, mine) }
	if _, err := f.WriteAt(mine, 0); err != nil {
		clear() // a part of it may be there
		return func() {}
	}
	return clear
}

// writable opens the lock file if a record may be written into it, else it is nil.
func (h *Held) writable() vfs.File {
	if h.spec.Foreign {
		return nil
	}
	if h.Size() == 0 && !h.made && time.Since(time.Unix(0, h.info.Mtime)) < youth {
		return nil
	}
	found := h.file != nil // and so its content was read when it was locked, or it is new
	f, err := h.open()
	if err != nil || h.readOnly {
		return nil
	}
	if !found {
		// It was empty when it was locked.
		if info, err := f.Stat(); err != nil || info.Size != 0 || info.Links > 1 {
			return nil
		}
	}
	return f
}

// clearRecord clears a record if it, or a part of it, is still what the file holds.
// Another program may have written into the file, or renamed it over its own data
// file, which is what git does with config.lock.
func clearRecord(f vfs.File, mine []byte) {
	head, err := readHead(f)
	if err == nil && len(head) > 0 && bytes.HasPrefix(mine, head) {
		_, _ = f.WriteAt(cleared, 0)
	}
}

// Left is the record that the last holder left uncleared, nil if none.
func (h *Held) Left() *Record { return decodeRecord(h.head) }

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

// They are asked for once: every transaction leaves a record.
var (
	pid  = sync.OnceValue(os.Getpid)
	host = sync.OnceValue(func() string {
		name, _ := os.Hostname()
		return name
	})
)

// encode is called by every transaction, and so does without fmt.
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
	// Any program may have written it: nothing in it may command a terminal.
	host := strconv.Quote(strings.TrimPrefix(fields[1], "host="))
	return &Record{pid, host[1 : len(host)-1], since}
}

// String is fit for an error text: the host is quoted.
func (r Record) String() string {
	return fmt.Sprintf("process %d on \"%s\" since %s", r.PID, r.Host, r.Since.Format(time.RFC3339))
}
