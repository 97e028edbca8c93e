package environ

import (
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

func TestEveryPlaceSaysAllFourLevelsAndWhy(t *testing.T) {
	for p := range table {
		if table[p].class == "" || table[p].where == "" {
			t.Errorf("row %d has no name", p)
		}
		for g, cell := range table[p].cells {
			if cell.Level == 0 || cell.Why == "" {
				t.Errorf("%s, %s: nothing about %v", table[p].class, table[p].where, Guarantee(g))
			}
		}
	}
	for _, condition := range conditionTable {
		for g, cell := range condition.cells {
			if (cell.Level == 0) != (cell.Why == "") {
				t.Errorf("%s: a level without a reason, or the reverse, about %v", condition.where, Guarantee(g))
			}
		}
	}
}

func TestTheTableNamesTheFirstTierAsItIs(t *testing.T) {
	linux := "btrfs ext4 xfs"
	if got := strings.Join(filesystems["linux"][firstTier], " "); got != linux {
		t.Errorf("Linux's first tier is %s", got)
	}
	if got := strings.Join(filesystems["darwin"][firstTier], " "); got != "apfs" {
		t.Errorf("macOS's first tier is %s", got)
	}
	for name := range strings.FieldsSeq(linux + " apfs Linux macOS") {
		if !strings.Contains(table[firstTier].where, name) {
			t.Errorf("the row %q does not name %s", table[firstTier].where, name)
		}
	}
	for _, system := range []string{"bsd", "windows"} {
		if names := filesystems[system][firstTier]; names != nil {
			t.Errorf("%s has a first tier: %v", system, names)
		}
	}
}

func TestANameHasOnePlacePerSystem(t *testing.T) {
	for system, byKind := range filesystems {
		count := 0
		for _, names := range byKind {
			count += len(names)
		}
		if count != len(kindOf[system]) {
			t.Errorf("%s: %d names, %d different", system, count, len(kindOf[system]))
		}
	}
}

func TestStrictRefusesWhatNobodyPromises(t *testing.T) {
	for level, want := range map[Level]bool{Guaranteed: false, BestEffort: false, NonTarget: true, Unsupported: true} {
		if level.Refused() != want {
			t.Errorf("%v refused: %v", level, !want)
		}
	}
	for p, row := range table {
		for g, cell := range row.cells {
			inMemory := kind(p) == memory || kind(p) == memorySecond || kind(p) == overlayMemory
			if inMemory && cell.Level.Refused() {
				t.Errorf("a file in memory is refused for %v", Guarantee(g))
			}
		}
	}
}

func TestTheSystemDecidesWhatANameMeans(t *testing.T) {
	for _, c := range []struct {
		goos   string
		volume vfs.Volume
		class  string
		want   [guarantees]Level
	}{
		{"linux", vfs.Volume{Type: "ext4"}, Persistent, all(Guaranteed)},
		{"linux", vfs.Volume{Type: "zfs"}, Persistent, all(BestEffort)},
		{"linux", vfs.Volume{Type: "f2fs"}, Persistent, all(BestEffort)},
		{"linux", vfs.Volume{Type: "tmpfs"}, Volatile, inMemory},
		{"linux", vfs.Volume{Type: "overlay", Upper: "ext4"}, Overlay, all(Guaranteed)},
		{"linux", vfs.Volume{Type: "overlay", Upper: "tmpfs"}, Overlay, inMemory},
		{"linux", vfs.Volume{Type: "overlay", Upper: "zfs"}, Overlay, inMemory},
		{"linux", vfs.Volume{Type: "overlay"}, Overlay, inMemory},
		{"linux", vfs.Volume{Type: "overlay", Upper: "ext4", Unsynced: true}, Overlay,
			[...]Level{Guaranteed, Unsupported, Guaranteed, Guaranteed}},
		{"linux", vfs.Volume{Type: "nfs4"}, Network, all(NonTarget)},
		{"linux", vfs.Volume{Type: "cifs"}, Network, all(NonTarget)},
		{"linux", vfs.Volume{Type: "9p"}, Network, all(NonTarget)},
		{"linux", vfs.Volume{Type: "fuse.sshfs"}, Network, all(NonTarget)},
		{"linux", vfs.Volume{Type: "fuse.bindfs"}, Foreign, all(NonTarget)},
		{"linux", vfs.Volume{Type: "fuseblk"}, Foreign, all(NonTarget)},
		{"linux", vfs.Volume{Type: "vfat"}, Foreign, all(NonTarget)},
		{"linux", vfs.Volume{Type: "ntfs3"}, Foreign, all(NonTarget)},
		{"linux", vfs.Volume{Type: "sysfs"}, Pseudo, all(Unsupported)},
		{"linux", vfs.Volume{Type: "ext2/ext3/ext4"}, Persistent, all(BestEffort)},
		{"linux", vfs.Volume{}, Unknown, all(NonTarget)},
		{"darwin", vfs.Volume{Type: "apfs"}, Persistent, all(Guaranteed)},
		{"darwin", vfs.Volume{Type: "hfs"}, Persistent, all(BestEffort)},
		{"darwin", vfs.Volume{Type: "smbfs", Remote: true}, Network, all(NonTarget)},
		{"darwin", vfs.Volume{Type: "apfs", Remote: true}, Network, all(NonTarget)},
		{"darwin", vfs.Volume{Type: "exfat"}, Foreign, all(NonTarget)},
		{"freebsd", vfs.Volume{Type: "ufs"}, Persistent, all(BestEffort)},
		{"freebsd", vfs.Volume{Type: "zfs"}, Persistent, all(BestEffort)},
		{"openbsd", vfs.Volume{Type: "ffs"}, Persistent, all(BestEffort)},
		{"openbsd", vfs.Volume{Type: "mfs"}, Volatile, all(BestEffort)},
		{"netbsd", vfs.Volume{Type: "nfs"}, Network, all(NonTarget)},
		{"netbsd", vfs.Volume{Type: "overlay"}, Unknown, all(NonTarget)},
		{"freebsd", vfs.Volume{Type: "procfs"}, Pseudo, all(Unsupported)},
		{"windows", vfs.Volume{Type: "NTFS"}, Foreign, all(NonTarget)},
		{"windows", vfs.Volume{Type: "ReFS"}, Foreign, all(NonTarget)},
		{"windows", vfs.Volume{Type: "NTFS", Remote: true}, Network, all(NonTarget)},
		{"freebsd", vfs.Volume{Type: "procfs", Remote: true}, Pseudo, all(Unsupported)},
		{"plan9", vfs.Volume{Type: "ext4"}, Unknown, all(NonTarget)},
	} {
		row := table[classify(c.goos, &c.volume)]
		if row.class != c.class {
			t.Errorf("%s on %s is %s", c.volume.Type, c.goos, row.class)
		}
		for g, cell := range row.cells {
			if cell.Level != c.want[g] {
				t.Errorf("%+v on %s: %v is %v", c.volume, c.goos, Guarantee(g), cell.Level)
			}
		}
	}
}

var inMemory = [guarantees]Level{Guaranteed, BestEffort, Guaranteed, Guaranteed}

func all(level Level) (levels [guarantees]Level) {
	for g := range levels {
		levels[g] = level
	}
	return levels
}

func TestTheNamesAreThePublicOnes(t *testing.T) {
	var names []string
	for g := range guarantees {
		names = append(names, g.String())
	}
	for l := Guaranteed; l <= Unsupported; l++ {
		names = append(names, l.String())
	}
	want := "AtomicVisibility CrashDurability WriterExclusion IntegrityDetection Guaranteed BestEffort NonTarget Unsupported"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s", got)
	}
}

func TestTheTableShowsOnlyWhatTheCodeSays(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(Matrix(), "\n"), "\n")
	if len(lines) != 1+int(kinds)+int(conditions) {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines[1:] {
		if strings.Contains(line, "  -") {
			t.Errorf("a hole in the table: %s", line)
		}
	}
}
