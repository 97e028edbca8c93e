package disk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A journal lists the files of one change of several files. It lies in the directory of the first
// of them under the name .holdfast-OWNER-ID.journal, and the change is committed when it is
// durable there. Every other directory has a pointer, .holdfast-OWNER-ID.pointer, that leads to
// the journal. Both are one line of JSON and a line with the SHA-256 of that.
//
// A journal holds names, sizes and times, but no digest of a content. A digest would tell
// something of the content (a short secret can be found by trying), so that a journal could be read only
// by those who may read every file in it, and by nobody else be recovered.

const (
	journalMagic = "holdfast journal 1"
	pointerMagic = "holdfast pointer 1"
	maxJournal   = 16 << 20 // bytes; 1,000 files with the longest paths take 9 MiB
)

// journal is what a journal file says.
type journal struct {
	Magic string
	Dirs  []journalDir // the first is that of the journal
	Files []journalFile
}

// journalDir is a directory. Device numbers may be others after a restart, so they are not noted.
type journalDir struct {
	Path  pathText
	Ino   uint64
	Birth int64 `json:",omitempty"`
}

// journalFile is a file that changes.
type journalFile struct {
	Dir    int      // index
	Name   pathText // in the directory
	Temp   pathText // a temp file in the same directory: the new content; for a removal the name that the old content gets
	Remove bool     `json:",omitempty"`
	Lock   pathText // path of the lock file
	New    *stamp
	Old    *stamp // nil if there is no file
}

// stamp tells one content of a file from another. It is what both rename(2) and a power
// cut after an fsync leave as it is; on some filesystems that is neither true of the ctime nor of the inode number.
type stamp struct{ Size, Mtime int64 }

func stampOf(i vfs.Info) *stamp { return &stamp{i.Size, i.Mtime} }

// pointer is what a pointer file says.
type pointer struct {
	Magic   string
	Dir     journalDir // of the journal
	Journal pathText   // its name
	Index   int        // of the pointer's own directory in the journal
}

// pathText is a name or a path. In JSON it is escaped as in Go, since it may be no UTF-8.
type pathText string

// MarshalText is of the encoding.TextMarshaler interface.
func (t pathText) MarshalText() ([]byte, error) {
	quoted := strconv.Quote(string(t))
	return []byte(quoted[1 : len(quoted)-1]), nil
}

// UnmarshalText is of the encoding.TextUnmarshaler interface.
func (t *pathText) UnmarshalText(b []byte) error {
	s, err := strconv.Unquote(`"` + string(b) + `"`)
	*t = pathText(s)
	return err
}

// writeJournal makes the content of a journal or a pointer durable under the name of a temp. It
// gets its own name later, so that a file of that name is never torn. perm says who may read it.
func writeJournal(dir vfs.Dir, temp string, v any, perm fs.FileMode, policy safety.Policy) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	sum := sha256.Sum256(line)
	f, err := dir.Create(temp, 0o600)
	if err != nil {
		return noEntry(dir, "a change of several files makes its journal there", err)
	}
	defer f.Close()
	if _, err := f.Write(append(hex.AppendEncode(line, sum[:]), '\n')); err != nil {
		return err
	}
	if err := f.Chmod(perm); err != nil && !vfs.ModeRefused(err) {
		return err
	}
	return replace.SyncFile(f, policy)
}

// readJournal reads a journal or a pointer and describes its file. The error is fs.ErrNotExist if there is none.
func readJournal(dir vfs.Dir, name string, v any) (vfs.Info, error) {
	info, err := dir.Stat(name)
	if err != nil {
		return info, err
	}
	unfit := func(why string) error {
		return fmt.Errorf("%w: %s, the journal of a change of several files, %s; look at it, and remove it if nobody needs the change",
			errors.ErrFile, errors.Printable(vfs.Join(dir.Path(), name)), why)
	}
	if !info.Mode.IsRegular() || info.Links != 1 {
		return info, unfit("is no regular file of one name")
	}
	f, err := dir.Open(name)
	if errors.Is(err, fs.ErrPermission) {
		return info, fmt.Errorf("%w; recover as user %d or as root", err, info.UID)
	}
	if err != nil {
		return info, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return info, err
	}
	switch {
	case info.Links == 0: // somebody has completed the change meanwhile
		return info, fs.ErrNotExist
	case !info.Mode.IsRegular() || info.Links != 1 || info.Size > maxJournal:
		return info, unfit("is no regular file of one name, or too long")
	}
	all, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err != nil {
		return info, err
	}
	line, sum, _ := bytes.Cut(all, []byte("\n"))
	want := sha256.Sum256(append(line[:len(line):len(line)], '\n'))
	if string(sum) != hex.EncodeToString(want[:])+"\n" {
		return info, unfit("is damaged: its checksum does not match")
	}
	if err := json.Unmarshal(line, v); err != nil {
		return info, unfit("is damaged: " + err.Error())
	}
	return info, nil
}

// valid reports whether the journal can be followed: its indexes are in range, and every name is one element of a path.
func (j *journal) valid() bool {
	if j.Magic != journalMagic || len(j.Dirs) == 0 {
		return false
	}
	for _, e := range j.Files {
		_, isTemp := replace.ParseName(string(e.Temp))
		if e.Dir < 0 || e.Dir >= len(j.Dirs) || !isTemp || !isElement(string(e.Name)) || (e.New == nil) != e.Remove {
			return false
		}
	}
	return true
}

func isElement(name string) bool {
	return name == filepath.Base(name) && name != "." && name != ".." && !strings.ContainsRune(name, 0)
}

// owner is the owner in the name of the file's temp.
func (e *journalFile) owner() replace.Owner {
	o, _ := replace.ParseName(string(e.Temp))
	return o
}

// isOf reports whether a file of the journal is the session's, given the index of the session's
// directory. The spelling of the name may be another one.
func (e *journalFile) isOf(f *file, dir int) bool {
	return e.Dir == dir && (string(e.Name) == f.name || e.owner() == f.owner && f.owner != replace.NoOwner)
}
