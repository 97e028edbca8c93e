// Package keep sets one value in each real configuration file with Holdfast and
// with what one would use instead, and counts what else of the file changes. It
// is a module of its own, so that nobody who imports Holdfast pays for the peers.
//
//	go test -v .
//
// prints the table, and fails if Holdfast changes more than the line of the
// value, loses a comment, or leaves other data than was wanted. Nothing is asserted
// of the peers. The table of the README is that of the public corpus; where HOLDFAST_CORPUS
// does not name it, a few files of the project's own are tried.
package keep
