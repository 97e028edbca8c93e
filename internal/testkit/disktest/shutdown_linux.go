package disktest

import (
	"os"

	"golang.org/x/sys/unix"
)

// From fs/ext4/ext4.h and fs/xfs/xfs_fs.h; golang.org/x/sys does not have them.
// The number is that of _IOR('X', 125, uint32) where reading is bit 31, as on
// amd64 and arm64.
const (
	iocShutdown     = 0x8004587d
	shutdownNoFlush = 2 // drop the journal's memory too
)

func shutdown(dir string) error {
	root, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return unix.IoctlSetPointerInt(int(root.Fd()), iocShutdown, shutdownNoFlush)
}
