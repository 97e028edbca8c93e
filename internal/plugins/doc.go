// Package plugins tests that a handle plugs into koanf, viper and expvar. The tests run against the real libraries. The adapters are
// in the tests, and the README shows them. It is a module of its own, so that nobody who imports Holdfast pays for the
// libraries.
//
// The adapters to fs.FS and flag.Value are examples of package safefile.
package plugins
