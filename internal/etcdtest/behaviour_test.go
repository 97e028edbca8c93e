package etcdtest

import (
	"context"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/handletest"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
)

func TestHandlesOnEtcd(t *testing.T) {
	cluster := Start(t, 1)
	one, two := cluster.Client(t, nil), cluster.Client(t, nil)
	handletest.Run(t, func(t *testing.T) handletest.Place {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		t.Cleanup(cancel)
		return handletest.Place{
			Dir: "/" + t.Name(), Options: etcd.On(one), Another: etcd.On(two),
			Get: func(path string) (string, bool) {
				r, err := one.Get(ctx, path)
				testkit.Must(t, err)
				if len(r.Kvs) == 0 {
					return "", false
				}
				return string(r.Kvs[0].Value), true
			},
			Put: func(path, content string) {
				_, err := one.Put(ctx, path, content)
				testkit.Must(t, err)
			},
			Delete: func(path string) {
				_, err := one.Delete(ctx, path)
				testkit.Must(t, err)
			},
		}
	})
}
