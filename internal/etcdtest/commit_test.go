package etcdtest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
	"github.com/holdfast-go/holdfast/safefile"
)

// commitOf reports whether a request is the commit of a file.
func commitOf(key string, request any) bool {
	txn, ok := request.(*pb.TxnRequest)
	if !ok {
		return false
	}
	for _, op := range txn.Success {
		if string(op.GetRequestPut().GetKey()) == key || string(op.GetRequestDeleteRange().GetKey()) == key {
			return true
		}
	}
	return false
}

// first gives fates to the first commits of a file, and then answers.
func first(key string, fates ...Fate) func(string, any) Fate {
	return func(_ string, request any) Fate {
		if len(fates) == 0 || !commitOf(key, request) {
			return Answered
		}
		fate := fates[0]
		fates = fates[1:]
		return fate
	}
}

// state is the value of a key and how often it was written.
func state(t *testing.T, client *clientv3.Client, key string) (value string, writes int64) {
	t.Helper()
	r, err := client.Get(context.Background(), key)
	testkit.Must(t, err)
	if len(r.Kvs) == 0 {
		return testkit.Missing, 0
	}
	return string(r.Kvs[0].Value), r.Kvs[0].Version
}

func TestALostAnswerOfACommitIsResolvedAndNothingIsWrittenTwice(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	for name, fates := range map[string][]Fate{
		"the answer is lost":                     {AnswerLost},
		"the request is lost":                    {Lost},
		"the request is lost, then the answer":   {Lost, AnswerLost},
		"the request is late, the second is not": {Late},
		"the request arrives twice":              {Twice},
	} {
		for i, change := range []func(f *lockedfile.LockedFile[string]) error{
			func(f *lockedfile.LockedFile[string]) error { return f.Append("+") },
			func(f *lockedfile.LockedFile[string]) error {
				return f.Update(func(v *string) error { *v += "+"; return nil })
			},
		} {
			var wire Wire
			f := lockedfile.New[string](fmt.Sprintf("/%s/%d.txt", name, i), etcd.On(cluster.Client(t, nil, wire.Option())))
			testkit.Must(t, f.Write("a"))
			wire.Decide(first(f.Path(), fates...))
			testkit.WantNil(t, name, change(f))
			if value, writes := state(t, plain, f.Path()); value != "a+" || writes != 2 {
				t.Errorf("%s: %q after %d writes", name, value, writes)
			}
			for _, err := range wire.Deliver() {
				testkit.WantNil(t, "a late request", err) // it is answered: its comparison fails
			}
			if value, writes := state(t, plain, f.Path()); value != "a+" || writes != 2 {
				t.Errorf("%s: a late request made it %q after %d writes", name, value, writes)
			}
		}
	}
}

func TestALateCommitOfAHolderThatLostItsLockChangesNothing(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	var wire Wire
	f := lockedfile.New[string]("/f.txt", etcd.On(cluster.Client(t, nil, wire.Option())))
	testkit.Must(t, f.Write("old"))
	wire.Decide(first(f.Path(), Late))
	err := f.Locked(func(tx *lockedfile.Tx[string]) error {
		testkit.Must(t, tx.Write("fenced"))
		return lockedfile.ForceRelease(f.Path(), etcd.On(plain))
	})
	testkit.WantIs(t, "the commit", err, errors.ErrLockLost)
	testkit.Must(t, safefile.WriteFile(f.Path(), []byte("next"), etcd.On(plain)))
	for _, err := range wire.Deliver() {
		testkit.WantNil(t, "the late request", err)
	}
	if value, _ := state(t, plain, f.Path()); value != "next" {
		t.Errorf("the file holds %q", value)
	}
}

// whileLost does something when the answer to a commit was lost, before anything else is sent.
func whileLost(t *testing.T, wire *Wire, key string, fate Fate, then func()) {
	sent := false
	wire.Decide(func(_ string, request any) Fate {
		if !sent && commitOf(key, request) {
			sent = true
			return fate
		}
		if sent && then != nil {
			do := then
			then = nil
			do()
		}
		return Answered
	})
}

