package vfs

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
)

// maxLinks is Linux's own limit for the links in one path (path_resolution(7)).
const maxLinks = 40

// Entry is a name in a directory, and the file of that name.
type Entry struct {
	Dir, Name string // as a path; Dir leads to the directory through links of its own
	Parent    Info   // the directory
	Info      *Info  // the name itself, links not followed; nil if nothing is there
	Path      string // of the entry: Dir and Name
	info      Info   // Info points to it
}

// goTo makes e the entry at a path.
func (e *Entry) goTo(path string) {
	e.Dir, e.Name = Split(path)
	if e.Path = path; len(path) != len(e.Dir)+1+len(e.Name) { // it has two separators in a row
		e.Path = Join(e.Dir, e.Name)
	}
}

// Resolve finds the entry that a path means. It follows the symbolic links in the
// last element one by one, each from the directory that it lies in, and leaves the
// elements before the last to the kernel. No other function follows a link
// in the last element, so the rules for these links are here:
//   - In a sticky directory that everybody may write, a link is followed only if it
//     belongs to the caller or to the directory's owner. Another user may have
//     planted any other link. This is the rule of fs.protected_symlinks (proc_sys_fs(5)); it
//     holds even if that setting is off. The error is EACCES, as open(2) gives.
//   - A link on procfs, such as /proc/self/fd/1 behind /dev/stdout, is refused with
//     fs.ErrInvalid. It stands for an open file, and its text is no path to the file.
//   - More than 40 links in a row are errors.ErrSymlink.
//
// parent describes the directory of each entry; it may refuse the entry, or make the
// directory. follow is asked at each link, and false ends the walk at the link.
//
// After an error the result is the entry that the error is about.
func Resolve(fsys FS, path string, parent func(dir, name string) (Info, error), follow func(link string) (bool, error)) (*Entry, error) {
	e := &Entry{}
	e.goTo(path)
	for range maxLinks + 1 {
		var err error
		e.Info = nil
		if e.Parent, err = parent(e.Dir, e.Name); err != nil {
			return e, err
		}
		info, err := fsys.Stat(e.Path, false)
		if errors.Is(err, fs.ErrNotExist) {
			return e, nil
		}
		if err != nil {
			return e, err
		}
		e.info, e.Info = info, &e.info
		if info.Mode&fs.ModeSymlink == 0 {
			return e, nil
		}
		if ok, err := follow(e.Path); err != nil || !ok {
			return e, err
		}
		target, err := readLink(fsys, e)
		if err != nil {
			return e, err
		}
		e.goTo(target)
	}
	return e, fmt.Errorf("%w: %s leads through more than %d links, or in a circle", errors.ErrSymlink, errors.Printable(path), maxLinks)
}

// readLink gives the path that a link leads to, from its directory, if the link may be followed.
func readLink(fsys FS, link *Entry) (string, error) {
	path := link.Path
	if err := trusted(link); err != nil {
		return "", err
	}
	target, err := fsys.Readlink(path)
	if err != nil {
		return "", err
	}
	if err := notMagic(fsys, link, target); err != nil {
		return "", err
	}
	if anybodysLink(link) {
		// Another process may have replaced the link between the check of its owner and the reading of its text.
		now, err := fsys.Stat(path, false)
		if err != nil {
			return "", err
		}
		if now.ID != link.Info.ID || now.Ctime != link.Info.Ctime || now.UID != link.Info.UID {
			return "", planted(path)
		}
	}
	if !filepath.IsAbs(target) {
		target = Join(link.Dir, target)
	}
	return target, nil
}

// anybodysLink reports whether a link lies in a sticky directory that everybody may write.
func anybodysLink(link *Entry) bool {
	const anybodyWrites = 0o002
	mode := link.Parent.Mode
	return mode&fs.ModeSticky != 0 && mode&anybodyWrites != 0
}

// trusted applies the rule of fs.protected_symlinks.
func trusted(link *Entry) error {
	owner := link.Info.UID
	if !anybodysLink(link) || owner == link.Parent.UID || owner == FSUID() {
		return nil
	}
	return planted(link.Path)
}

func planted(path string) error {
	return &fs.PathError{Op: "follow", Path: path, Err: fmt.Errorf("somebody else's symbolic link in a directory that everybody may write; "+
		"name the file that it leads to if that is meant: %w", syscall.EACCES)}
}

// procLinkSize is the size that lstat(2) gives for a link to an open file on procfs, whatever its text.
const procLinkSize = 64

// notMagic refuses the links of procfs. The size of every other link is the length of its text. So the filesystem is
// asked only if the size differs, or if it is procLinkSize by chance.
func notMagic(fsys FS, link *Entry, text string) error {
	if link.Info.Size == int64(len(text)) && link.Info.Size != procLinkSize {
		return nil
	}
	v, err := fsys.Volume(link.Dir, link.Parent)
	if err != nil || v.Type != "proc" {
		return nil
	}
	return &fs.PathError{Op: "follow", Path: link.Path,
		Err: fmt.Errorf("it stands for an open file of a process, which can't be replaced; name the file itself: %w", fs.ErrInvalid)}
}
