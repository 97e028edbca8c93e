package errors_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// untouched is an error of a layer that knows what is left.
type untouched struct{ error }

func (u untouched) Unwrap() error        { return u.error }
func (untouched) OldContentIntact() bool { return true }

func TestTheTextSaysWhatWasTriedWhereWhatHappenedAndWhatIsLeft(t *testing.T) {
	for want, err := range map[string]error{
		"write app.yaml: no space left on device (the old content is intact)": &errors.Error{Op: "write", Path: "app.yaml",
			Kind: errors.ErrWrite, Err: untouched{&fs.PathError{Op: "write", Path: "/etc/.temp", Err: syscall.ENOSPC}}},
		"write new.yaml: no space left on device": &errors.Error{Op: "write", Path: "new.yaml",
			Kind: errors.ErrWrite, Err: &fs.PathError{Op: "write", Path: "/etc/.temp", Err: syscall.ENOSPC}},
		"append log: sync: input/output error (the old content is intact)": &errors.Error{Op: "append", Path: "log",
			Kind: errors.ErrAppend, Err: untouched{&fs.PathError{Op: "sync", Path: "/etc/.temp", Err: syscall.EIO}}},
		"read app.yaml: file does not exist": &errors.Error{Op: "read", Path: "app.yaml", Kind: errors.ErrRead, Err: fs.ErrNotExist},
		"remove app.yaml: file does not exist": &errors.Error{Op: "remove", Path: "app.yaml", Kind: errors.ErrWrite,
			Err: fs.ErrNotExist},
		"write a: visible, but not confirmed to be durable": &errors.Error{Op: "write", Path: "a", Kind: errors.ErrWrite, Err: errors.ErrNotDurable},
		"write a: writing failed":                           &errors.Error{Op: "write", Path: "a", Kind: errors.ErrWrite},
		"write":                                             &errors.Error{Op: "write"},
		"write a: the lock is held":                         &errors.Error{Op: "write", Path: "a", Kind: errors.ErrTimeout, Err: &errors.TimeoutError{Path: "a"}},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestEverySentinelMatchesItselfAndItsBranchAndNothingElse(t *testing.T) {
	all := []error{errors.ErrFile, errors.ErrRead, errors.ErrWrite, errors.ErrAppend, errors.ErrTimeout, errors.ErrLocked,
		errors.ErrLock, errors.ErrLockLost, errors.ErrChanged, errors.ErrUnknownFormat, errors.ErrDecode, errors.ErrEncode,
		errors.ErrTooLarge, errors.ErrUnsupportedEnvironment, errors.ErrCrossDevice, errors.ErrNotDurable, errors.ErrSymlink,
		errors.ErrChecksumMismatch, errors.ErrNoChecksum}
	texts := map[string]bool{}
	for _, err := range all {
		if texts[err.Error()] || err.Error() == "" {
			t.Errorf("%q is no text of its own", err)
		}
		texts[err.Error()] = true
		for _, target := range all {
			branch := err == errors.ErrRead || err == errors.ErrWrite || err == errors.ErrAppend
			want := err == target || branch && target == errors.ErrFile
			if got := errors.Is(err, target); got != want {
				t.Errorf("Is(%q, %q) is %v", err, target, got)
			}
		}
	}
}

func TestAnErrorIsItsKindItsCauseAndTheBranchOfItsKind(t *testing.T) {
	cause := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	var err error = &errors.Error{Op: "append", Path: "x", Kind: errors.ErrAppend, Err: fmt.Errorf("because: %w", cause)}
	for _, target := range []error{errors.ErrAppend, errors.ErrFile, syscall.ENOSPC, error(cause)} {
		if !errors.Is(err, target) {
			t.Errorf("it is not %v", target)
		}
	}
	for _, target := range []error{errors.ErrRead, errors.ErrWrite, fs.ErrNotExist, nil} {
		if errors.Is(err, target) {
			t.Errorf("it is %v", target)
		}
	}
	var path *fs.PathError
	if !errors.As(err, &path) || path != cause {
		t.Error("As did not find the cause")
	}
	if kids := (&errors.Error{}).Unwrap(); len(kids) != 0 {
		t.Errorf("an empty error wraps %v", kids)
	}
}

func TestATimeoutIsADeadlineAndSaysSo(t *testing.T) {
	var err error = &errors.Error{Op: "write", Path: "a", Kind: errors.ErrTimeout,
		Err: &errors.TimeoutError{Path: "a", Timeout: time.Second, Holder: `process 7 on "h"`}}
	if !errors.Is(err, errors.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error("it is no timeout")
	}
	if errors.Is(err, errors.ErrLocked) || errors.Is(err, errors.ErrFile) {
		t.Error("it is more than a timeout")
	}
	var net interface{ Timeout() bool }
	if !errors.As(err, &net) || !net.Timeout() {
		t.Error("Timeout() is false")
	}
	if (&errors.Error{Kind: errors.ErrWrite}).Timeout() {
		t.Error("a failed write says that it timed out")
	}
	if want := `write a: the lock was not free within 1s, held by process 7 on "h"`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestATimeoutOfZeroIsLockedToo(t *testing.T) {
	now := &errors.TimeoutError{Path: "a"}
	if !errors.Is(now, errors.ErrLocked) || !errors.Is(now, errors.ErrTimeout) {
		t.Error("not waiting is not ErrLocked and ErrTimeout")
	}
	cause := errors.New("shutting down")
	ended := &errors.TimeoutError{Path: "a", Cause: cause}
	if errors.Is(ended, errors.ErrLocked) || !errors.Is(ended, cause) {
		t.Error("a context that ended is taken for a busy lock, or its cause is lost")
	}
	if want := "the lock is held: shutting down"; ended.Error() != want {
		t.Errorf("got %q, want %q", ended, want)
	}
}

func TestADecodeErrorSaysWhere(t *testing.T) {
	cause := errors.New("unexpected comma")
	for want, err := range map[string]*errors.DecodeError{
		"not valid json, line 3, column 7: unexpected comma": {Format: "json", Line: 3, Column: 7, Offset: 40, Err: cause},
		"not valid yaml, line 3: unexpected comma":           {Format: "yaml", Line: 3, Offset: -1, Err: cause},
		"not valid csv, byte 40: unexpected comma":           {Format: "csv", Offset: 40, Err: cause},
		"not valid toml: unexpected comma":                   {Format: "toml", Offset: -1, Err: cause},
		"not valid toml":                                     {Format: "toml", Offset: -1},
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		if !errors.Is(err, errors.ErrDecode) || errors.Is(err, errors.ErrEncode) || (err.Err != nil && !errors.Is(err, cause)) {
			t.Errorf("%v does not match", err)
		}
	}
}

func TestAnEncodeErrorSaysWhy(t *testing.T) {
	cause := errors.New("a channel")
	err := &errors.EncodeError{Format: "json", Err: cause}
	if !errors.Is(err, errors.ErrEncode) || errors.Is(err, errors.ErrDecode) || !errors.Is(err, cause) {
		t.Error("it does not match")
	}
	if err.Error() != "can't be written as json: a channel" || (&errors.EncodeError{Format: "json"}).Error() != "can't be written as json" {
		t.Errorf("it reads %q", err)
	}
}

func TestAsTypeFindsTheFirstErrorOfAType(t *testing.T) {
	inner := &errors.DecodeError{Format: "json"}
	found, ok := errors.AsType[*errors.DecodeError](fmt.Errorf("here: %w", inner))
	if !ok || found != inner {
		t.Errorf("found %v, %v", found, ok)
	}
	if found, ok := errors.AsType[*errors.TimeoutError](inner); ok || found != nil {
		t.Errorf("found %v, %v", found, ok)
	}
	if _, ok := errors.AsType[*errors.Error](nil); ok {
		t.Error("found something in nil")
	}
}

func TestTheStandardFunctionsDoWhatTheyDoThere(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	joined := errors.Join(a, nil, b)
	if !errors.Is(joined, a) || !errors.Is(joined, b) || errors.Join(nil, nil) != nil || a.Error() != "a" {
		t.Error("Join")
	}
	if errors.Unwrap(fmt.Errorf("x: %w", a)) != a || errors.Unwrap(a) != nil {
		t.Error("Unwrap")
	}
	if !errors.Is(fmt.Errorf("x: %w", errors.ErrUnsupported), syscall.ENOTSUP) && !errors.Is(syscall.ENOTSUP, errors.ErrUnsupported) {
		t.Error("ErrUnsupported is not the standard one")
	}
}

// One import has to serve, so what the standard package of this toolchain
// exports must all be here.
func TestEveryNameOfTheStandardPackageIsHere(t *testing.T) {
	std, err := build.Import("errors", "", build.FindOnly)
	if err != nil {
		t.Skip(err)
	}
	here := exported(t, ".")
	there := exported(t, std.Dir)
	if len(there) < 5 {
		t.Fatalf("the standard package has %v only", there)
	}
	for _, name := range there {
		if !slices.Contains(here, name) {
			t.Errorf("%s is missing", name)
		}
	}
}

// exported lists what a package's sources export at the top level.
func exported(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources in %s: %v", dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		testkit.Must(t, err)
		for _, d := range parsed.Decls {
			names = append(names, declared(d)...)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !ast.IsExported(name) })
}

func declared(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}