func TestTheHistoryTellsWhetherACommitCameBeforeTheEndOfTheLock(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	for _, c := range []struct {
		name    string
		fate    Fate
		compact bool
		want    error
		value   string
	}{
		{"made, and then the lock was lost", AnswerLost, false, nil, "new"},
		{"not made, and the lock was lost", Lost, false, errors.ErrLockLost, "old"},
		{"made, and the history is gone", AnswerLost, true, errors.ErrNotDurable, "new"},
		{"not made, and the history is gone", Lost, true, errors.ErrNotDurable, "old"},
	} {
		var wire Wire
		f := lockedfile.New[string]("/"+c.name+".txt", etcd.On(cluster.Client(t, nil, wire.Option())))
		testkit.Must(t, f.Write("old"))
		whileLost(t, &wire, f.Path(), c.fate, func() {
			testkit.WantNil(t, "ForceRelease", lockedfile.ForceRelease(f.Path(), etcd.On(plain)))
			if c.compact {
				r, err := plain.Put(context.Background(), "/another", "")
				testkit.WantNil(t, "Put", err)
				_, err = plain.Compact(context.Background(), r.Header.Revision)
				testkit.WantNil(t, "Compact", err)
			}
		})
		err := f.Write("new")
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if errors.Is(err, errors.ErrNotDurable) && errors.Is(err, errors.ErrTimeout) {
			t.Errorf("%s: the error says that nothing was changed: %v", c.name, err)
		}
		if value, _ := state(t, plain, f.Path()); value != c.value {
			t.Errorf("%s: the file holds %q", c.name, value)
		}
	}
}

func TestACommitThatCantBeResolvedIsErrNotDurable(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	for fate, want := range map[Fate]string{AnswerLost: "new", Lost: "old"} {
		var wire Wire
		f := lockedfile.New[string](fmt.Sprintf("/%d.txt", fate), etcd.On(cluster.Client(t, nil, wire.Option()), etcd.WithRequestTimeout(400*time.Millisecond), etcd.WithTTL(time.Second)))
		testkit.Must(t, f.Write("old"))
		cut := false
		wire.Decide(func(_ string, request any) Fate {
			switch {
			case cut:
				return Lost
			case commitOf(f.Path(), request):
				cut = true
				return fate
			}
			return Answered
		})
		err := f.Write("new")
		testkit.WantIs(t, "Write", err, errors.ErrNotDurable)
		if errors.Is(err, errors.ErrTimeout) {
			t.Errorf("the error says that nothing was changed: %v", err)
		}
		wire.Decide(nil)
		if value, _ := state(t, plain, f.Path()); value != want {
			t.Errorf("the file holds %q, want %q", value, want)
		}
		testkit.Must(t, f.Write("next")) // the lease of the old lock expires
	}
}

func TestALostAnswerBeforeTheLockIsNoLock(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	var wire Wire
	on := etcd.On(cluster.Client(t, nil, wire.Option()))
	for _, method := range []string{"LeaseGrant", "Txn", "Range", "LeaseRevoke"} {
		for _, fate := range []Fate{AnswerLost, Lost} {
			path := fmt.Sprintf("/%s/%d.txt", method, fate)
			f := lockedfile.New[string](path, on)
			left := 3
			wire.Decide(func(m string, request any) Fate {
				if m == method && left > 0 && !commitOf(path, request) {
					left--
					return fate
				}
				return Answered
			})
			testkit.WantNil(t, path, f.Update(func(v *string) error { *v += "x"; return nil }))
			wire.Decide(nil)
			if value, writes := state(t, plain, path); value != "x" || writes != 1 {
				t.Errorf("%s: %q after %d writes", path, value, writes)
			}
			// Nobody holds the lock, so no attempt whose answer was lost has left a key.
			l, err := lockedfile.TryAcquire(path, etcd.On(plain))
			testkit.Must(t, err)
			testkit.Must(t, l.Release())
		}
	}
}

