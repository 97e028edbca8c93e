package environ

import (
	"testing"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

func TestTheKernelSeesEveryChangeOnlyOfItsOwnFilesystems(t *testing.T) {
	for want, volumes := range map[bool][]vfs.Volume{
		true: {{Type: "ext4"}, {Type: "xfs"}, {Type: "btrfs"}, {Type: "tmpfs"}, {Type: "zfs"}, {Type: "vfat"},
			{Type: "overlay", Upper: "ext4"}, {Type: "overlay"}},
		false: {{Type: "nfs4"}, {Type: "cifs"}, {Type: "9p"}, {Type: "virtiofs"}, {Type: "fuse.bindfs"}, {Type: "fuse.sshfs"}, {Type: "fuseblk"},
			{Type: "proc"}, {Type: "ext4", Remote: true}, {}},
	} {
		for _, v := range volumes {
			if Observed(&v) != want {
				t.Errorf("%+v: observed is %v", v, !want)
			}
		}
	}
}
