package disk

import (
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/environ"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// maxPathLinks is Linux's own limit for the links in one path (path_resolution(7)).
const maxPathLinks = 40

// route is where a path led.
type route struct {
	path    string    // of the file, without links; empty if the walk ended before
	file    *vfs.Info // what was there; nil for nothing
	byInode bool      // the file is watched itself
}

// same looks at the end of the route, and reports whether what is watched for it is still right.
func (r *route) same(fsys vfs.FS) bool {
	if r.path == "" || r.byInode {
		return false
	}
	info, err := fsys.Stat(r.path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	return err == nil && info.Mode.IsRegular() && !otherNames(&info)
}

// otherNames reports whether a file can be changed by another name than the one in its directory, so that no
// event has this name: there is another hard link, or the file is mounted here from elsewhere.
func otherNames(info *vfs.Info) bool { return info.Links > 1 || maybeInPlace(info) }

// Reasons why the kernel does not report every change.
var (
	errUnobserved = errors.New("the kernel does not see every change of the filesystem")
	errUnreadable = errors.New("the permissions do not allow it to watch the directory")
)

// walk is one walk along the path of a watch, from the root to the file. It follows the symbolic links
// itself, since a link in any element may be retargeted, as Kubernetes does with a ConfigMap's ..data.
type walk struct {
	watch      *watch
	keep       map[watchedEntry]role
	dir        string   // no element of it is a link
	self       vfs.Info // of dir
	observed   bool     // the kernel sees every change in dir
	rest       []string // elements after dir
	links      int      // that were followed
	incomplete error    // why some change may not be reported; nil if none is known
}

// walk has the hub report changes of every entry on the path: the directories, the links and the file. An entry is
// watched first and looked at then, so a change is either seen or reported. At a missing element the
// walk ends, and the report that the element has appeared is the reason for the next walk.
//
// An error means that some changes will not be reported.
func (w *watch) walk() error {
	p := &walk{watch: w, keep: make(map[watchedEntry]role), rest: strings.Split(w.target.Path, "/")}
	w.route = route{}
	err := p.enter("/")
	for done := false; err == nil && !done; {
		done, err = p.next()
	}
	w.hub.retain(w, p.keep)
	if gone(err) {
		err = nil // a directory was removed during the walk, which is reported
	}
	if err == nil {
		err = p.incomplete
	}
	return err
}

// gone reports whether an entry is no longer what it was found to be.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

// enter goes to a directory.
func (p *walk) enter(dir string) error {
	self, err := p.watch.disk.FS.Stat(dir, false)
	if err == nil {
		p.setDir(dir, self)
	}
	return err
}

// setDir makes dir the directory of the next element. The volume is asked for only where another begins.
func (p *walk) setDir(dir string, self vfs.Info) {
	if p.dir == "" || self.Mount.ID != p.self.Mount.ID || self.Mount.ID == (vfs.MountID{}) {
		volume, err := p.watch.disk.FS.Volume(dir, self)
		p.observed = err == nil && environ.Observed(&volume)
	}
	if !p.observed {
		p.incomplete = errUnobserved
	}
	p.dir, p.self = dir, self
}

// next goes one element on. It is done at the file, or where nothing is.
func (p *walk) next() (done bool, err error) {
	if len(p.rest) == 0 {
		return true, nil
	}
	name := p.rest[0]
	p.rest = p.rest[1:]
	switch name {
	case "", ".":
		return false, nil
	case "..":
		return false, p.enter(path.Dir(p.dir))
	}
	last := len(p.rest) == 0
	entry, err := p.report(name, last)
	if err != nil {
		return true, err
	}
	full := vfs.Join(p.dir, name)
	info, err := p.watch.disk.FS.Stat(full, false)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if last {
			p.watch.route.path = full
			p.markFile(entry)
		}
		return true, nil
	case err != nil:
		return true, err
	case info.Mode&fs.ModeSymlink != 0 && !(last && p.watch.target.Symlinks == store.Refuse):
		return false, p.follow(full)
	case last:
		p.markFile(entry)
		return true, p.atFile(name, full, info)
	}
	p.setDir(full, info)
	return false, nil
}

// report has changes of an entry of the directory reported. The last element may turn out to be a link or the file.
func (p *walk) report(name string, last bool) (watchedEntry, error) {
	if !last {
		return p.note(p.dir, name, roleStep, vfs.WatchNames)
	}
	return p.note(p.dir, name, roleStep|roleContent, vfs.WatchContents)
}

// markFile notes that an entry is the file, whose changes seldom need another walk.
func (p *walk) markFile(entry watchedEntry) {
	if entry.node != nil {
		p.keep[entry] = roleContent
	}
}

func (p *walk) note(path, name string, r role, s vfs.Scope) (watchedEntry, error) {
	if !p.observed {
		return watchedEntry{}, nil
	}
	at, err := p.watch.hub.watch(p.watch, path, name, r, s)
	switch {
	case err == nil:
		p.keep[at] |= r
	case errors.Is(err, fs.ErrPermission):
		p.incomplete, err = errUnreadable, nil
	}
	return at, err
}

// follow goes where a link leads.
func (p *walk) follow(link string) error {
	if p.links++; p.links > maxPathLinks {
		p.rest = nil // a circle, which the read reports
		return nil
	}
	target, err := p.watch.disk.FS.Readlink(link)
	if err != nil {
		return err
	}
	p.rest = append(strings.Split(target, "/"), p.rest...)
	if strings.HasPrefix(target, "/") {
		return p.enter("/")
	}
	return nil
}

// atFile ends a walk at a file.
func (p *walk) atFile(name, full string, info vfs.Info) error {
	r := &p.watch.route
	r.path, r.file = full, &info
	if p.watch.verify {
		if _, err := p.note(p.dir, name+sidecar.Suffix, roleContent, vfs.WatchContents); err != nil {
			return err
		}
	}
	if !info.Mode.IsRegular() || !otherNames(&info) {
		return nil
	}
	r.byInode = true
	_, err := p.note(full, "", roleContent, vfs.WatchFile)
	return err
}
