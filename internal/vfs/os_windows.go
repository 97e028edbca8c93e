package vfs

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/windows"

	"github.com/holdfast-go/holdfast/errors"
)

var errNotDir error = windows.ERROR_DIRECTORY

// renameTimeout bounds how long a rename is retried while a scanner or an
// indexer has one of the two files open.
const renameTimeout = 2 * time.Second

// replaceFile renames over newPath and returns when the rename is on disk
// (MoveFileExW, MOVEFILE_WRITE_THROUGH). Windows refuses the rename while another program has
// newPath open without FILE_SHARE_DELETE. Only the errors for that are retried, with growing,
// jittered pauses.
func replaceFile(oldPath, newPath string) error {
	from, err := windows.UTF16PtrFromString(oldPath)
	if err != nil {
		return &fs.PathError{Op: "rename", Path: oldPath, Err: err}
	}
	to, err := windows.UTF16PtrFromString(newPath)
	if err != nil {
		return &fs.PathError{Op: "rename", Path: newPath, Err: err}
	}
	pause, deadline := time.Millisecond, time.Now().Add(renameTimeout)
	for {
		err := windows.MoveFileEx(from, to, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
		if err == nil {
			return nil
		}
		if !transient(err) || time.Now().After(deadline) {
			return &fs.PathError{Op: "rename", Path: newPath, Err: err}
		}
		time.Sleep(pause/2 + rand.N(pause))
		pause = min(2*pause, 100*time.Millisecond)
	}
}

func transient(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// linkError recognises the error of a filesystem without hard links, such as FAT.
func linkError(err error) error {
	if err == windows.ERROR_INVALID_FUNCTION {
		return errors.ErrUnsupported
	}
	return err
}

// infoOf asks for the file's identity, which a FileInfo does not show.
func infoOf(path string, info fs.FileInfo) (Info, error) {
	var flags uint32
	if info.Mode()&os.ModeSymlink != 0 {
		flags = windows.FILE_FLAG_OPEN_REPARSE_POINT
	}
	h, err := openForQuestions(path, flags)
	if err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	defer windows.CloseHandle(h)
	var by windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &by); err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	id := ID{uint64(by.VolumeSerialNumber), uint64(by.FileIndexHigh)<<32 | uint64(by.FileIndexLow)}
	return plainInfo(id, info), nil
}
