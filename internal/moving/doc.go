// Package moving holds the programs that the README shows to users of other libraries: each job as it is done there,
// and as it is done here. The tests run both, and compare what is on the disk afterwards. It has no code of its own.
package moving
