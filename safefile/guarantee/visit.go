package guarantee

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/errors"
)

// probePrefix starts the name of every file that Doctor creates.
const probePrefix = ".holdfast-doctor-"

// visit is one run of Doctor: where it looks, and what it has to clean up.
type visit struct {
	dir, lockDir string
	fileMount    bool
	probe        bool
	helper       []string
	unfit        string   // why nothing can be written, once that is known
	files        []string // what was created
}

// newVisit is of the directory dir, which need not exist.
func newVisit(dir string, s *settings, fileMount bool) *visit {
	v := &visit{dir: dir, lockDir: s.lockDir, fileMount: fileMount, probe: s.probe, helper: s.helper}
	if v.lockDir == "" {
		v.lockDir = dir
	}
	return v
}

// run tries one check. Once the parent is missing or takes no file, the checks
// that need to write there are unknown, instead of all failing alike.
func (v *visit) run(c *check) outcome {
	switch {
	case c.writes && !v.probe:
		return unknown("needs Probe, since it writes")
	case c.writes && v.unfit != "":
		return unknown("not tried: %s", v.unfit)
	}
	result := c.run(v)
	if result.status == StatusFailed && (c.name == "parent" || c.name == "exclusive create") {
		v.unfit = "the check \"" + c.name + "\" failed"
	}
	return result
}

// name makes up a file name and promises to remove the file. part tells the
// files of one visit apart.
func (v *visit) name(dir, part string) string {
	path := filepath.Join(dir, probePrefix+rand.Text()+"-"+part)
	v.files = append(v.files, path)
	return path
}

// write creates a probe file in the directory in question.
func (v *visit) write(part string, data []byte) (path string, err error) {
	path = v.name(v.dir, part)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	return path, errors.Join(err, file.Close())
}

// replace puts another file with this content in the place of target.
func (v *visit) replace(target string, data []byte) error {
	path, err := v.write("replacement", data)
	if err != nil {
		return err
	}
	return os.Rename(path, target)
}

// leave removes what was created.
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
