package vfs

import (
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/windows"
)

// volumeOf opens the file without any access right, which is enough to query it.
func volumeOf(path string) (Volume, error) {
	h, err := openForQuestions(path, 0)
	if err != nil {
		return Volume{}, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer windows.CloseHandle(h)
	if path, err = pathOf(h); err != nil {
		return Volume{}, err
	}
	var name [windows.MAX_PATH + 1]uint16
	var flags uint32
	err = windows.GetVolumeInformationByHandle(h, nil, 0, nil, nil, &flags, &name[0], uint32(len(name)))
	if err != nil {
		return Volume{}, os.NewSyscallError("GetVolumeInformationByHandle", err)
	}
	v := Volume{Type: windows.UTF16ToString(name[:]), Point: pointOf(path), ReadOnly: flags&windows.FILE_READ_ONLY_VOLUME != 0}
	v.Remote = strings.HasPrefix(path, `\\?\UNC\`) || isNetworkDrive(v.Point)
	return v, nil
}

// openForQuestions opens a file or directory for queries, and shares it with every other access.
func openForQuestions(path string, flags uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	share := uint32(windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE)
	return windows.CreateFile(name, 0, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|flags, 0)
}

// pathOf gives the path of an open file, with the prefix that lifts the limit
// on its length.
func pathOf(handle windows.Handle) (string, error) {
	buffer := make([]uint16, windows.MAX_PATH)
	for {
		n, err := windows.GetFinalPathNameByHandle(handle, &buffer[0], uint32(len(buffer)), 0)
		if err != nil {
			return "", os.NewSyscallError("GetFinalPathNameByHandle", err)
		}
		if int(n) < len(buffer) {
			return windows.UTF16ToString(buffer[:n]), nil
		}
		buffer = make([]uint16, n+1)
	}
}

// pointOf gives the root of the volume that path lies on, empty if unknown.
func pointOf(path string) string {
	text, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return ""
	}
	root := make([]uint16, len(path)+2)
	if err := windows.GetVolumePathName(text, &root[0], uint32(len(root))); err != nil {
		return ""
	}
	return windows.UTF16ToString(root)
}

func isNetworkDrive(root string) bool {
	text, err := windows.UTF16PtrFromString(root)
	return err == nil && windows.GetDriveType(text) == windows.DRIVE_REMOTE
}

func space(path string) (bytes, inodes, allInodes int64, err error) {
	text, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, 0, 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(text, &free, nil, nil); err != nil {
		return 0, 0, 0, &fs.PathError{Op: "GetDiskFreeSpaceEx", Path: path, Err: err}
	}
	return int64(free), 0, 0, nil
}
