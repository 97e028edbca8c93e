// Package torture holds tests that break what the library stands on while it is
// at work: processes are killed and stopped, the power of a mounted disk is
// cut, a disk is full. It has no code of its own.
//
// Every test starts the test binary again as worker processes. A worker says
// before each change that it begins, and after it that the change was
// acknowledged; all workers say so into one pipe, which keeps the order. Afterwards
// the test holds the files against what was said: nothing acknowledged may be
// lost, nothing torn, and nothing there that nobody wrote.
//
// What the workers do is a workload: a way of changing files and of telling
// afterwards what became of it. Another way of changing files gets the same
// crashes with a workload of its own in one more file and a line in the table.
//
// The tests take some seconds each, less with -short. With HOLDFAST_LONG=1 they
// take minutes:
//
//	HOLDFAST_LONG=1 go test -v -timeout 60m ./internal/torture
//
// # Where it weakens
//
// A power cut here is FS_IOC_SHUTDOWN: the filesystem's memory is lost, its
// journal's too, while the device keeps all that it was ever given. A disk that
// loses its own write cache is in internal/fusetest. One that lies about a flush is
// not among the tests.
package torture
