package etcdtest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
)

type counter struct{ N int }

// byHand updates a counter with a mutex of etcd, a Get and a Put, as its documentation shows.
func byHand(ctx context.Context, client *clientv3.Client, session *concurrency.Session, key string) error {
	m := concurrency.NewMutex(session, key+"/lock")
	if err := m.Lock(ctx); err != nil {
		return err
	}
	defer m.Unlock(ctx)
	r, err := client.Get(ctx, key)
	if err != nil {
		return err
	}
	var c counter
	if len(r.Kvs) > 0 {
		if err := json.Unmarshal(r.Kvs[0].Value, &c); err != nil {
			return err
		}
	}
	c.N++
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = client.Put(ctx, key, string(data))
	return err
}

// rates measures Update and the same by hand in turns on one cluster whose disk is the machine's, in updates per second.
func rates(t testing.TB, goroutines, turns int) (ours, hand float64) {
	cluster := StartIn(t, t.TempDir(), 1)
	client := cluster.Client(t, nil)
	f := lockedfile.New[counter]("/ours.json", etcd.On(client))
	var sessions []*concurrency.Session // a mutex of a session does not keep its other users out
	for range goroutines {
		s, err := concurrency.NewSession(client)
		testkit.Must(t, err)
		defer s.Close()
		sessions = append(sessions, s)
	}
	for range turns {
		ours += perSecond(t, goroutines, func(int) error {
			return f.Update(func(c *counter) error { c.N++; return nil })
		})
		hand += perSecond(t, goroutines, func(i int) error {
			return byHand(context.Background(), client, sessions[i], "/hand.json")
		})
	}
	return ours / float64(turns), hand / float64(turns)
}

// BenchmarkUpdate compares Update with the same by hand. A ratio above 1 means that Holdfast is faster.
func BenchmarkUpdate(b *testing.B) {
	for _, goroutines := range []int{1, 64} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			ours, hand := rates(b, goroutines, b.N)
			b.ReportMetric(0, "ns/op") // of a turn, which means nothing
			b.ReportMetric(ours, "holdfast-updates/s")
			b.ReportMetric(hand, "by-hand-updates/s")
			b.ReportMetric(ours/hand, "holdfast/by-hand")
		})
	}
}

// The usual ratio is 70 to 130, so a busy machine does not fail the test.
func TestManyCallersShareCommits(t *testing.T) {
	ours, hand := rates(t, 64, 1)
	t.Logf("64 goroutines: %.0f updates per second, %.0f by hand, ratio %.1f", ours, hand, ours/hand)
	if ours < 20*hand {
		t.Error("the ratio is below 20")
	}
}

// By hand it takes four requests: lock, get, put and unlock.
func TestALoneUpdateTakesThreeRequests(t *testing.T) {
	var wire Wire
	requests := 0
	f := lockedfile.New[counter]("/f.json", etcd.On(Start(t, 1).Client(t, nil, wire.Option())))
	update := func() { testkit.Must(t, f.Update(func(c *counter) error { c.N++; return nil })) }
	update() // it has a lease granted
	wire.Decide(func(string, any) Fate { requests++; return Answered })
	update()
	if requests != 3 {
		t.Errorf("an update took %d requests", requests)
	}
}

func perSecond(t testing.TB, goroutines int, update func(goroutine int) error) float64 {
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range goroutines {
		all.Go(func() {
			for time.Since(began) < time.Second {
				testkit.WantNil(t, "update", update(i))
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}
