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
// durable there. Before that its name ends in .draft. Every other directory has a pointer,
// .holdfast-OWNER-ID.pointer, that leads to the journal. All are one line of JSON and a line with the
// SHA-256 of that.
//
// A journal holds names, sizes and times, but no digest of a content. By a digest a short secret could be found
// by trying, so only those could be let read a journal, and recover it, who may read every file in it.

const (
	journalMagic = "holdfast journal 1"
	maxJournal   = 16 << 20 // bytes; 1,000 files with the longest paths take 9 MiB
)

// journal is the content of a journal and, without files, that of a pointer.
type journal struct {
	Magic string
	Name  pathText      // of the journal, without .journal or .draft
	Dirs  []journalDir  // the first is that of the journal; a pointer has no other
	Here  int           `json:",omitempty"` // of a pointer: the index of its directory in the journal
	Files []journalFile `json:",omitempty"`
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
	Temp   pathText // in the same directory: the temp with the new content; for a removal the name that the old content gets
	Remove bool     `json:",omitempty"`
	Lock   pathText // path of the lock file
	New    *stamp
	Old    *stamp // nil if there is no file

	waits bool         // it has not changed yet
	held  func() error // fails if the lock is lost; nil if a recovery does not hold it
}

// stamp tells one content of a file from another. It is what both rename(2) and a power
// cut after an fsync leave as it is; on some filesystems that is neither true of the ctime nor of the inode number.
type stamp struct{ Size, Mtime int64 }

func stampOf(i vfs.Info) *stamp { return &stamp{i.Size, i.Mtime} }

// isOld reports whether the result of a Stat of the file is what the journal gives as the old content.
func (e *journalFile) isOld(now vfs.Info, err error) bool {
	if errors.Is(err, fs.ErrNotExist) {
		return e.Old == nil
	}
	return err == nil && e.Old != nil && *stampOf(now) == *e.Old
}

// owner is the owner in the name of the file's temp.
func (e *journalFile) owner() replace.Owner {
	o, _ := replace.ParseLeftover(string(e.Temp))
	return o
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

// write makes the journal durable under a name that is not its own. It gets that when it is
// complete, so that a file of that name is never torn.
func (j *journal) write(dir vfs.Dir, temp string, perm fs.FileMode, policy safety.Policy) error {
	line, err := json.Marshal(j)
	if err != nil {
		return err
	}
	f, err := dir.Create(temp, 0o600)
	if err != nil {
		return noEntry(dir, "a change of several files makes its journal there", err)
	}
	defer f.Close()
	if _, err := f.Write(withSum(line)); err != nil {
		return err
	}
	if err := f.Chmod(perm); err != nil && !vfs.ModeRefused(err) {
		return err
	}
	return replace.SyncFile(f, policy)
}

// withSum gives the content of a journal's file: the line, and a line with its checksum.
func withSum(line []byte) []byte {
	all := append(line[:len(line):len(line)], '\n')
	sum := sha256.Sum256(all)
	return append(hex.AppendEncode(all, sum[:]), '\n')
}

// readJournal reads a journal or a pointer, and gives the user who has written it. The error is fs.ErrNotExist if there is none.
func readJournal(dir vfs.Dir, name string) (j journal, uid uint32, err error) {
	info, err := dir.Stat(name)
	if err != nil {
		return j, 0, err
	}
	if !info.Mode.IsRegular() { // to open a pipe would wait
		return j, 0, unfit(dir, name, "is no regular file")
	}
	f, err := dir.Open(name)
	if errors.Is(err, fs.ErrPermission) {
		return j, 0, fmt.Errorf("%w; recover as user %d or as root", err, info.UID)
	}
	if err != nil {
		return j, 0, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return j, 0, err
	}
	switch {
	case info.Links == 0: // somebody has completed the change meanwhile
		return j, 0, fs.ErrNotExist
	case !info.Mode.IsRegular() || info.Links != 1 || info.Size > maxJournal:
		return j, 0, unfit(dir, name, "is no regular file of one name, or too long")
	}
	all, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err != nil {
		return j, 0, err
	}
	line, _, _ := bytes.Cut(all, []byte("\n"))
	if !bytes.Equal(all, withSum(line)) || json.Unmarshal(line, &j) != nil || !j.valid() {
		return j, 0, unfit(dir, name, "is damaged, or not as this library writes it")
	}
	return j, info.UID, nil
}

// unfit is the error about a journal or pointer that can't be followed.
func unfit(dir vfs.Dir, name, why string) error {
	return fmt.Errorf("%w: %s, the journal of a change of several files, %s; look at it, and remove it if nobody needs the change",
		errors.ErrFile, errors.Printable(vfs.Join(dir.Path(), name)), why)
}

// valid reports whether the journal can be followed: its indexes are in range, every name is one element of a path,
// and every directory has a file. A pointer has no files.
func (j *journal) valid() bool {
	used := map[int]bool{}
	for _, e := range j.Files {
		_, isTemp := replace.ParseName(string(e.Temp))
		if e.Remove {
			_, isTemp = replace.ParseJournal(string(e.Temp), replace.RemovedSuffix)
		}
		name := string(e.Name)
		isElement := name == filepath.Base(name) && name != "." && name != ".." && !strings.ContainsRune(name, 0)
		if e.Dir < 0 || e.Dir >= len(j.Dirs) || !isTemp || !isElement || (e.New == nil) != e.Remove {
			return false
		}
		used[e.Dir] = true
	}
	isPointer := j.Here > 0 && len(j.Dirs) == 1 && len(j.Files) == 0
	return j.Magic == journalMagic && (isPointer || j.Here == 0 && len(j.Dirs) > 0 && len(used) == len(j.Dirs))
}
