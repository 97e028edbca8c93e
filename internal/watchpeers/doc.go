// Package watchpeers changes a file in every way in which programs do, and counts which changes Holdfast, viper and
// koanf see. It is a module of its own, so that nobody who imports Holdfast pays for the peers.
//
//	go test -v .
//
// prints the table of the README. It fails if Holdfast misses a change or reads half a file. Nothing is asserted of the
// peers.
package watchpeers
