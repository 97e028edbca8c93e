package environ

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/holdfast-go/holdfast/errors"
)

// sharesDevices: Node has no device here, and nothing is mounted on a file.
const sharesDevices = true

func statAt(dir uintptr, name string) (Node, error) {
	path, err := pathOf(dir)
	if err != nil {
		return Node{}, err
	}
	return lstat(filepath.Join(path, name))
}

func lstat(path string) (Node, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Node{}, err
	}
	changed := info.ModTime().UnixNano()
	return Node{Mode: info.Mode(), Size: info.Size(), Modified: changed, Changed: changed}, nil
}

func openDir(path string) (uintptr, error) {
	handle, err := open(path)
	if err != nil {
		return 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return uintptr(handle), nil
}

// open asks for no access at all, which is enough for questions, and shares
// everything.
func open(path string) (windows.Handle, error) {
	text, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	share := uint32(windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE)
	return windows.CreateFile(text, 0, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
}

func openAt(dir uintptr, name string) (uintptr, error) {
	path, err := pathOf(dir)
	if err != nil {
		return 0, err
	}
	return openDir(filepath.Join(path, name))
}

func closeAt(handle uintptr) { _ = windows.CloseHandle(windows.Handle(handle)) }

func lookAt(handle uintptr) (look, error) {
	path, err := pathOf(handle)
	if err != nil {
		return look{}, err
	}
	node, err := lstat(path)
	if err != nil {
		return look{}, err
	}
	var name [windows.MAX_PATH + 1]uint16
	var flags uint32
	err = windows.GetVolumeInformationByHandle(windows.Handle(handle), nil, 0, nil, nil, &flags, &name[0], uint32(len(name)))
	if err != nil {
		return look{}, os.NewSyscallError("GetVolumeInformationByHandle", err)
	}
	m := mount{filesystem: windows.UTF16ToString(name[:]), point: volumeOf(path)}
	m.remote = strings.HasPrefix(path, `\\?\UNC\`) || isNetworkDrive(m.point)
	return look{mount: m, node: node, readOnly: flags&windows.FILE_READ_ONLY_VOLUME != 0}, nil
}

// pathOf gives the path of an open file, with the prefix that lifts the limit
// on its length.
func pathOf(handle uintptr) (string, error) {
	buffer := make([]uint16, windows.MAX_PATH)
	for {
		n, err := windows.GetFinalPathNameByHandle(windows.Handle(handle), &buffer[0], uint32(len(buffer)), 0)
		if err != nil {
			return "", os.NewSyscallError("GetFinalPathNameByHandle", err)
		}
		if int(n) < len(buffer) {
			return windows.UTF16ToString(buffer[:n]), nil
		}
		buffer = make([]uint16, n+1)
	}
}

// volumeOf gives the root of the volume that path lies on, empty if unknown.
func volumeOf(path string) string {
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

func writable(string) error { return errors.ErrUnsupported }
