package etcdtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
	"github.com/holdfast-go/holdfast/safefile"
)

// call is one call of a worker: what it asked for, what it saw, and when.
type call struct {
	Client       int
	File         string
	Kind         string // read, swap, count or sum
	In, Out      string // what was written, and what was read
	Result       string // ok, refused or unknown
	Began, Ended int64  // on a clock that all processes share
}

// now is the monotonic clock, which is one for the whole machine.
func now() int64 {
	var ts unix.Timespec
	testkit.Check(unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts))
	return ts.Nano()
}

const (
	goroutines = 4               // in each worker
	period     = 5 * time.Second // the time for which all use one file: the checker's work grows with the square of a history
)

// work is the role of a process that calls until a time, over a wire that loses some answers and some requests. Its arguments
// are the endpoints, the number of its first client, and the time.
func work(args []string) {
	var wire Wire
	wire.Decide(func(method string, request any) Fate {
		txn, ok := request.(*etcdserverpb.TxnRequest)
		if !ok || len(txn.Compare) == 0 {
			return Answered
		}
		switch n := rand.IntN(100); {
		case n < 4:
			return AnswerLost
		case n < 6:
			return Lost
		}
		return Answered
	})
	client, err := Dial(strings.Split(args[0], ","), wire.Option())
	testkit.Check(err)
	first, err := strconv.Atoi(args[1])
	testkit.Check(err)
	until, err := strconv.ParseInt(args[2], 10, 64)
	testkit.Check(err)
	w := &worker{until: until, opts: []safefile.Option{
		etcd.On(client, etcd.WithTTL(2*time.Second), etcd.WithRequestTimeout(4*time.Second)), safefile.WithTimeout(3 * time.Second),
	}, out: json.NewEncoder(os.Stdout)}
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() { w.run(first + i) })
	}
	ctx, cancel := context.WithCancel(context.Background())
	var watcher sync.WaitGroup
	watcher.Go(func() { w.watch(ctx) })
	all.Wait()
	cancel()
	watcher.Wait()
}

type worker struct {
	until int64
	opts  []safefile.Option
	mu    sync.Mutex
	out   *json.Encoder
}

func (w *worker) run(client int) {
	counts := lockedfile.New[map[string]int]("/counts.json", w.opts...)
	least, most := 0, 0 // what the file may say of them
	for i := 0; now() < w.until; i++ {
		c := call{Client: client, File: fmt.Sprintf("/%d.txt", now()/int64(period)), Began: now()}
		f := lockedfile.New[string](c.File, w.opts...)
		var err error
		switch n := rand.IntN(10); {
		case n < 4:
			c.Kind = "read"
			c.Out, err = f.ReadOr("")
		case n < 8:
			c.Kind, c.In = "swap", fmt.Sprintf("%d.%d", client, i)
			err = f.Update(func(v *string) error { c.Out, *v = *v, c.In; return nil })
		default:
			c.Kind = "count"
			me := strconv.Itoa(client)
			err = counts.Update(func(v *map[string]int) error {
				if n := (*v)[me]; n < least || n > most {
					return fmt.Errorf("the file has %d updates of client %d, and %d to %d were made", n, client, least, most)
				}
				least, most = (*v)[me], (*v)[me]
				(*v)[me]++
				return nil
			})
			switch resultOf(err) {
			case "ok":
				least, most = least+1, most+1
			case "unknown":
				most++
			}
		}
		c.Ended, c.Result = now(), resultOf(err)
		w.say(c)
		if c.Result == "" {
			w.say(call{Kind: "error", Out: err.Error()})
			return
		}
	}
	w.say(call{Client: client, Kind: "sum", In: strconv.Itoa(least), Out: strconv.Itoa(most)})
}

// watch looks at the counts, of which none may ever become less.
func (w *worker) watch(ctx context.Context) {
	last := make(map[string]int)
	for counts, err := range lockedfile.New[map[string]int]("/counts.json", w.opts...).Watch(ctx) {
		if err != nil {
			continue // the cluster does not answer, or there is no file yet
		}
		w.say(call{Kind: "watched"})
		for who, n := range last {
			if counts[who] < n {
				w.say(call{Kind: "error", Out: fmt.Sprintf("a watch saw %d updates of client %s after %d", counts[who], who, n)})
			}
		}
		last = counts
	}
}

// resultOf says whether a call was carried out. It is empty for an error that should not be.
func resultOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, errors.ErrNotDurable):
		return "unknown"
	case errors.Is(err, errors.ErrTimeout), errors.Is(err, errors.ErrLockLost), errors.Is(err, errors.ErrChanged):
		return "refused"
	}
	return ""
}

func (w *worker) say(c call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.Encode(c)
}

// The long form is ten minutes.
func TestWhateverHappensToTheClusterEveryAcknowledgedUpdateIsThereOnce(t *testing.T) {
	span := effort.Of(15*time.Second, 45*time.Second, 10*time.Minute)
	cluster := StartProcesses(t, "")
	var endpoints []string
	var proxies []*Proxy
	for _, to := range cluster.Endpoints {
		p := NewProxy(t, to)
		proxies = append(proxies, p)
		endpoints = append(endpoints, p.Address())
	}
	until := now() + int64(span)
	const workers = 3
	var processes []*testkit.Process
	results := make(chan []call, workers)
	for i := range workers {
		p := testkit.Start(t, testkit.Self(t, "work", strings.Join(endpoints, ","), strconv.Itoa(i*goroutines), strconv.FormatInt(until, 10)))
		processes = append(processes, p)
		go func() { results <- listen(p.Out) }()
	}
	happened := trouble(t, cluster, proxies, processes, until)
	var history []call
	for range workers {
		history = append(history, <-results...)
	}
	judge(t, cluster, history)
	t.Logf("%v: %s", span, happened)
}

func listen(out *bufio.Reader) (history []call) {
	for decoder := json.NewDecoder(out); ; {
		var c call
		if decoder.Decode(&c) != nil {
			return history
		}
		history = append(history, c)
	}
}

// trouble does one thing after the other to the cluster, the network and the workers, and says how often.
func trouble(t *testing.T, cluster *Processes, proxies []*Proxy, workers []*testkit.Process, until int64) string {
	names := []string{"leader killed", "member stopped", "connections cut", "connections frozen", "worker stopped past its leases"}
	counts := make([]int, len(names))
	for i := 0; now() < until-int64(5*time.Second); i++ {
		kind := i % len(names)
		counts[kind]++
		member := rand.IntN(3)
		switch kind {
		case 0:
			leader := cluster.Leader()
			cluster.Kill(leader)
			time.Sleep(time.Second)
			cluster.Start(leader)
		case 1:
			cluster.Stop(member)
			time.Sleep(1500 * time.Millisecond)
			cluster.Resume(member)
		case 2:
			for _, p := range proxies {
				p.Cut()
			}
			time.Sleep(500 * time.Millisecond)
			for _, p := range proxies {
				p.Heal()
			}
		case 3:
			proxies[member].Freeze()
			time.Sleep(1500 * time.Millisecond)
			proxies[member].Heal()
		case 4:
			worker := workers[i/len(names)%len(workers)].Cmd.Process
			stop(t, worker)
			time.Sleep(3500 * time.Millisecond)
			testkit.Must(t, worker.Signal(syscall.SIGCONT))
		}
		time.Sleep(time.Second) // of ordinary work
	}
	cluster.WaitReady()
	var all []string
	for i, name := range names {
		all = append(all, fmt.Sprintf("%s %d times", name, counts[i]))
	}
	return strings.Join(all, ", ")
}
