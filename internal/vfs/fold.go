package vfs

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"
)

// caseSensitive are the filesystems of Linux that compare names byte by byte, in all directories.
var caseSensitive = map[string]bool{"btrfs": true, "xfs": true, "jfs": true, "nilfs2": true, "reiserfs": true, "squashfs": true,
	"erofs": true, "ubifs": true, "jffs2": true, "bcachefs": true, "proc": true, "sysfs": true, "devtmpfs": true, "ramfs": true}

// foldsByFlag are filesystems where a directory may have a flag that makes upper and lower case the same (chattr(1),
// +F), if the kernel supports it.
var foldsByFlag = map[string]bool{"ext2": true, "ext3": true, "ext4": true, "ext2/ext3/ext4": true, "f2fs": true, "tmpfs": true, "overlay": true}

// MayFold reports whether two names that differ in case may be the same entry of a directory; info is what Stat gave
// for it. It returns false only if they can't be. For a known mount it makes no system call.
func MayFold(fsys FS, dir string, info Info) bool {
	v, known := volumeOfMount(info.Mount.ID)
	if !known {
		var err error
		if v, err = fsys.Volume(dir, info); err == ErrNoVolume {
			return false
		}
	}
	switch {
	case runtime.GOOS != "linux":
		return v.Type != "ffs" && v.Type != "ufs"
	case foldsByFlag[v.Type]:
		return kernelFolds()
	}
	return !caseSensitive[v.Type]
}

// kernelFolds reports whether this kernel supports directories with that flag. Without /sys it returns true.
var kernelFolds = sync.OnceValue(func() bool {
	if _, err := os.Stat("/sys/fs"); err != nil {
		return true
	}
	for _, fs := range []string{"ext4", "f2fs", "tmpfs"} {
		if _, err := os.Stat("/sys/fs/" + fs + "/features/casefold"); err == nil {
			return true
		}
	}
	return false
})

// Fold gives the same spelling for all names that differ only in case.
func Fold(name string) string {
	isOther := func(r rune) bool { return 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf }
	if !strings.ContainsFunc(name, isOther) {
		return name // as for most names, and without two copies
	}
	return strings.ToLower(strings.ToUpper(name))
}

// FoldASCII is Fold for a filesystem that ignores the case of ASCII letters only.
func FoldASCII(name string) string {
	return mapASCII(name, func(c byte) bool { return 'A' <= c && c <= 'Z' })
}

// OtherCase gives the name with every ASCII letter in the other case.
func OtherCase(name string) string {
	return mapASCII(name, func(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' })
}

// mapASCII changes the case of the letters that turn picks.
func mapASCII(name string, turn func(byte) bool) string {
	b := []byte(name)
	for i, c := range b {
		if turn(c) {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}
