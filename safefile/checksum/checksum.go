// Package checksum makes, reads and checks SHA-256 sidecars. The sidecar of PATH is
// PATH.sha256, in the format of sha256sum(1), so
//
//	sha256sum -c app.yaml.sha256
//
// succeeds whenever no write is under way. During a write the sidecar also names the digest
// of the old content, in a comment line. So [Verify] accepts the file after a crash
// at any moment.
//
// A handle made with safefile.WithChecksum keeps the sidecar up to date by itself. This
// package is for files that other programs write, and for inspection.
//
// A sidecar detects damage, which is bytes that nobody meant to write. It has two limits:
//   - A change by a program that does not update the sidecar looks like damage.
//   - A sidecar does not prove who wrote the bytes: everybody who may write the file
//     may write its sidecar.
//
// # Access
//
// A sidecar holds nothing but digests. Its owner, group, mode and ACL are those of the file, so
// nobody can read the sidecar who can't read the file. Where they can't be copied, fewer users
// can read it.
//
// # Format
//
// Every form that sha256sum -c accepts is read, including upper-case digits and the
// lines of sha256sum --tag. A sidecar that is a symbolic link is an error that matches
// ErrSymlink. A sidecar must be a regular file; nothing else is read or replaced.
package checksum

import (
	"context"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Sum gives the SHA-256 of data in lower-case hex.
func Sum(data []byte) string { return sidecar.Sum(data) }

// SumFile gives the SHA-256 of a file's content in lower-case hex. It reads the file
// piece by piece, so it needs little memory, and it takes no lock. It follows symbolic links
// and fails unless they lead to a regular file.
func SumFile(path string) (string, error) {
	r, err := handle.New[any](path, handle.Defaults()).Open(context.Background())
	if err != nil {
		return "", err
	}
	defer r.Close()
	return sidecar.SumReader(r)
}

// Verify compares a file with its sidecar. It returns nil if they agree,
// ErrChecksumMismatch if they do not, and ErrNoChecksum if there is no sidecar. The
// text of ErrChecksumMismatch names both digests and says what to do. Verify takes no lock.
func Verify(path string) error {
	return handle.New[any](path, handle.Defaults()).Verify(context.Background())
}

// Info is the content of a sidecar.
type Info struct {
	Path     string   `json:"path"`               // the sidecar file
	Digest   string   `json:"digest"`             // SHA-256 of the content, in lower-case hex
	Previous []string `json:"previous,omitempty"` // digests of older content; Verify accepts them too, since a write is under way or has crashed
}

// Read reads the sidecar of the file at path. It does not read the file. A missing sidecar
// is ErrNoChecksum. A sidecar that can't be parsed is ErrChecksumMismatch.
func Read(path string) (Info, error) {
	o := handle.Defaults()
	e, request, err := handle.Target(path, &o)
	if err != nil {
		return Info{}, handle.Fail("read", path, errors.ErrRead, err)
	}
	c, err := e.Store().Checksum(context.Background(), request.Target)
	if err != nil {
		return Info{}, handle.Fail("read", path, errors.ErrRead, err)
	}
	return Info(c), nil
}

// Write makes a sidecar for the content that the file has now, and returns nil when the sidecar
// is durable. An older sidecar is replaced, whether or not it matched. Write takes the file's
// lock.
func Write(path string) error { return locked("write checksum", path, store.Session.Seal) }

// Remove removes the sidecar of the file at path. A missing sidecar is an error that matches
// [io/fs.ErrNotExist]. Remove takes the file's lock.
func Remove(path string) error { return locked("remove checksum", path, store.Session.Unseal) }

func locked(op, path string, change func(store.Session, context.Context, store.Options) error) error {
	o := handle.Defaults()
	e, request, err := handle.Target(path, &o)
	if err != nil {
		return handle.Fail(op, path, errors.ErrWrite, err)
	}
	request.Options.Bare = true // the file itself is not changed
	hold, err := e.Hold(&request)
	if err == nil {
		err = change(hold.Session, context.Background(), request.Options)
		_ = hold.Release() // a lost lock stopped the change
	}
	return handle.Fail(op, path, errors.ErrWrite, err)
}
