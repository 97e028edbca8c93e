package environ

import (
	"strings"
	"testing"
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
	for _, condition := range taken {
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
	for system, byPlace := range filesystems {
		count := 0
		for _, names := range byPlace {
			count += len(names)
		}
		if count != len(placeOf[system]) {
			t.Errorf("%s: %d names, %d different", system, count, len(placeOf[system]))
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
			inMemory := place(p) == memory || place(p) == memorySecond || place(p) == overlayMemory
			if inMemory && cell.Level.Refused() {
				t.Errorf("a file in memory is refused for %v", Guarantee(g))
			}
		}
	}
}

func TestTheSystemDecidesWhatANameMeans(t *testing.T) {
	for _, c := range []struct {
		goos  string
		mount mount
		class string
		want  [guarantees]Level
	}{
		{"linux", mount{filesystem: "ext4"}, Persistent, all(Guaranteed)},
		{"linux", mount{filesystem: "zfs"}, Persistent, all(BestEffort)},
		{"linux", mount{filesystem: "f2fs"}, Persistent, all(BestEffort)},
		{"linux", mount{filesystem: "tmpfs"}, Volatile, inMemory},
		{"linux", mount{filesystem: "overlay", upper: "ext4"}, Overlay, all(Guaranteed)},
		{"linux", mount{filesystem: "overlay", upper: "tmpfs"}, Overlay, inMemory},
		{"linux", mount{filesystem: "overlay", upper: "zfs"}, Overlay, inMemory},
		{"linux", mount{filesystem: "overlay"}, Overlay, inMemory},
		{"linux", mount{filesystem: "overlay", upper: "ext4", unsynced: true}, Overlay,
			[...]Level{Guaranteed, Unsupported, Guaranteed, Guaranteed}},
		{"linux", mount{filesystem: "nfs4"}, Network, all(NonTarget)},
		{"linux", mount{filesystem: "cifs"}, Network, all(NonTarget)},
		{"linux", mount{filesystem: "9p"}, Network, all(NonTarget)},
		{"linux", mount{filesystem: "fuse.sshfs"}, Network, all(NonTarget)},
		{"linux", mount{filesystem: "fuse.bindfs"}, Foreign, all(NonTarget)},
		{"linux", mount{filesystem: "fuseblk"}, Foreign, all(NonTarget)},
		{"linux", mount{filesystem: "vfat"}, Foreign, all(NonTarget)},
		{"linux", mount{filesystem: "ntfs3"}, Foreign, all(NonTarget)},
		{"linux", mount{filesystem: "sysfs"}, Pseudo, all(Unsupported)},
		{"linux", mount{filesystem: "ext2/ext3/ext4"}, Unknown, all(NonTarget)},
		{"linux", mount{}, Unknown, all(NonTarget)},
		{"darwin", mount{filesystem: "apfs"}, Persistent, all(Guaranteed)},
		{"darwin", mount{filesystem: "hfs"}, Persistent, all(BestEffort)},
		{"darwin", mount{filesystem: "smbfs", remote: true}, Network, all(NonTarget)},
		{"darwin", mount{filesystem: "apfs", remote: true}, Network, all(NonTarget)},
		{"darwin", mount{filesystem: "exfat"}, Foreign, all(NonTarget)},
		{"freebsd", mount{filesystem: "ufs"}, Persistent, all(BestEffort)},
		{"freebsd", mount{filesystem: "zfs"}, Persistent, all(BestEffort)},
		{"openbsd", mount{filesystem: "ffs"}, Persistent, all(BestEffort)},
		{"openbsd", mount{filesystem: "mfs"}, Volatile, all(BestEffort)},
		{"netbsd", mount{filesystem: "nfs"}, Network, all(NonTarget)},
		{"netbsd", mount{filesystem: "overlay"}, Unknown, all(NonTarget)},
		{"freebsd", mount{filesystem: "procfs"}, Pseudo, all(Unsupported)},
		{"windows", mount{filesystem: "NTFS"}, Foreign, all(NonTarget)},
		{"windows", mount{filesystem: "ReFS"}, Foreign, all(NonTarget)},
		{"windows", mount{filesystem: "NTFS", remote: true}, Network, all(NonTarget)},
		{"plan9", mount{filesystem: "ext4"}, Unknown, all(NonTarget)},
	} {
		row := table[classify(c.goos, &c.mount)]
		if row.class != c.class {
			t.Errorf("%s on %s is %s", c.mount.filesystem, c.goos, row.class)
		}
		for g, cell := range row.cells {
			if cell.Level != c.want[g] {
				t.Errorf("%+v on %s: %v is %v", c.mount, c.goos, Guarantee(g), cell.Level)
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
	if len(lines) != 1+int(places)+int(conditions) {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines[1:] {
		if strings.Contains(line, "  -") {
			t.Errorf("a hole in the table: %s", line)
		}
	}
}
