package safefile

import "github.com/holdfast-go/holdfast/internal/handle"

// Reader reads one version of a file as a stream. [SafeFile.Open] makes it. It is an
// [io.ReadCloser], and its methods are safe for concurrent use.
//
// A Reader that is garbage collected before it was closed is closed then, with a warning
// in the log.
type Reader handle.Reader

func (r *Reader) stream() *handle.Reader { return (*handle.Reader)(r) }

// Read reads up to len(p) bytes, like the Read of an [io.Reader]. After Close it fails with
// [fs.ErrClosed].
//
// Under [WithChecksum] the checksum is compared at the end of the content: if it does not
// match, Read returns ErrChecksumMismatch instead of [io.EOF]. So do not use what was read
// before Read has returned io.EOF.
func (r *Reader) Read(p []byte) (int, error) { return r.stream().Read(p) }

// Close closes the file. A second Close does nothing.
func (r *Reader) Close() error { return r.stream().Close() }

// Writer takes the new content of a file as a stream, while it holds the file's lock.
// [SafeFile.Create] makes it. Readers see the old content until Commit. The methods are
// safe for concurrent use.
//
// A Writer that is garbage collected before it was closed is closed then, with a warning
// in the log.
type Writer handle.Writer

func (w *Writer) stream() *handle.Writer { return (*handle.Writer)(w) }

// Write adds p to the new content. After a Write that failed, every later Write and the
// Commit fail with the same error. After Commit or Close it fails with [fs.ErrClosed].
func (w *Writer) Write(p []byte) (int, error) { return w.stream().Write(p) }

// Commit replaces the file's content by what was written, and returns nil when that is
// durable. After an error the file has its old content; the one exception is
// [errors.ErrNotDurable]. A Writer can be committed once: a second Commit, and a Commit after
// Close, fail with [fs.ErrClosed].
func (w *Writer) Commit() error { return w.stream().Commit() }

// Close releases the lock and throws away what was not committed. After Commit it does
// nothing, so it can be deferred. A second Close does nothing.
func (w *Writer) Close() error { return w.stream().Close() }
