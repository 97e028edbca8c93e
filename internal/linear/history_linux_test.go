package linear

import (
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// call is one call of a client: what it asked for, what it saw, and when.
type call struct {
	Client       int
	Kind         string
	In, Out      string // what was written, and what was read; "" is no file
	Failed       bool   // a removal that found no file
	Began, Ended int64  // on a clock that all processes share
}

// now is the monotonic clock, which is one for the whole machine.
func now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

var errOwn = errors.New("the function's own error")

type file = lockedfile.LockedFile[string]

type tx = lockedfile.Tx[string]

// kinds are the ways to call. A value is never written twice, so that a call that
// sees it says which change it came after.
var kinds = map[string]func(f *file, c *call) error{
	"read": func(f *file, c *call) (err error) {
		c.Out, err = f.ReadOr("")
		return err
	},
	"look": func(f *file, c *call) error {
		return f.Locked(func(tx *tx) (err error) {
			c.Out, err = tx.ReadOr("")
			return err
		})
	},
	"refuse": func(f *file, c *call) error {
		err := f.Update(func(v *string) error {
			c.Out = *v
			*v = "never written"
			return errOwn
		})
		if err == errOwn {
			return nil
		}
		return err
	},
	"swap": func(f *file, c *call) error {
		return f.Update(func(v *string) error {
			c.Out, *v = *v, c.In
			return nil
		})
	},
	"write":  func(f *file, c *call) error { return f.Write(c.In) },
	"append": func(f *file, c *call) error { return f.Append(c.In) },
	"remove": func(f *file, c *call) error {
		err := f.Remove()
		if c.Failed = errors.Is(err, fs.ErrNotExist); c.Failed {
			return nil
		}
		return err
	},
}

// mix holds each kind as often as it is called. The checker must try every order of writes that read nothing,
// so most calls read.
var mix = []string{
	"read", "read", "read", "read", "read", "look", "look", "refuse", "refuse",
	"swap", "swap", "swap", "swap", "swap", "swap", "swap", "swap", "write", "append", "remove",
}

// TestMain makes calls as one of several processes, if it is told to: the path,
// the first client, how many there are, and how often each calls.
func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Roles{"clients": func(args []string) {
		first, clients, calls := number(args[1]), number(args[2]), number(args[3])
		var mu sync.Mutex
		out := json.NewEncoder(os.Stdout)
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				for _, c := range play(args[0], first+i, calls) {
					mu.Lock()
					out.Encode(c)
					mu.Unlock()
				}
			})
		}
		all.Wait()
	}})
}

func number(arg string) int {
	n, err := strconv.Atoi(arg)
	if err != nil {
		panic(err)
	}
	return n
}

// play is one client.
func play(path string, client, calls int) (history []call) {
	f := lockedfile.New[string](path)
	for i := range calls {
		c := call{Client: client, Kind: mix[rand.IntN(len(mix))], In: strconv.Itoa(client) + "." + strconv.Itoa(i) + ";"}
		c.Began = now()
		err := kinds[c.Kind](f, &c)
		c.Ended = now()
		if err != nil {
			panic(err)
		}
		history = append(history, c)
	}
	return history
}
