package codec

import (
	"bytes"
	"io"
)

// Source is the reader that a handle passes to [Codec.Load]. It holds the content of a file in
// memory. A Source must not be used by several goroutines at once.
type Source struct {
	data   []byte
	max    int64
	reader bytes.Reader
}

// NewSource makes a Source of data, without a copy. A codec inflates it to at most max bytes; 0 means no
// limit.
func NewSource(data []byte, max int64) *Source {
	s := &Source{data: data, max: max}
	s.reader.Reset(data)
	return s
}

// Bytes gives the whole content, even if a part of it was read. The caller must not change or keep it.
func (s *Source) Bytes() []byte { return s.data }

// MaxSize gives the largest number of bytes that a codec may inflate the content to; 0 means no limit.
func (s *Source) MaxSize() int64 { return s.max }

// Read implements io.Reader.
func (s *Source) Read(p []byte) (int, error) { return s.reader.Read(p) }

// ReadAt implements io.ReaderAt.
func (s *Source) ReadAt(p []byte, off int64) (int, error) { return s.reader.ReadAt(p, off) }

// Seek implements io.Seeker.
func (s *Source) Seek(offset int64, whence int) (int64, error) { return s.reader.Seek(offset, whence) }

// WriteTo implements io.WriterTo.
func (s *Source) WriteTo(w io.Writer) (int64, error) { return s.reader.WriteTo(w) }

// whole is the interface of the reader that a handle passes to Load. The reader may be no Source.
type whole interface {
	Bytes() []byte
	MaxSize() int64
}

// content gives all bytes of r. If r has them in memory, they are not copied. The result
// must not be kept or changed. An error is the reader's own.
func content(r io.Reader) (data []byte, max int64, err error) {
	if s, ok := r.(whole); ok {
		return s.Bytes(), s.MaxSize(), nil
	}
	data, err = io.ReadAll(r)
	return data, 0, err
}

// emit writes a complete text to the caller's writer. An error of the writer comes back as it is.
func emit(w io.Writer, text []byte) error {
	n, err := w.Write(text)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	return err
}
