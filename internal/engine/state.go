package engine

// blob is the content of a file at one point of a run. Its bytes are never
// changed, only replaced.
type blob struct {
	loaded   bool // false while it stands for what is on disk, unread
	exists   bool
	data     []byte
	verified bool // its checksum agreed, or it was made here
}

// state is a blob and what was appended to it. States of one run share their
// tails: each is a prefix of the next, or was given up.
type state struct {
	base  *blob
	tails [][]byte
}

func size(tails [][]byte) int {
	n := 0
	for _, t := range tails {
		n += len(t)
	}
	return n
}
