// Package apidoc holds the tests of what the public packages show to go doc and to a
// documentation site. It has no code of its own.
package apidoc
