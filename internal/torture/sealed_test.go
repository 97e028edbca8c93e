package torture

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// sealed writes a whole file with a checksum, again and again, one way or another.
type sealed struct {
	write
	by func(path, id string, opts []safefile.Option) error // nil is Write
}

func (s sealed) open(dir string, opts ...safefile.Option) func(id string) error {
	opts = append(opts, safefile.WithChecksum())
	if s.by == nil {
		return s.write.open(dir, opts...)
	}
	return func(id string) error { return s.by(filepath.Join(dir, s.file), id, opts) }
}

// verify: what write's verify says, and all files with a checksum are intact.
func (s sealed) verify(dir string, said history) error {
	if err := s.intact(dir); err != nil {
		return err
	}
	return s.write.verify(dir, said)
}

// files are the workload's files that are there.
func (s sealed) files(dir string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(dir, s.file+"*"))
	var files []string
	for _, path := range all {
		if ext := filepath.Ext(path); ext != ".lock" && ext != ".sha256" {
			files = append(files, path)
		}
	}
	return files, err
}

func (s sealed) intact(dir string) error {
	files, err := s.files(dir)
	for _, path := range files {
		if err := checksum.Verify(path); err != nil {
			return err
		}
	}
	return err
}

// watch reads in every way, each of which verifies.
func (s sealed) watch(dir string) func() error {
	f := s.handle(dir, safefile.WithChecksum())
	ways := []func() error{
		func() error { _, err := f.Read(); return err },
		func() error { _, err := f.ReadBytes(); return err },
		f.Verify,
		func() error { return checksum.Verify(f.Path()) },
		func() error {
			r, err := f.Open()
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = io.Copy(io.Discard, r)
			return err
		},
	}
	n, written := 0, false
	return func() error {
		n++
		err := ways[n%len(ways)]()
		if !written && errors.Is(err, fs.ErrNotExist) {
			return nil // nobody has written yet
		}
		written = true
		return err
	}
}

// byStream writes the document piece by piece.
func byStream(path, id string, opts []safefile.Option) error {
	w, err := safefile.New[document](path, opts...).Create()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := codec.JSON().Dump(pieces{w}, newDocument(id)); err != nil {
		return err
	}
	return w.Commit()
}

// pieces cuts writes into small ones.
type pieces struct{ to io.Writer }

func (p pieces) Write(data []byte) (n int, err error) {
	for n < len(data) && err == nil {
		var m int
		m, err = p.to.Write(data[n:min(n+1000, len(data))])
		n += m
	}
	return n, err
}

// byMove writes a file of the worker's own and moves it over the one of all.
func byMove(path, id string, opts []safefile.Option) error {
	own := path + "." + id[:strings.LastIndexByte(id, '.')]
	f := safefile.New[document](own, append(opts, safefile.WithCodec(codec.JSON()))...)
	if err := f.Write(newDocument(id)); err != nil {
		return err
	}
	return safefile.Move(own, path, opts...)
}

// copyOf copies a file and its sidecar to a directory, where it may be damaged.
func copyOf(path, dir string) (string, error) {
	to := filepath.Join(dir, filepath.Base(path))
	for _, suffix := range []string{"", ".sha256"} {
		data, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(to+suffix, data, 0o600)
		}
		if err != nil {
			return "", err
		}
	}
	return to, nil
}

// flip damages one bit in place.
func flip(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, info.Size()/3); err != nil {
		return fmt.Errorf("nothing to flip: %w", err)
	}
	b[0] ^= 32
	_, err = f.WriteAt(b, info.Size()/3)
	return err
}
