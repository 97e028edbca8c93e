// Package checksum makes and checks SHA-256 sidecars: PATH.sha256 beside PATH,
// in the format of sha256sum(1), so that
//
//	sha256sum -c app.yaml.sha256
//
// agrees whenever no write is in flight. While one is, the sidecar names the
// digest of the old content too, in a comment line, so that a crash at any
// moment leaves content that verifies.
//
// Handles made with safefile.WithChecksum keep the sidecar themselves. This
// package is for the files of other writers and for looking.
//
// A sidecar finds damage: bytes that nobody meant to write. It can't tell damage
// from a change by a program that keeps no checksum. It does not prove
// who wrote the bytes, since whoever can write the file can write its sidecar.
//
// A sidecar holds nothing but digests, and nobody may read it who may not read its file:
// owner, group, mode and ACL are the file's, or narrower where they can't be kept.
//
// Every form that sha256sum -c takes is read, also upper-case digits and the lines of
// sha256sum --tag. A sidecar that is a symbolic link is ErrSymlink; neither a link nor anything else that is no
// regular file is read or replaced.
package checksum

import (
	"context"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Sum is the SHA-256 of data, in lower-case hex.
func Sum(data []byte) string { return sidecar.Sum(data) }

// SumFile is the SHA-256 of a file's content, in lower-case hex. It needs little
// memory however large the file is, and takes no lock. It follows links and
// refuses what is no regular file.
func SumFile(path string) (string, error) {
	r, err := handle.New[any](path, handle.Defaults()).Open(context.Background())
	if err != nil {
		return "", err
	}
	defer r.Close()
	return sidecar.SumReader(r)
}

// Verify compares a file with its sidecar. It returns nil, ErrChecksumMismatch,
// whose text names both digests and what to do, or ErrNoChecksum. It takes no lock.
func Verify(path string) error {
	return handle.New[any](path, handle.Defaults()).Verify(context.Background())
}

// Info is what a sidecar says.
type Info struct {
	Path     string   // of the sidecar
	Digest   string   // of the content, in lower-case hex
	Previous []string // of what the content may be instead while a write is under way, or after it crashed
}

// Read reads the sidecar of the file at path. A missing one is ErrNoChecksum, one
// that can't be understood ErrChecksumMismatch. It does not look at the content.
func Read(path string) (Info, error) {
	o := handle.Defaults()
	e, request, err := handle.Target(path, &o)
	if err != nil {
		return Info{}, handle.Fail("read", path, errors.ErrRead, err)
	}
	at, side, err := e.Sidecar(request.Place)
	if err != nil {
		return Info{}, handle.Fail("read", path, errors.ErrRead, err)
	}
	return Info{at, side.Digest, side.Previous}, nil
}

// Write makes the sidecar of the content that is there now, whatever an older
// one says, and returns nil when it is durable. It takes the file's lock.
func Write(path string) error { return locked("write checksum", path, store.Session.Seal) }

// Remove takes the sidecar of the file at path away. A missing one is
// [fs.ErrNotExist]. It takes the file's lock.
func Remove(path string) error { return locked("remove checksum", path, store.Session.Unseal) }

func locked(op, path string, change func(store.Session, store.Options) error) error {
	o := handle.Defaults()
	e, request, err := handle.Target(path, &o)
	if err != nil {
		return handle.Fail(op, path, errors.ErrWrite, err)
	}
	request.Options.Bare = true // the file itself is not changed
	hold, err := e.Hold(&request)
	if err == nil {
		err = change(hold.Session, request.Options)
		_ = hold.Release() // a lost lock stopped the change
	}
	return handle.Fail(op, path, errors.ErrWrite, err)
}
