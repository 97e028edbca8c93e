// Package torture holds tests that disturb the library while it is at work: processes are killed and
// stopped, the power of a mounted disk is cut, a disk is full. It has no code of its own.
//
// Every test starts the test binary again as worker processes. A worker reports the begin of each change, and
// its acknowledgement, into a pipe that all workers share; so the reports are in order. Afterwards the
// test compares the files with the reports: no acknowledged change may be lost, no file torn, and every
// content must have been written by a worker.
//
// A workload is a way of changing files, and of checking the files afterwards. To try another way of
// changing files, add a workload in a file of its own and a line in the table.
//
// The tests take some seconds each, less with -short. With HOLDFAST_LONG=1 they
// take minutes:
//
//	HOLDFAST_LONG=1 go test -v -timeout 60m ./internal/torture
//
// # Limits
//
// A power cut here is FS_IOC_SHUTDOWN: the filesystem and its journal lose what they hold in memory, and
// the device keeps everything that was written to it. Package internal/fusetest has a disk that loses its
// write cache. No test has a disk that reports a flush it has not done.
package torture
