// Package sidecar reads and writes the checksum beside a file: PATH.sha256, in the format of sha256sum(1), so
// that sha256sum -c can check it.
//
// A file and its sidecar are two files, and no rename replaces both at once. So the sidecar is written first,
// and names both the new digest and the old one:
//
//	sidecar {new, previous}   now both the old and the new data verify
//	data                      now the new data is there
//	sidecar {new}             now only the new data verifies
//
// A sidecar holds digests and nothing else, since more would help to compute a short secret from it. A short
// secret can be found from its digest as well, by trying. So nobody may read a sidecar who may not read
// its file, see replace.ShareAccess.
//
// A crash between two steps leaves data that verifies. The price is that the old content
// verifies too, until the last step.
//
// The previous digest comes from the old sidecar. It is computed from the data only if there was no sidecar: the
// digest of damaged data would hide the damage.
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

// Sidecar is the content of a checksum file. Digests are lower-case hex.
type Sidecar struct {
	Digest   string      // of the content, or of the content that is about to be written
	Previous []string    // digests of older content, which is valid too while a write is under way
	Text     []byte      // the text that was read, even if it can't be parsed
	Mode     fs.FileMode // of the sidecar that was read
}

// Sum is the digest of data.
func Sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// SumReader gives the digest of everything that r reads.
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

// All gives every digest that the sidecar accepts. It gives none if the sidecar can't be parsed.
func (s Sidecar) All() []string {
	if s.Digest == "" {
		return nil
	}
	return append([]string{s.Digest}, s.Previous...)
}

// escaper escapes a name that would break the line, as sha256sum(1) does.
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

// Parse reads a sidecar's text, in any form that sha256sum -c takes: HEX  NAME, or with
// --tag SHA256 (NAME) = HEX, with digits of either case. The name is not compared, since the file may have been
// renamed together with its sidecar. Text of no such form is ErrChecksumMismatch: the digest is lost, so no
// content can be verified.
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
			digest, ok := digestIn(strings.TrimPrefix(line, `\`))
			if !ok {
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

// digestIn finds the digest of a line, in lower case.
func digestIn(line string) (digest string, ok bool) {
	if tagged, isTagged := strings.CutPrefix(line, "SHA256"); isTagged {
		// The name may hold anything, and the digest no parenthesis.
		if end := strings.LastIndexByte(tagged, ')'); end >= 0 && strings.HasPrefix(strings.TrimLeft(tagged, " "), "(") {
			digest, ok = strings.CutPrefix(strings.TrimLeft(tagged[end+1:], " "), "=")
			digest = strings.TrimLeft(digest, " ")
		}
	} else {
		digest, _, ok = strings.Cut(line, " ")
	}
	digest = strings.ToLower(digest)
	return digest, ok && isDigest(digest)
}

func isDigest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && strings.ToLower(s) == s
}

// Read reads the sidecar of the file of that name. A missing sidecar is ErrNoChecksum. If the sidecar can't be
// parsed, the result has its Text.
func Read(dir vfs.Dir, name string) (Sidecar, error) {
	f, err := dir.Open(name + Suffix)
	if absent(err) {
		return Sidecar{}, fmt.Errorf("%w: there is no %s", errors.ErrNoChecksum, name+Suffix)
	}
	if err != nil {
		if info, statErr := dir.Stat(name + Suffix); statErr == nil && !info.Mode.IsRegular() {
			err = special(name+Suffix, info.Mode)
		}
		return Sidecar{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Sidecar{}, err
	}
	if !info.Mode.IsRegular() {
		return Sidecar{}, special(name+Suffix, info.Mode)
	}
	if info.Size > maxSize {
		return Sidecar{}, garbled("it is longer than %d bytes", maxSize)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err != nil {
		return Sidecar{}, err
	}
	s, err := Parse(text)
	if err != nil {
		return Sidecar{Text: text}, err
	}
	s.Text, s.Mode = text, info.Mode
	return s, nil
}

// special refuses a sidecar that is not a regular file. It is neither read nor replaced, since a link may lead to
// another user's data.
func special(name string, mode fs.FileMode) error {
	if mode&fs.ModeSymlink != 0 {
		return fmt.Errorf("%w: the checksum file %s is one; put a regular file in its place, or remove it", errors.ErrSymlink, name)
	}
	return fmt.Errorf("the checksum file %s is no regular file but of mode %v; remove it: %w", name, mode, fs.ErrInvalid)
}

// absent is the error for a missing sidecar, and for a sidecar whose name would be too long.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENAMETOOLONG)
}

// Remove removes the sidecar of the file of that name. A missing sidecar is fs.ErrNotExist. Until the directory is
// synced, a crash may bring the sidecar back.
func Remove(dir vfs.Dir, name string) error {
	err := dir.Remove(name + Suffix)
	if absent(err) {
		return fs.ErrNotExist
	}
	return err
}

// Mismatch gives the error for content with another digest than the sidecar's. The digest can't tell damage from a
// change by a program that does not update the sidecar.
func (s Sidecar) Mismatch(digest string) error {
	return fmt.Errorf("%w: the content has %s, and its checksum file says %s: it was damaged, or changed by a program that "+
		"keeps no checksum (every writer needs WithChecksum); if the content is right, renew the checksum with checksum.Write or "+
		"sha256sum, else put a backup in its place", errors.ErrChecksumMismatch, digest, strings.Join(s.All(), " or "))
}
