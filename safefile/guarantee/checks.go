package guarantee

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
)

// check is one check of a Doctor.
type check struct {
	name   string
	bears  []Guarantee // what falls if it fails
	writes bool        // needs Probe, and a directory that takes files
	run    func(v *visit) outcome
}

// checks in the order in which they are tried.
var checks = []check{
	{"parent", []Guarantee{AtomicVisibility, CrashDurability}, false, parentExists},
	{"writable", []Guarantee{AtomicVisibility, CrashDurability}, false, parentWritable},
	{"lock directory", []Guarantee{WriterExclusion}, false, lockDirWritable},
	{"file", []Guarantee{AtomicVisibility, CrashDurability}, false, fileWritable},
	{"lock file", []Guarantee{WriterExclusion}, false, lockFileUsable},
	{"pending change", nil, false, nothingPending},
	{"free space", nil, false, freeSpace},
	{"free inodes", nil, false, freeInodes},
	{"exclusive create", []Guarantee{AtomicVisibility, CrashDurability}, true, exclusiveCreate},
	{"mode 0600", nil, true, privateMode},
	{"file fsync", []Guarantee{CrashDurability}, true, fileSync},
	{"directory fsync", []Guarantee{CrashDurability}, true, directorySync},
	{"rename over", []Guarantee{AtomicVisibility}, true, renameOver},
	{"replacement", []Guarantee{AtomicVisibility, CrashDurability}, true, replacement},
	{"JSON round trip", []Guarantee{AtomicVisibility}, true, jsonRoundTrip},
	{"checksum round trip", []Guarantee{IntegrityDetection}, true, checksumRoundTrip},
	{"extended attribute", nil, true, extendedAttribute},
	{"lock exclusion", []Guarantee{WriterExclusion}, true, lockExclusion},
}

// outcome is the result of a check. If a step of the visit failed, the result is failed, whatever the
// check returns.
type outcome struct{ status, detail string }

func passed(format string, args ...any) outcome {
	return outcome{StatusOK, fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) outcome {
	return outcome{StatusFailed, fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) outcome {
	return outcome{StatusUnknown, fmt.Sprintf(format, args...)}
}

func parentExists(v *visit) outcome {
	info, err := os.Stat(v.dir)
	switch {
	case err != nil:
		return failed("%v", err)
	case !info.IsDir():
		return failed("%s is no directory", v.dir)
	}
	return passed("%s", v.dir)
}

func parentWritable(v *visit) outcome { return dirWritable(v, v.dir) }

func lockDirWritable(v *visit) outcome { return dirWritable(v, v.lockDir) }

func dirWritable(v *visit, dir string) outcome {
	err := v.calls.writable(dir)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return unknown("this system tells only when asked to write")
	case errors.Is(err, fs.ErrPermission):
		return failed("%s takes no new file from this process (user %d); give it write and search permission there: %v", dir, os.Geteuid(), err)
	case err != nil:
		return failed("%v", err)
	}
	return passed("%s takes files from this process", dir)
}

// fileWritable checks the permissions of an existing file. A rename needs no permission on it, but a write
// refuses a file that the process may not write.
func fileWritable(v *visit) outcome {
	if v.path == "" {
		return unknown("the path names a directory")
	}
	err := v.calls.rehearse(v.path, v.lockDir, false)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return failed("%v; give this process (user %d) permission to write the file", err, os.Geteuid())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return failed("%v", err)
	}
	return passed("it may be written, or there is none yet")
}

// lockFileUsable tries an existing lock file. It makes none.
func lockFileUsable(v *visit) outcome {
	if v.path == "" {
		return unknown("the path names a directory")
	}
	err := v.calls.tryLock(v.path, v.lockDir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return failed("%v; a process that writes the file must be able to open its lock: give the lock file the same permissions", err)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return failed("%v", err)
	}
	return passed("it can be locked, or there is none yet")
}

// nothingPending looks for the journal of a change of several files that a crash has cut off.
func nothingPending(v *visit) outcome {
	if v.path == "" {
		return unknown("the path names a directory")
	}
	journal, err := v.calls.pending(v.path, v.lockDir)
	switch {
	case err != nil:
		return unknown("%v", err)
	case journal != "":
		return failed("a change of several files waits in the journal %s; lockedfile.Recover completes it, or says why it can't", errors.Printable(journal))
	}
	return passed("no change of several files was cut off")
}

