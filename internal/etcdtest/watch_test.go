package etcdtest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
	"github.com/holdfast-go/holdfast/safefile"
)

// watched gives what a watch of a file of numbers yields. It fails if a number comes after a greater one.
func watched(t *testing.T, f *lockedfile.LockedFile[string]) (seen chan int, end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	seen, done := make(chan int, 1000), make(chan struct{})
	go func() {
		defer close(done)
		last := -1
		for v, err := range f.Watch(ctx) {
			if err != nil {
				t.Logf("the watch yields %v", err)
				continue
			}
			n, err := strconv.Atoi(v)
			testkit.WantNil(t, "Atoi", err)
			if n <= last {
				t.Errorf("the watch gave %d after %d", n, last)
			}
			last = n
			seen <- n
		}
	}()
	return seen, func() { cancel(); <-done }
}

// until waits until a watch has given a number.
func until(seen chan int, n int) {
	for got := range seen {
		if got == n {
			return
		}
	}
}

func TestAWatchOutlivesCutsAndCompaction(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	proxy := NewProxy(t, cluster.Endpoints()[0])
	theirs := lockedfile.New[string]("/f.txt", etcd.On(plain))
	testkit.Must(t, theirs.Write("0"))
	seen, end := watched(t, lockedfile.New[string]("/f.txt", etcd.On(cluster.Client(t, []string{proxy.Address()}))))
	defer end()
	until(seen, 0)
	for i := 1; i <= 20; i++ {
		testkit.Must(t, theirs.Write(strconv.Itoa(i)))
	}
	until(seen, 20)
	proxy.Cut()
	for i := 21; i <= 40; i++ {
		testkit.Must(t, theirs.Write(strconv.Itoa(i)))
	}
	r, err := plain.Get(context.Background(), "/f.txt")
	testkit.Must(t, err)
	_, err = plain.Compact(context.Background(), r.Header.Revision) // what the watch would go on from is gone
	testkit.Must(t, err)
	testkit.Must(t, theirs.Write("41"))
	proxy.Heal()
	until(seen, 41)
}

func TestASerializableHandleReadsAndWatchesWithoutAQuorum(t *testing.T) {
	cluster := Start(t, 3)
	one := cluster.Client(t, cluster.Endpoints()[:1])
	testkit.Must(t, safefile.WriteFile("/f.txt", []byte("7"), etcd.On(one)))
	serializable := lockedfile.New[string]("/f.txt", etcd.On(one, etcd.WithSerializable()), safefile.WithTimeout(time.Second))
	testkit.Until(t, "the member has the value", func() bool { v, err := serializable.Read(); return err == nil && v == "7" })
	for _, m := range cluster.Members[1:] {
		m.Close()
	}
	cluster.Members = cluster.Members[:1]
	testkit.Until(t, "the quorum is lost", func() bool {
		_, err := safefile.ReadFile("/f.txt", etcd.On(one), safefile.WithTimeout(200*time.Millisecond))
		return errors.Is(err, errors.ErrTimeout)
	})
	if v, err := serializable.Read(); err != nil || v != "7" {
		t.Errorf("read %q, %v", v, err)
	}
	testkit.WantIs(t, "Write", serializable.Write("8"), errors.ErrTimeout)
	seen, end := watched(t, serializable)
	until(seen, 7)
	end()
}
