// Package linear checks that a file behaves like one that is read and changed
// by one caller at a time.
//
// Several processes, with several goroutines each, read and change one file in
// every way that handles offer, and note when each call began and ended and
// what it saw. A checker then looks for an order of all calls that explains what
// each of them saw and in which no call comes before one that had ended when it
// began: linearizability (Herlihy and Wing, 1990).
//
// It has a module of its own, so that nobody who uses the library pays for the
// checker.
package linear
