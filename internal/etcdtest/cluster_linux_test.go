package etcdtest

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Roles{"member": member, "hold": hold, "work": work})
}

// hold is the role of a process that is stopped while its function runs.
func hold(args []string) {
	client, err := Dial(strings.Split(args[0], ","))
	testkit.Check(err)
	f := lockedfile.New[string](args[1], etcd.On(client, etcd.WithTTL(time.Second)))
	told := testkit.Told()
	err = f.Locked(func(tx *lockedfile.Tx[string]) error {
		if _, err := tx.ReadOr(""); err != nil {
			return err
		}
		testkit.Say("held")
		<-told
		return tx.Write("by the holder")
	})
	switch {
	case err == nil:
		testkit.Say("written")
	case errors.Is(err, errors.ErrLockLost):
		testkit.Say("lost")
	default:
		testkit.Say("error", err.Error())
	}
}

func TestAHolderThatWasStoppedPastItsLeaseHasWrittenNothing(t *testing.T) {
	cluster := Start(t, 1)
	on := etcd.On(cluster.Client(t, nil))
	for _, stopped := range []bool{false, true} {
		path := "/" + strconv.FormatBool(stopped) + ".txt"
		p := testkit.Start(t, testkit.Self(t, "hold", strings.Join(cluster.Endpoints(), ","), path))
		p.Expect("held")
		if !stopped {
			// A holder that works for longer than its TTL keeps its lock.
			err := safefile.WriteFile(path, []byte("by another"), on, safefile.WithTimeout(2500*time.Millisecond))
			testkit.WantIs(t, "a write while the lock is held", err, errors.ErrTimeout)
			p.Tell()
			p.Expect("written")
			continue
		}
		stop(t, p.Cmd.Process)
		testkit.Must(t, safefile.WriteFile(path, []byte("by another"), on)) // it waits for the end of the lease
		testkit.Must(t, p.Cmd.Process.Signal(syscall.SIGCONT))
		p.Tell()
		p.Expect("lost")
		if data, err := safefile.ReadFile(path, on); err != nil || string(data) != "by another" {
			t.Errorf("the file holds %q, %v", data, err)
		}
	}
}

func TestWithoutAQuorumCallsEndInTimeAndNothingIsWritten(t *testing.T) {
	cluster := StartProcesses(t, "")
	client, err := Dial(cluster.Endpoints)
	testkit.Must(t, err)
	defer client.Close()
	on := etcd.On(client, etcd.WithTTL(time.Second))
	f := lockedfile.New[string]("/f.txt", on, safefile.WithTimeout(time.Second))
	testkit.Must(t, f.Write("old"))
	leader := cluster.Leader()
	cluster.Stop(leader)
	cluster.Stop((leader + 1) % 3)
	began := time.Now()
	_, err = f.Read()
	for name, err := range map[string]error{
		"Read": err, "Write": f.Write("new"), "Append": f.Append("new"), "Remove": f.Remove(),
		"Update": f.Update(func(v *string) error { *v = "new"; return nil }),
	} {
		testkit.WantIs(t, name, err, errors.ErrTimeout)
		if errors.Is(err, errors.ErrNotDurable) {
			t.Errorf("%s: nobody knows whether it was made: %v", name, err)
		}
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("five calls with a timeout of 1 s took %v", took)
	}
	cluster.Resume(leader)
	cluster.Resume((leader + 1) % 3)
	cluster.WaitReady()
	if data, err := safefile.ReadFile("/f.txt", on); err != nil || string(data) != "old" {
		t.Errorf("the file holds %q, %v", data, err)
	}
	testkit.Must(t, safefile.WriteFile("/f.txt", []byte("new"), on))
}

func TestAWatchAndAWaiterOutliveTheLeader(t *testing.T) {
	for _, program := range []string{"", testkit.NeedProgram(t, "etcd")} {
		cluster := StartProcesses(t, program)
		one, err := Dial(cluster.Endpoints)
		testkit.Must(t, err)
		defer one.Close()
		two, err := Dial(cluster.Endpoints)
		testkit.Must(t, err)
		defer two.Close()
		f, g := lockedfile.New[string]("/f.txt", etcd.On(one)), lockedfile.New[string]("/f.txt", etcd.On(two))
		testkit.Must(t, f.Write("first"))
		ctx, cancel := context.WithCancel(context.Background())
		seen := make(chan string, 100)
		var watcher sync.WaitGroup
		watcher.Go(func() {
			for v, err := range g.Watch(ctx) {
				if err == nil {
					seen <- v
				}
			}
		})
		if v := <-seen; v != "first" {
			t.Errorf("the watch began with %q", v)
		}
		l, err := lockedfile.Acquire(ctx, "/f.txt", etcd.On(one))
		testkit.Must(t, err)
		waiter := make(chan error)
		go func() { waiter <- g.Write("last") }()
		leader := cluster.Leader()
		cluster.Kill(leader)
		cluster.Start(leader)
		testkit.Must(t, l.Release())
		testkit.Must(t, <-waiter)
		for v := range seen {
			if v == "last" {
				break
			}
		}
		cancel()
		watcher.Wait()
	}
}
