// Package sidecar is the checksum beside a file: PATH.sha256, in the format of
// sha256sum(1), so that sha256sum -c can check it.
//
// A file and its sidecar are two files, and no rename replaces both at once.
// The sidecar therefore comes first and names the digest that is about to come
// and the one that is there:
//
//	sidecar {new, previous}   now both the old and the new data verify
//	data                      now the new data is there
//	sidecar {new}             now only the new data verifies
//
// A crash between two steps leaves data that verifies. The price is that until
// the last step is done the old content would verify too.
//
// The previous digest is taken from the old sidecar, never made of the data that
// is there, unless there was no sidecar: a checksum made of damaged data
// would bless the damage.
package sidecar

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Suffix makes a sidecar's name of its file's.
const Suffix = ".sha256"

const previousMark = "# previous "

// maxSize is far more than any sidecar has.
const maxSize = 64 << 10

// Sidecar is what a checksum file says. Digests are lower-case hex.
type Sidecar struct {
	Digest   string   // of the content that is there, or about to be
	Previous []string // of what may still be there, while a write is under way
	Shape    *Shape   // of the content with that digest; nil if unknown
	Text     []byte   // as it was read, even if it is garbled
}

// Sum is the digest of data.
func Sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// SumReader is the digest of all that r gives.
func SumReader(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Accepts reports whether content with this digest is intact.
func (s Sidecar) Accepts(digest string) bool {
	return digest == s.Digest || slices.Contains(s.Previous, digest)
}

// All is every digest the sidecar accepts; none if it is garbled.
func (s Sidecar) All() []string {
	if s.Digest == "" {
		return nil
	}
	return append([]string{s.Digest}, s.Previous...)
}

// escaper does as sha256sum(1) with names that would break the line.
var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)

// Format is the sidecar's text for a file of that name.
func (s Sidecar) Format(name string) []byte {
	var b bytes.Buffer
	if escaped := escaper.Replace(name); escaped != name {
		b.WriteByte('\\')
		name = escaped
	}
	fmt.Fprintf(&b, "%s  %s\n", s.Digest, name)
	for _, p := range s.Previous {
		b.WriteString(previousMark + p + "\n")
	}
	return b.Bytes()
}

// Parse reads a sidecar's text. The name in it is not looked at, since the file
// may have been renamed together with its sidecar. Text that is none matches
// ErrChecksumMismatch: what it said is lost, so nothing can be vouched for.
func Parse(text []byte) (Sidecar, error) {
	var s Sidecar
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		previous, isPrevious := strings.CutPrefix(line, previousMark)
		switch {
		case isPrevious && isDigest(previous):
			s.Previous = append(s.Previous, previous)
		case strings.HasPrefix(line, "#"), line == "":
		case s.Digest == "":
			digest, _, ok := strings.Cut(strings.TrimPrefix(line, `\`), " ")
			if !ok || !isDigest(digest) {
				return s, garbled("its line %q is not of sha256sum's format", line)
			}
			s.Digest = digest
		default:
			return s, garbled("it names more than one file")
		}
	}
	if s.Digest == "" {
		return s, garbled("it holds no digest")
	}
	return s, nil
}

func garbled(format string, args ...any) error {
	return fmt.Errorf("%w: the checksum file is garbled: "+format, append([]any{errors.ErrChecksumMismatch}, args...)...)
}

func isDigest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && strings.ToLower(s) == s
}

// Read reads the sidecar of the file of that name. A missing one is
// ErrNoChecksum; one that is garbled comes with its Text.
func Read(dir vfs.Dir, name string) (Sidecar, error) {
	f, err := dir.Open(name + Suffix)
	if absent(err) {
		return Sidecar{}, fmt.Errorf("%w: there is no %s", errors.ErrNoChecksum, name+Suffix)
	}
	if err != nil {
		return Sidecar{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Sidecar{}, err
	}
	if !info.Mode.IsRegular() || info.Size > maxSize {
		return Sidecar{}, garbled("it is no regular file of at most %d bytes", maxSize)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err != nil {
		return Sidecar{}, err
	}
	s, err := Parse(text)
	if err != nil {
		return Sidecar{Text: text}, err
	}
	s.Shape, s.Text = loadShape(f, s.Digest), text
	return s, nil
}

// absent is the answer to the name of a sidecar that is not there, or that can't
// be since it would be too long.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENAMETOOLONG)
}

// Remove takes the sidecar of the file of that name away. A missing one is
// fs.ErrNotExist. Until the directory is synced it may come back.
func Remove(dir vfs.Dir, name string) error {
	err := dir.Remove(name + Suffix)
	if absent(err) {
		return fs.ErrNotExist
	}
	return err
}

// Mismatch is the error for content that the sidecar does not vouch for.
func (s Sidecar) Mismatch(digest string, how string) error {
	return fmt.Errorf("%w: the content has %s, and its checksum file says %s%s",
		errors.ErrChecksumMismatch, digest, strings.Join(s.All(), " or "), how)
}
