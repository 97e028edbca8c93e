package vfs

import "io"

// copyFrom is CloneFrom by reads and writes.
func copyFrom(dst File, src io.ReaderAt, size int64) error { return copyFromAt(dst, src, 0, size) }

// copyFromAt copies src[off:size] to the end of dst. If src is shorter, it is an error: an incomplete copy must not
// look complete.
func copyFromAt(dst io.Writer, src io.ReaderAt, off, size int64) error {
	n, err := io.Copy(dst, io.NewSectionReader(src, off, size-off))
	if err == nil && n < size-off {
		err = io.ErrUnexpectedEOF
	}
	return err
}
