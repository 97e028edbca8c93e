package torture

import (
	"hash/fnv"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

// workload is a way of changing files, and of telling afterwards what became of
// the changes.
type workload interface {
	// open returns the function that makes a change and returns nil when it is
	// acknowledged. Each change has an id of its own. It runs in a worker
	// process, on several goroutines at once.
	open(dir string, opts ...safefile.Option) (change func(id string) error)
	// verify says what is wrong with dir after all that was said: a change that
	// was acknowledged and is lost, something torn, or something that nobody
	// wrote. It runs in the test, when nobody works any more.
	verify(dir string, said history) error
}

// watched is a workload whose files can be looked at by others all the time.
type watched interface {
	workload
	// watch returns the function that looks once, and says what it must not see.
	watch(dir string) (look func() error)
}

// workloads are found by name in the processes.
var workloads = map[string]workload{
	"write":  write{"write", "written.json"},
	"merge":  merge{"merge", "merged.json"},
	"append": appending{"append", "appended.txt"},
	"sealed": sealed{write: write{"sealed", "sealed.json"}},
	"stream": sealed{write{"stream", "streamed.json"}, byStream},
	"move":   sealed{write{"move", "moved.json"}, byMove},
}

// The faults that a check of the files can find, besides content that can't be decoded.
var (
	errLost  = errors.New("acknowledged and lost")
	errAlien = errors.New("nobody wrote this")
)

// padding is text of up to most bytes that follows from an id, so that files
// have many lengths, over many blocks, and a mixture of two is recognised.
func padding(id string, most int) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	n := int(h.Sum32() % uint32(most))
	return strings.Repeat(id+" ", n/len(id)+1)[:n]
}
