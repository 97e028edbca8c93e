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
	"github.com/holdfast-go/holdfast/internal/environ"
)

// check is one thing to try.
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
	{"free space", nil, false, freeSpace},
	{"free inodes", nil, false, freeInodes},
	{"exclusive create", []Guarantee{AtomicVisibility, CrashDurability}, true, exclusiveCreate},
	{"mode 0600", nil, true, privateMode},
	{"file fsync", []Guarantee{CrashDurability}, true, fileSync},
	{"directory fsync", []Guarantee{CrashDurability}, true, directorySync},
	{"rename over", []Guarantee{AtomicVisibility}, true, renameOver},
	{"JSON round trip", []Guarantee{AtomicVisibility}, true, jsonRoundTrip},
	{"checksum round trip", []Guarantee{IntegrityDetection}, true, checksumRoundTrip},
	{"extended attribute", nil, true, extendedAttribute},
	{"lock exclusion", []Guarantee{WriterExclusion}, true, lockExclusion},
}

// outcome is what a check came to.
type outcome struct{ status, detail string }

func passed(format string, args ...any) outcome {
	return outcome{StatusOK, fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) outcome {
	return outcome{StatusUnknown, fmt.Sprintf(format, args...)}
}

func failed(err error) outcome { return outcome{StatusFailed, err.Error()} }

func parentExists(v *visit) outcome {
	info, err := os.Stat(v.dir)
	if err != nil {
		return failed(err)
	}
	if !info.IsDir() {
		return failed(errors.New(v.dir + " is no directory"))
	}
	return passed("%s", v.dir)
}

func parentWritable(v *visit) outcome { return dirWritable(v.dir) }

func lockDirWritable(v *visit) outcome { return dirWritable(v.lockDir) }

func dirWritable(dir string) outcome {
	err := environ.Writable(dir)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return unknown("this system tells only when asked to write")
	case err != nil:
		return failed(err)
	}
	return passed("%s takes files from this process", dir)
}

func freeSpace(v *visit) outcome {
	bytes, _, err := environ.Space(v.dir)
	switch {
	case err != nil:
		return unknown("%v", err)
	case bytes <= 0:
		return failed(errors.New("the filesystem is full"))
	}
	return passed("%.1f MiB", float64(bytes)/(1<<20))
}

func freeInodes(v *visit) outcome {
	_, inodes, err := environ.Space(v.dir)
	switch {
	case err != nil:
		return unknown("%v", err)
	case inodes < 0:
		return passed("not limited")
	case inodes == 0:
		return failed(errors.New("the filesystem takes no more files"))
	}
	return passed("%d", inodes)
}

func exclusiveCreate(v *visit) outcome {
	path, err := v.write("create", nil)
	if err != nil {
		return failed(err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		return failed(errors.Join(errors.New("the same name was created twice"), file.Close()))
	}
	if !errors.Is(err, fs.ErrExist) {
		return failed(err)
	}
	return passed("a name is created once")
}

func privateMode(v *visit) outcome {
	path, err := v.write("mode", nil)
	if err != nil {
		return failed(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return failed(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		return failed(fmt.Errorf("a file created with mode 0600 has %04o", mode))
	}
	return passed("a new file is its owner's alone")
}

func fileSync(v *visit) outcome {
	path, err := v.write("fsync", []byte("fsync"))
	if err != nil {
		return failed(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return failed(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return failed(err)
	}
	return passed("accepted")
}

func directorySync(v *visit) outcome {
	if runtime.GOOS == "windows" {
		return unknown("Windows has none")
	}
	if _, err := v.write("entry", nil); err != nil {
		return failed(err)
	}
	dir, err := os.Open(v.dir)
	if err != nil {
		return failed(err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return failed(err)
	}
	return passed("accepted")
}

// renameOver also proves that who has the old file open keeps reading it.
func renameOver(v *visit) outcome {
	if v.fileMount {
		return failed(errors.New("the file is a mount of its own, which no rename replaces"))
	}
	target, err := v.write("target", []byte("old"))
	if err != nil {
		return failed(err)
	}
	reader, err := os.Open(target)
	if err != nil {
		return failed(err)
	}
	defer reader.Close()
	if err := v.replace(target, []byte("new")); err != nil {
		return failed(err)
	}
	before, err := io.ReadAll(reader)
	if err != nil {
		return failed(err)
	}
	after, err := os.ReadFile(target)
	if err != nil {
		return failed(err)
	}
	if string(before) != "old" || string(after) != "new" {
		return failed(fmt.Errorf("after the rename the open file reads %q and the path %q", before, after))
	}
	return passed("the name changed in one step, an open file kept its content")
}

func jsonRoundTrip(v *visit) outcome {
	wrote := map[string]string{"name": "holdfast", "text": "ä \x00 \U0001F512"}
	data, err := json.Marshal(wrote)
	if err != nil {
		return failed(err)
	}
	path, err := v.write("json", nil)
	if err != nil {
		return failed(err)
	}
	if err := v.replace(path, data); err != nil {
		return failed(err)
	}
	if data, err = os.ReadFile(path); err != nil {
		return failed(err)
	}
	var read map[string]string
	if err := json.Unmarshal(data, &read); err != nil {
		return failed(err)
	}
	if !maps.Equal(wrote, read) {
		return failed(fmt.Errorf("wrote %v, read %v", wrote, read))
	}
	return passed("%d bytes written, replaced and read back", len(data))
}

// checksumRoundTrip writes a file and its sidecar in the format of sha256sum(1)
// and does with both what sha256sum -c would.
func checksumRoundTrip(v *visit) outcome {
	path, err := v.write("data", bytes.Repeat([]byte("holdfast"), 4096))
	if err != nil {
		return failed(err)
	}
	digest, err := sumFile(path)
	if err != nil {
		return failed(err)
	}
	sidecar, err := v.write("data.sha256", []byte(digest+"  "+filepath.Base(path)+"\n"))
	if err != nil {
		return failed(err)
	}
	line, err := os.ReadFile(sidecar)
	if err != nil {
		return failed(err)
	}
	recorded, name, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), "  ")
	again, err := sumFile(filepath.Join(v.dir, name))
	if err != nil {
		return failed(err)
	}
	if again != recorded {
		return failed(fmt.Errorf("the sidecar says %s, the data %s", recorded, again))
	}
	return passed("the sidecar matches")
}

func sumFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func extendedAttribute(v *visit) outcome {
	path, err := v.write("xattr", nil)
	if err != nil {
		return failed(err)
	}
	const name, value = "user.holdfast-doctor", "kept"
	got, err := setAndGetXattr(path, name, value)
	switch {
	case errors.Is(err, errNoXattr):
		return unknown("%v", err)
	case err != nil:
		return failed(err)
	case got != value:
		return failed(fmt.Errorf("wrote %q, read %q", value, got))
	}
	return passed("kept")
}
