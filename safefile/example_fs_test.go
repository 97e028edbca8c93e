package safefile_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/safefile"
)

// checkedFS is an fs.FS of a directory, like os.DirFS, except that files are read by Holdfast: with their checksums, and after
// a crash in the middle of a write in place the old content. So it fits http.FileServerFS, template.ParseFS and fs.ReadFile.
type checkedFS struct {
	fs.FS // os.DirFS, for directories and for refused names
	dir   string
	opts  []safefile.Option
}

func newCheckedFS(dir string, opts ...safefile.Option) checkedFS {
	return checkedFS{os.DirFS(dir), dir, opts}
}

// Open reads a file whole, so that damage is found before the first byte is used.
func (c checkedFS) Open(name string) (fs.File, error) {
	info, err := fs.Stat(c.FS, name)
	if err != nil || info.IsDir() {
		return c.FS.Open(name)
	}
	data, err := safefile.ReadFile(filepath.Join(c.dir, filepath.FromSlash(name)), c.opts...)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return checkedFile{bytes.NewReader(data), checkedInfo{info, int64(len(data))}}, nil
}

// checkedFile is a content that was read. It can also seek, as http.FileServerFS wants.
type checkedFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f checkedFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f checkedFile) Close() error               { return nil }

// checkedInfo has the size of the content, even if the file was replaced after Stat.
type checkedInfo struct {
	fs.FileInfo
	size int64
}

func (i checkedInfo) Size() int64 { return i.size }

// A file system for the packages that take an fs.FS.
func Example_fs() {
	dir, remove := scratch()
	defer remove()
	path := filepath.Join(dir, "page.html")
	safefile.WriteFile(path, []byte("<p>hello</p>"), safefile.WithChecksum())

	fsys := newCheckedFS(dir, safefile.WithChecksum())
	text, err := fs.ReadFile(fsys, "page.html")
	fmt.Printf("%s %v\n", text, err)

	os.WriteFile(path, []byte("<p>hollo</p>"), 0o644) // damage
	_, err = fs.ReadFile(fsys, "page.html")
	fmt.Println(err != nil)
	// Output:
	// <p>hello</p> <nil>
	// true
}
