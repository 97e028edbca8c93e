// Package oddfs tests the public API on filesystems with odd rules. Each is a directory of the
// system's, shown again by a FUSE server that knows the rules.
package oddfs
