// Package bench measures Holdfast beside what one would use instead. It is a
// module of its own, so that nobody who imports Holdfast pays for the peers.
//
//	go test -bench . -benchtime 100x
//
// Each benchmark runs all contenders in one process, in many short interleaved
// rounds, and reports medians and ratios. Most run on three disks: the machine's
// own, where TMPDIR lies, ext4 on a loop device, and tmpfs. A benchtime of 100x
// is 100 rounds. It needs Linux and root. Nothing here fails on time.
//
//	go test -bench UpdateText -benchtime 20x
//
// shows whole Updates of JSON, JSONC, TOML and YAML, of the codec's own text and of
// commented text, beside unmarshal, change, marshal and a durable write by hand.
//
//	go test -bench Handover -benchtime 100x
//
// shows how long after its release a lock is with a waiter in another process,
// beside waiters that poll. On two virtual EPYC processors the median was 0.15
// to 0.27 ms in three runs of both filesystems, 0.03 to 0.06 of that of a poll
// every 10 ms and 0.25 to 0.57 of that of one every millisecond. A bare
// flock(2), which writes no holder's name and verifies nothing, took 0.02 to
// 0.06 ms.
package bench
