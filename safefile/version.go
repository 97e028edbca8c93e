package safefile

import (
	"github.com/holdfast-go/holdfast/internal/handle"
)

// Version tells one content of a file from another. [SafeFile.ReadVersion] gives it, and
// [SafeFile.WriteIf] takes it. Versions are compared with ==. They are equal if the contents are
// equal byte for byte, in every process and on every machine. The zero Version means that there
// is no file.
type Version handle.Version

// String gives the version as a short text of letters and digits, fit for an ETag. The zero Version is
// "none". A program must not rely on the form of the text.
func (v Version) String() string { return handle.Version(v).String() }

// ParseVersion is the inverse of [Version.String]. Any other text, the empty one among them, is an
// error that matches [fs.ErrInvalid]. An ETag's quotes are not part of the version:
//
//	seen, err := safefile.ParseVersion(strings.Trim(r.Header.Get("If-Match"), `"`))
func ParseVersion(text string) (Version, error) {
	v, err := handle.ParseVersion(text)
	return Version(v), err
}

// MarshalText gives the text of String, so that a Version can be a field of a JSON document.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is ParseVersion. After an error the Version is what it was.
func (v *Version) UnmarshalText(text []byte) error {
	parsed, err := ParseVersion(string(text))
	if err == nil {
		*v = parsed
	}
	return err
}

// ReadVersion is [SafeFile.Read], and also returns the version of the content that was read. After
// an error the version is the zero Version. So a missing file is [fs.ErrNotExist] with the Version that
// makes [SafeFile.WriteIf] create it.
func (f *SafeFile[T]) ReadVersion() (T, Version, error) {
	v, seen, err := f.handle().ReadVersion(background)
	return v, Version(seen), err
}

// WriteIf is [SafeFile.Write], except that it fails with ErrChanged and writes nothing if the content
// is not the version seen any more. With the zero Version it writes only if there is no file. The
// comparison and the write are one transaction: of several calls with the same version and
// different values exactly one succeeds.
//
// Between the read and the write the file is not locked, so a person may take any time to edit the value:
//
//	v, seen, err := f.ReadVersion()
//	// a person edits v in a form
//	err = f.WriteIf(v, seen)
//
// A change that was taken back in between is not noticed. The content is read again to be compared, so
// a file that [SafeFile.Read] refuses for its size or its checksum is refused here too.
func (f *SafeFile[T]) WriteIf(v T, seen Version) error {
	return f.handle().WriteIf(background, v, handle.Version(seen))
}