// replacement prepares a new content for the file as a write does, with the owner,
// permissions and attributes of the existing file, and throws it away.
func replacement(v *visit) outcome {
	switch {
	case v.path == "":
		return unknown("the path names a directory")
	case v.fileMount:
		return unknown("the file is a mount of its own, which is not replaced")
	}
	if err := v.calls.rehearse(v.path, v.lockDir, true); err != nil {
		return failed("a write under Strict fails: %v", err)
	}
	return passed("it gets the owner, permissions and attributes of the file")
}

func freeSpace(v *visit) outcome {
	bytes, _, err := v.calls.space(v.dir)
	switch {
	case err != nil:
		return unknown("%v", err)
	case bytes <= 0:
		return failed("the filesystem is full")
	}
	return passed("%.1f MiB", float64(bytes)/(1<<20))
}

func freeInodes(v *visit) outcome {
	_, inodes, err := v.calls.space(v.dir)
	switch {
	case err != nil:
		return unknown("%v", err)
	case inodes < 0:
		return passed("not limited")
	case inodes == 0:
		return failed("the filesystem takes no more files")
	}
	return passed("%d", inodes)
}

func exclusiveCreate(v *visit) outcome {
	path := v.write("create", nil)
	if v.err != nil {
		return outcome{}
	}
	file, err := v.calls.open(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		v.fail(file.Close())
		return failed("the same name was created twice")
	}
	if !errors.Is(err, fs.ErrExist) {
		return failed("creating a name that exists: %v", err)
	}
	return passed("a name is created once")
}

func privateMode(v *visit) outcome {
	path := v.write("mode", nil)
	if v.err != nil {
		return outcome{}
	}
	info, err := os.Stat(path)
	if err != nil {
		return failed("%v", err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		return failed("a file created with mode 0600 has %04o", mode)
	}
	return passed("a new file is its owner's alone")
}

func fileSync(v *visit) outcome {
	v.sync(v.write("fsync", []byte("fsync")), os.O_RDWR)
	return passed("accepted")
}

func directorySync(v *visit) outcome {
	if runtime.GOOS == "windows" {
		return unknown("Windows has none")
	}
	v.write("entry", nil)
	v.sync(v.dir, os.O_RDONLY)
	return passed("accepted")
}

// renameOver also proves that a program that has the old file open still reads the old content.
func renameOver(v *visit) outcome {
	if v.fileMount {
		return failed("the file is a mount of its own, which no rename replaces")
	}
	target := v.write("target", []byte("old"))
	reader := v.open(target, os.O_RDONLY)
	if reader == nil {
		return outcome{}
	}
	defer reader.Close()
	v.replace(target, []byte("new"))
	before, err := io.ReadAll(reader)
	v.fail(err)
	if after := v.read(target); string(before) != "old" || string(after) != "new" {
		return failed("after the rename the open file reads %q and the path %q", before, after)
	}
	return passed("the name changed in one step, an open file kept its content")
}

func jsonRoundTrip(v *visit) outcome {
	wrote := map[string]string{"name": "holdfast", "text": "ä \x00 \U0001F512"}
	data, err := json.Marshal(wrote)
	v.fail(err)
	path := v.write("json", nil)
	v.replace(path, data)
	var read map[string]string
	if err := json.Unmarshal(v.read(path), &read); err != nil {
		return failed("what was written is no JSON any more: %v", err)
	}
	if !maps.Equal(wrote, read) {
		return failed("wrote %v, read %v", wrote, read)
	}
	return passed("%d bytes written, replaced and read back", len(data))
}

// checksumRoundTrip writes a file and its sidecar in the format of sha256sum(1),
// and verifies them as sha256sum -c does.
func checksumRoundTrip(v *visit) outcome {
	data := bytes.Repeat([]byte("holdfast"), 4096)
	path := v.write("data", data)
	sidecar := v.write("data.sha256", []byte(digest(data)+"  "+filepath.Base(path)+"\n"))
	recorded, name, _ := strings.Cut(strings.TrimSuffix(string(v.read(sidecar)), "\n"), "  ")
	if found := digest(v.read(filepath.Join(v.dir, name))); found != recorded {
		return failed("the sidecar says %q, the data %q", recorded, found)
	}
	return passed("the sidecar matches")
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func extendedAttribute(v *visit) outcome {
	path := v.write("xattr", nil)
	if v.err != nil {
		return outcome{}
	}
	const name, value = "user.holdfast-doctor", "kept"
	got, err := v.calls.xattr(path, name, value)
	switch {
	case errors.Is(err, errNoXattr):
		return unknown("%v", err)
	case err != nil:
		return failed("%v", err)
	case got != value:
		return failed("wrote %q, read %q", value, got)
	}
	return passed("kept")
}
