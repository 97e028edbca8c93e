package lockedfile

import (
	"context"
	"iter"

	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/safefile"
)

// The methods here do what the methods of the same names do in safefile.SafeFile.

// Path gives the file's absolute path.
func (f *LockedFile[T]) Path() string { return f.handle().Path() }

// Read decodes the file. It takes no lock. See [safefile.SafeFile.Read].
func (f *LockedFile[T]) Read() (T, error) { return f.handle().Read() }

// ReadOr is [LockedFile.Read], but returns def if there is no file. See [safefile.SafeFile.ReadOr].
func (f *LockedFile[T]) ReadOr(def T) (T, error) { return f.handle().ReadOr(def) }

// ReadBytes reads the file without a codec. It takes no lock. See [safefile.SafeFile.ReadBytes].
func (f *LockedFile[T]) ReadBytes() ([]byte, error) { return f.handle().ReadBytes() }

// ReadVersion is [LockedFile.Read] with the version of the content. See [safefile.SafeFile.ReadVersion].
func (f *LockedFile[T]) ReadVersion() (T, safefile.Version, error) {
	v, seen, err := f.handle().ReadVersion(context.Background())
	return v, safefile.Version(seen), err
}

// WriteIf is [LockedFile.Write] if the content is still the version seen. See [safefile.SafeFile.WriteIf].
func (f *LockedFile[T]) WriteIf(v T, seen safefile.Version) error {
	return f.handle().WriteIf(context.Background(), v, handle.Version(seen))
}

// Write makes v the file's content. See [safefile.SafeFile.Write].
func (f *LockedFile[T]) Write(v T) error { return f.handle().Write(context.Background(), v) }

// WriteBytes makes data the file's content, without a codec. See [safefile.SafeFile.WriteBytes].
func (f *LockedFile[T]) WriteBytes(data []byte) error {
	return f.handle().WriteBytes(context.Background(), data)
}

// Merge adds the entries of patch to those of the file. See [safefile.SafeFile.Merge].
func (f *LockedFile[T]) Merge(patch T) error { return f.handle().Merge(context.Background(), patch) }

// Append adds text to the end of the file. See [safefile.SafeFile.Append].
func (f *LockedFile[T]) Append(text string) error {
	return f.handle().Append(context.Background(), text)
}

// Remove removes the file. See [safefile.SafeFile.Remove].
func (f *LockedFile[T]) Remove() error { return f.handle().Remove(context.Background()) }

// Verify compares the file with its checksum. See [safefile.SafeFile.Verify].
func (f *LockedFile[T]) Verify() error { return f.handle().Verify(context.Background()) }

// Open opens the file for reading as a stream. See [safefile.SafeFile.Open].
func (f *LockedFile[T]) Open() (*safefile.Reader, error) {
	r, err := f.handle().Open(context.Background())
	return (*safefile.Reader)(r), err
}

// Create begins a new content as a stream. See [safefile.SafeFile.Create].
func (f *LockedFile[T]) Create() (*safefile.Writer, error) {
	w, err := f.handle().Create(context.Background())
	return (*safefile.Writer)(w), err
}

// Watch yields the current value, and then the newest value after each change, until ctx ends. See
// [safefile.SafeFile.Watch].
func (f *LockedFile[T]) Watch(ctx context.Context) iter.Seq2[T, error] {
	return f.handle().Watch(ctx)
}
