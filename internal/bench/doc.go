// Package bench measures Holdfast beside what one would use instead. It is a
// module of its own, so that nobody who imports Holdfast pays for the peers.
//
//	go test -bench . -benchtime 100x
//
// Each benchmark runs all contenders in one process, in many short interleaved
// rounds on a filesystem of its own (ext4 on a loop device, or tmpfs), and
// reports medians and ratios. A benchtime of 100x is 100 rounds. It needs Linux
// and root. Nothing here fails on time.
package bench
