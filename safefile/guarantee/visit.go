package guarantee

import (
	"context"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// probePrefix starts the name of every file that Doctor creates.
const probePrefix = ".holdfast-doctor-"

// visit is one run of Doctor: the directory and file to check, and the files to clean up. When a method
// has failed, all later methods of the check do nothing. So a check is a list of steps without error
// handling, and run reports the error.
type visit struct {
	path         string // of the file; empty if the path names a directory
	dir, lockDir string
	fileMount    bool
	probe        bool
	helper       []string
	timeout      time.Duration // of the helper
	calls        calls
	unfit        string   // why nothing can be written, once that is known
	files        []string // what was created
	err          error    // the first failure of the check that runs
}

// calls are the system calls of the checks. Tests replace them to prove that each check can fail.
type calls struct {
	open     func(path string, flag int, mode fs.FileMode) (*os.File, error)
	readFile func(path string) ([]byte, error)
	rename   func(from, to string) error
	sync     func(*os.File) error
	xattr    func(path, name, value string) (string, error)
	space    func(path string) (bytes, inodes int64, err error)
	writable func(path string) error
	rehearse func(path, lockDir string, probe bool) error // of a write up to its rename
	tryLock  func(path, lockDir string) error             // of the lock file that is there
	pending  func(path, lockDir string) (string, error)   // the journal that the file waits for
}

var systemCalls = calls{os.OpenFile, os.ReadFile, os.Rename, (*os.File).Sync, setAndGetXattr, vfs.Space, vfs.Accessible, rehearse, tryLock, pending}

var local = disk.New(vfs.OS)

func target(path, lockDir string) store.Target {
	if filepath.Dir(path) == lockDir {
		lockDir = "" // beside the file
	}
	return store.Target{Path: path, LockDir: lockDir, Perm: 0o666}
}

func rehearse(path, lockDir string, probe bool) error {
	return local.Rehearse(target(path, lockDir), store.Options{Perm: 0o666, Metadata: true}, probe)
}

func tryLock(path, lockDir string) error {
	ctx, t := context.Background(), target(path, lockDir)
	at, err := local.Locate(ctx, t)
	if err == nil {
		_, err = local.Inspect(ctx, t, at)
	}
	return err
}

func pending(path, lockDir string) (journal string, err error) {
	ctx, t := context.Background(), target(path, lockDir)
	at, err := local.Locate(ctx, t)
	if err != nil {
		return "", err
	}
	info, err := local.Inspect(ctx, t, at)
	return info.Pending, err
}

// newVisit makes a visit of the file name in the directory dir. Neither need exist. If name is empty, it is
// a visit of the directory.
func newVisit(dir, name string, s *settings, fileMount bool) *visit {
	v := &visit{
		dir:       dir,
		lockDir:   s.lockDir,
		fileMount: fileMount,
		probe:     s.probe,
		helper:    s.helper,
		timeout:   helperTimeout,
		calls:     systemCalls,
	}
	if v.lockDir == "" {
		v.lockDir = dir
	}
	if name != "" {
		v.path = filepath.Join(dir, name)
	}
	return v
}

// run runs one check. If the parent is missing, or no file can be made in it, the checks that write there
// are unknown instead of failed.
func (v *visit) run(c *check) outcome {
	switch {
	case c.writes && !v.probe:
		return unknown("needs Probe, since it writes")
	case c.writes && v.unfit != "":
		return unknown("not tried: %s", v.unfit)
	}
	v.err = nil
	result := c.run(v)
	if v.err != nil {
		result = outcome{StatusFailed, v.err.Error()}
	}
	if result.status == StatusFailed && (c.name == "parent" || c.name == "exclusive create") {
		v.unfit = "the check \"" + c.name + "\" failed"
	}
	return result
}

// fail ends the check that runs, unless it has failed before.
func (v *visit) fail(err error) {
	if v.err == nil {
		v.err = err
	}
}

// name gives a new file name, and records that leave removes the file. part distinguishes the
// files of one visit.
func (v *visit) name(dir, part string) string {
	path := filepath.Join(dir, probePrefix+rand.Text()+"-"+part)
	v.files = append(v.files, path)
	return path
}

// write creates a probe file in the directory of the file.
func (v *visit) write(part string, data []byte) (path string) {
	path = v.name(v.dir, part)
	if file := v.open(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY); file != nil {
		_, err := file.Write(data)
		v.fail(errors.Join(err, file.Close()))
	}
	return path
}

// replace replaces target by another file with this content.
func (v *visit) replace(target string, data []byte) {
	path := v.write("replacement", data)
	if v.err == nil {
		v.fail(v.calls.rename(path, target))
	}
}

func (v *visit) read(path string) []byte {
	if v.err != nil {
		return nil
	}
	data, err := v.calls.readFile(path)
	v.fail(err)
	return data
}

// sync syncs a file or a directory.
func (v *visit) sync(path string, flag int) {
	if file := v.open(path, flag); file != nil {
		v.fail(errors.Join(v.calls.sync(file), file.Close()))
	}
}

// open opens a file. It returns nil if it, or a step before it, has failed.
func (v *visit) open(path string, flag int) *os.File {
	if v.err != nil {
		return nil
	}
	file, err := v.calls.open(path, flag, 0o600)
	if err != nil {
		v.fail(err)
		return nil
	}
	return file
}

// leave removes the files that the visit has created.
func (v *visit) leave() error {
	var all []error
	for _, path := range v.files {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = append(all, err)
		}
	}
	v.files = nil
	return errors.Join(all...)
}
