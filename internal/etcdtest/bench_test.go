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

// BenchmarkUpdate compares Update with the same by hand, in turns on one cluster whose
// disk is the machine's. The ratio is of updates per second: above 1 Holdfast is faster.
func BenchmarkUpdate(b *testing.B) {
	for _, goroutines := range []int{1, 64} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			cluster := StartIn(b, b.TempDir(), 1)
			client := cluster.Client(b, nil)
			ours := lockedfile.New[counter]("/ours.json", etcd.On(client))
			var hands []*concurrency.Session // a mutex of a session does not keep its other users out
			for range goroutines {
				s, err := concurrency.NewSession(client)
				testkit.Must(b, err)
				defer s.Close()
				hands = append(hands, s)
			}
			var rate [2]float64
			for b.Loop() {
				rate[0] += perSecond(b, goroutines, func(int) error {
					return ours.Update(func(c *counter) error { c.N++; return nil })
				})
				rate[1] += perSecond(b, goroutines, func(i int) error {
					return byHand(context.Background(), client, hands[i], "/hand.json")
				})
			}
			b.ReportMetric(0, "ns/op") // of a turn, which means nothing
			b.ReportMetric(rate[0]/float64(b.N), "holdfast-updates/s")
			b.ReportMetric(rate[1]/float64(b.N), "by-hand-updates/s")
			b.ReportMetric(rate[0]/rate[1], "holdfast/by-hand")
		})
	}
}

func perSecond(b *testing.B, goroutines int, update func(goroutine int) error) float64 {
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range goroutines {
		all.Go(func() {
			for time.Since(began) < time.Second {
				testkit.WantNil(b, "update", update(i))
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}
