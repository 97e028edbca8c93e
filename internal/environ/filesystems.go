package environ

import (
	"strings"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// filesystems lists, per operating system, the names of the filesystems of each kind. Overlay is not in it, since
// its kind depends on its upper layer.
var filesystems = map[string]map[kind][]string{
	"linux": {
		firstTier:  {"btrfs", "ext4", "xfs"},
		secondTier: {"bcachefs", "erofs", "ext2", "ext2/ext3/ext4", "ext3", "f2fs", "jffs2", "jfs", "nilfs2", "reiserfs", "squashfs", "ubifs", "zfs"},
		memory:     {"devtmpfs", "ramfs", "tmpfs"},
		network: {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
			"ocfs2", "orangefs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs"},
		foreign: {"affs", "exfat", "fuse", "fuseblk", "hfs", "hfsplus", "hpfs", "iso9660", "msdos", "ntfs", "ntfs3", "udf", "ufs", "vfat"},
		pseudo: {"autofs", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset", "debugfs", "devpts",
			"efivarfs", "fusectl", "hugetlbfs", "mqueue", "nfsd", "nsfs", "proc", "pstore", "resctrl", "rpc_pipefs",
			"securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs"},
	},
	"darwin": {
		firstTier:    {"apfs"},
		secondTier:   {"hfs"},
		memorySecond: {"tmpfs"},
		network:      {"9p", "afpfs", "cifs", "ftp", "nfs", "smbfs", "virtiofs", "webdav"},
		foreign:      {"cd9660", "exfat", "fuse-t", "fusefs", "macfuse", "msdos", "ntfs", "osxfuse", "udf", "ufsd_NTFS"},
		pseudo:       {"autofs", "devfs"},
	},
	"bsd": {
		secondTier:   {"ext2fs", "ffs", "lfs", "ufs", "zfs"},
		memorySecond: {"mfs", "tmpfs"},
		network:      {"afs", "nfs", "p9fs", "smbfs"},
		foreign:      {"cd9660", "fuse", "fusefs", "msdos", "msdosfs", "ntfs", "puffs", "udf"},
		pseudo: {"autofs", "devfs", "fdesc", "fdescfs", "kernfs", "linprocfs", "linsysfs", "mqueuefs", "procfs", "ptyfs",
			"tracefs"},
	},
	"windows": {
		foreign: {"CDFS", "exFAT", "FAT", "FAT32", "NTFS", "ReFS", "UDF"},
	},
}

// remoteFUSE are the programs behind a FUSE mount that are known to keep the
// files on another machine.
var remoteFUSE = map[string]bool{
	"ceph": true, "ceph-fuse": true, "curlftpfs": true, "davfs": true, "gcsfuse": true, "glusterfs": true, "goofys": true,
	"juicefs": true, "rclone": true, "s3fs": true, "sshfs": true, "vmhgfs-fuse": true,
}

// kindOf maps the name of a filesystem to its kind, per operating system.
var kindOf = func() map[string]map[string]kind {
	turned := make(map[string]map[string]kind, len(filesystems))
	for system, byKind := range filesystems {
		turned[system] = make(map[string]kind)
		for where, names := range byKind {
			for _, name := range names {
				turned[system][name] = where
			}
		}
	}
	for _, goos := range []string{"freebsd", "netbsd", "openbsd", "dragonfly"} {
		turned[goos] = turned["bsd"]
	}
	return turned
}()

// classify finds the kind of a volume's filesystem. Pseudo filesystems come first, since some systems report them
// as remote.
func classify(goos string, v *vfs.Volume) kind {
	known := kindOf[goos][v.Type]
	if v.Remote && known != pseudo {
		return network
	}
	if v.Type == "overlay" && goos == "linux" {
		return classifyOverlay(goos, v)
	}
	if program, ok := strings.CutPrefix(v.Type, "fuse."); ok {
		if remoteFUSE[program] {
			return network
		}
		return foreign
	}
	return known
}

func classifyOverlay(goos string, v *vfs.Volume) kind {
	if v.Unsynced {
		return overlayVolatile
	}
	switch kindOf[goos][v.Upper] {
	case firstTier:
		return overlayDisk
	case memory:
		return overlayMemory
	}
	return overlayUnseen
}
