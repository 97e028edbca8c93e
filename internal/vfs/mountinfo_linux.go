package vfs

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// mountEntry is one line of the mount table, see proc_pid_mountinfo(5).
type mountEntry struct {
	number     uint64
	point      string
	filesystem string   // with a FUSE mount's subtype
	options    []string // the filesystem's, not the mount's
	readOnly   bool     // by either's
}

type mountTable []mountEntry

func readMountTable() (mountTable, error) {
	text, err := os.ReadFile("/proc/thread-self/mountinfo") // a thread may have mounts of its own
	if err != nil {
		return nil, err
	}
	return parseMountTable(string(text)), nil
}

// parseMountTable leaves out a line that it does not understand.
func parseMountTable(text string) mountTable {
	var table mountTable
	for line := range strings.Lines(text) {
		if entry, ok := parseMountEntry(strings.TrimSuffix(line, "\n")); ok {
			table = append(table, entry)
		}
	}
	return table
}

// parseMountEntry reads a line like
//
//	36 35 98:0 /root /mount\040point rw,noatime master:1 - ext4 /dev/sda rw,barrier=0
//
// where any number of fields may stand before the hyphen.
func parseMountEntry(line string) (mountEntry, bool) {
	head, tail, ok := strings.Cut(line, " - ")
	before, after := strings.Split(head, " "), strings.Split(tail, " ")
	if !ok || len(before) < 6 || len(after) < 1 {
		return mountEntry{}, false
	}
	number, err := strconv.ParseUint(before[0], 10, 64)
	if err != nil {
		return mountEntry{}, false
	}
	entry := mountEntry{number: number, point: unescape(before[4]), filesystem: unescape(after[0])}
	// The source may be empty, so the options are the last field, not the third.
	for option := range strings.SplitSeq(after[len(after)-1], ",") {
		entry.options = append(entry.options, unescape(option))
	}
	entry.readOnly = slices.Contains(entry.options, "ro") || slices.Contains(strings.Split(before[5], ","), "ro")
	return entry, true
}

// unescape undoes the octal escapes of blank, tab, newline, backslash and comma.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				plain.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		plain.WriteByte(text[i])
	}
	return plain.String()
}

func (t mountTable) byNumber(number uint64) *mountEntry {
	for i := range t {
		if t[i].number == number {
			return &t[i]
		}
	}
	return nil
}

// byPath finds the mount with the longest mount point above path. Of two mounts on one point, the later covers the
// earlier.
func (t mountTable) byPath(path string) *mountEntry {
	var best *mountEntry
	for i := range t {
		point := t[i].point
		above := point == "/" || path == point || strings.HasPrefix(path, point+"/")
		if above && (best == nil || len(point) >= len(best.point)) {
			best = &t[i]
		}
	}
	return best
}
