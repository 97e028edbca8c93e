package errors_test

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
)

func TestAnErrorsTextQuotesWhatWouldReachTheTerminalOrForgeALine(t *testing.T) {
	const evil = "/tmp/a\nlevel=INFO msg=fine\x1b[2J\u202etxt"
	const quoted = `"/tmp/a\nlevel=INFO msg=fine\x1b[2J\u202etxt"`
	for _, c := range []struct {
		err  error
		want string
	}{
		{&errors.Error{Op: "read", Path: evil, Err: syscall.EIO}, "read " + quoted + ": input/output error"},
		{&errors.Error{Op: "read", Path: "a", Err: fmt.Errorf("below: %w", &fs.PathError{Op: "rename", Path: evil, Err: syscall.EIO})},
			"read a: below: rename " + quoted + ": input/output error"},
		{&errors.Error{Op: "read", Path: "a", Err: &os.LinkError{Op: "link", Old: "b", New: evil, Err: syscall.EIO}},
			"read a: link b " + quoted + ": input/output error"},
		{&errors.Error{Op: "read", Path: evil, Err: errors.Join(fmt.Errorf("%s is a directory", strings.TrimPrefix(evil, "/tmp/")), syscall.EIO)},
			"read " + quoted + `: "` + strings.TrimPrefix(quoted, `"/tmp/`) + " is a directory\ninput/output error"},
		{&errors.Error{Op: "read", Path: evil, Err: fmt.Errorf("%s.lock is held", evil)}, "read " + quoted + ": " + quoted + ".lock is held"},
		{&errors.Error{Op: "read", Path: "a\xff", Err: errors.New("\x07\x9b\u0085 bytes")}, `read "a\xff": \a\x9b\u0085 bytes`},
		// Texts of decoders have several lines, and names may be of any script.
		{&errors.Error{Op: "read", Path: "Grüße 語.yaml", Err: errors.New("line 1:\n\tno colon")}, "read Grüße 語.yaml: line 1:\n\tno colon"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q\nwant\n%q", got, c.want)
		}
	}
}

func TestAQuotedPathIsStillThePathForPrograms(t *testing.T) {
	err := error(&errors.Error{Op: "read", Path: "a\nb", Err: &fs.PathError{Op: "open", Path: "a\nb", Err: fs.ErrNotExist}})
	path, _ := errors.AsType[*fs.PathError](err)
	if !errors.Is(err, fs.ErrNotExist) || path == nil || path.Path != "a\nb" || err.(*errors.Error).Path != "a\nb" {
		t.Errorf("%#v", err)
	}
}
