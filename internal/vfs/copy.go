package vfs

import "io"

// copyFrom is CloneFrom for when the kernel does not help.
func copyFrom(dst File, src io.ReaderAt, size int64) error { return copyFromAt(dst, src, 0, size) }

// copyFromAt copies src[off:size] to the end of dst. A source that turns out
// shorter is an error: half a copy must not pass for a whole one.
func copyFromAt(dst io.Writer, src io.ReaderAt, off, size int64) error {
	n, err := io.Copy(dst, io.NewSectionReader(src, off, size-off))
	if err == nil && n < size-off {
		err = io.ErrUnexpectedEOF
	}
	return err
}
