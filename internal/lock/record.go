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
// opens it; a record that is gone is merely not told, but leaves a trace (Polled).
const recordSize = 160

const recordMagic = "holdfast"

// Announce writes this process's record into a held lock and returns the
// function that clears it again. Where the lock file can't be written nothing is.
func (h *Held) Announce() (clear func()) {
	f, err := h.record()
	if err != nil {
		return func() {}
	}
	clear = func() { _, _ = f.WriteAt(cleared, 0) }
	mine := Record{pid(), host(), time.Now()}
	if _, err := f.WriteAt(mine.encode(), 0); err != nil {
		clear() // a part of it may be there
		return func() {}
	}
	return clear
}

// cleared takes the place of a record but for its last byte: if the file was
// truncated meanwhile it ends up shorter than a record.
var cleared = bytes.Repeat([]byte{' '}, recordSize-1)

// Left is the record that the last holder left uncleared, nil if none.
func (h *Held) Left() *Record {
	if h.Size() == 0 {
		return nil
	}
	if f, err := h.record(); err == nil { // which stays open for this holder's own
		return readRecord(f)
	}
	r, _ := ReadRecord(h.place.Dir, h.place.Name)
	return r
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
	return readRecord(f), nil
}

func readRecord(f vfs.File) *Record {
	buf := make([]byte, recordSize)
	n, _ := f.ReadAt(buf, 0)
	if bytes.HasPrefix(buf[:n], cleared) {
		return nil
	}
	return decodeRecord(string(buf[:n]))
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
	text = append(text, cleared[len(text):]...)
	return append(text, '\n')
}

func decodeRecord(text string) *Record {
	fields := strings.Fields(text)
	if len(fields) != 4 || fields[0] != recordMagic {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimPrefix(fields[1], "pid="))
	if err != nil {
		return nil
	}
	since, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(fields[3], "since="))
	if err != nil {
		return nil
	}
	return &Record{pid, strings.TrimPrefix(fields[2], "host="), since}
}

// String is fit for an error text: what came from the file is quoted.
func (r Record) String() string {
	return fmt.Sprintf("process %d on %q since %s", r.PID, r.Host, r.Since.Format(time.RFC3339))
}