// The TTL is longer than the test: only a lease that is revoked frees the lock.
func TestALateRequestForALockBlocksNobody(t *testing.T) {
	cluster := Start(t, 1)
	plain := etcd.On(cluster.Client(t, nil))
	for _, waits := range []bool{false, true} {
		var wire Wire
		path := fmt.Sprintf("/%v.txt", waits)
		f := lockedfile.New[string](path, etcd.On(cluster.Client(t, nil, wire.Option()), etcd.WithTTL(time.Hour)))
		held, err := lockedfile.Acquire(context.Background(), path, plain)
		testkit.Must(t, err)
		if !waits {
			testkit.Must(t, held.Release())
		}
		late := 1
		wire.Decide(func(_ string, request any) Fate {
			txn, ok := request.(*pb.TxnRequest)
			if !ok || late == 0 || len(txn.Success) == 0 || txn.Success[0].GetRequestPut().GetLease() == 0 || waits != (len(txn.Success) == 1) {
				return Answered
			}
			late--
			if waits {
				go held.Release()
			}
			return Late
		})
		testkit.Must(t, f.Write("x"))
		if late != 0 {
			t.Errorf("no request was late")
		}
		wire.Deliver()
		testkit.Until(t, "the lock is free", func() bool {
			l, err := lockedfile.TryAcquire(path, plain)
			if errors.Is(err, errors.ErrLocked) {
				return false
			}
			testkit.Must(t, err)
			testkit.Must(t, l.Release())
			return true
		})
	}
}

// A waiter that gives up while its request is on its way must not leave a place in the queue that nobody takes.
func TestAWaiterThatGaveUpLeavesNothingInTheQueue(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	one := etcd.On(cluster.Client(t, nil))
	for i := range 40 {
		l, err := lockedfile.Acquire(context.Background(), "/f.txt", etcd.On(plain))
		testkit.Must(t, err)
		err = safefile.WriteFile("/f.txt", nil, one, safefile.WithTimeout(time.Duration(i)*200*time.Microsecond))
		testkit.WantIs(t, "Write", err, errors.ErrTimeout)
		testkit.Must(t, l.Release())
	}
	testkit.Until(t, "no key is left of any lock", func() bool {
		r, err := plain.Get(context.Background(), "/f.txt/", clientv3.WithPrefix(), clientv3.WithCountOnly())
		testkit.Must(t, err)
		return r.Count == 0
	})
}

func TestWhatIsTooLargeForARequestIsRefusedBeforeItIsSent(t *testing.T) {
	cluster := Start(t, 1)
	var wire Wire
	var commits atomic.Int32
	wire.Decide(func(_ string, request any) Fate {
		if commitOf("/f.txt", request) {
			commits.Add(1)
		}
		return Answered
	})
	on := etcd.On(cluster.Client(t, nil, wire.Option()))
	f := lockedfile.New[string]("/f.txt", on)
	testkit.Must(t, f.Write(strings.Repeat("x", etcd.DefaultMaxRequest-16<<10)))
	large := strings.Repeat("x", etcd.DefaultMaxRequest)
	for name, change := range map[string]func() error{
		"Write":  func() error { return f.Write(large) },
		"Append": func() error { return f.Append(large[:20<<10]) },
		"Create": func() error {
			w, err := f.Create()
			testkit.Must(t, err)
			defer w.Close()
			for range 3 {
				if _, err := w.Write([]byte(large[:len(large)/2])); err != nil {
					return errors.Join(err, errors.Join(w.Commit()))
				}
			}
			return nil
		},
	} {
		testkit.WantIs(t, name, change(), errors.ErrTooLarge)
	}
	if n := commits.Load(); n != 1 {
		t.Errorf("%d commits were sent, want 1", n)
	}
	// A limit that the servers don't have is their error.
	g := lockedfile.New[string]("/f.txt", etcd.On(cluster.Client(t, nil), etcd.WithMaxRequest(8<<20)))
	testkit.WantIs(t, "Write", g.Write(large), errors.ErrTooLarge)
}
