package etcdtest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
	"github.com/holdfast-go/holdfast/safefile"
)

// ours counts the goroutines that run code of package etcd or are in a watch of its client.
func ours() (n int) {
	buf := make([]byte, 1<<24)
	for goroutine := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(goroutine, "lockedfile/etcd.") || strings.Contains(goroutine, "clientv3.(*watchGrpcStream)") ||
			strings.Contains(goroutine, "keepAliveCtxCloser") {
			n++
		}
	}
	return n
}

func TestNoGoroutineLeaseOrKeyOutlivesItsUse(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	on := etcd.On(cluster.Client(t, nil), etcd.WithTTL(2*time.Second))
	f := lockedfile.New[string]("/f.txt", on, safefile.WithChecksum())
	ctx, cancel := context.WithCancel(context.Background())
	next := make(chan struct{})
	go func() {
		for range f.Watch(ctx) {
		}
		close(next)
	}()
	held, err := lockedfile.Acquire(ctx, "/held.txt", etcd.On(plain, etcd.WithTTL(2*time.Second)))
	testkit.Must(t, err)
	for i := range 20 {
		testkit.Must(t, f.Write(fmt.Sprint(i)))
		err := safefile.WriteFile("/held.txt", nil, on, safefile.WithTimeout(time.Duration(i)*time.Millisecond))
		testkit.WantIs(t, "a write while the lock is held", err, errors.ErrTimeout)
	}
	l, err := lockedfile.Acquire(ctx, "/g.txt", on)
	testkit.Must(t, err)
	testkit.Until(t, "the lease of a lock is renewed", func() bool { return renewals() > 0 })
	testkit.Must(t, l.Release())
	testkit.Must(t, held.Release())
	cancel()
	<-next
	testkit.Until(t, "no goroutine is left", func() bool { return ours() == 0 })
	testkit.Until(t, "no lease is left", func() bool {
		r, err := plain.Leases(context.Background())
		testkit.Must(t, err)
		return len(r.Leases) == 0
	})
	r, err := plain.Get(context.Background(), "/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	testkit.Must(t, err)
	if len(r.Kvs) != 2 { // the file and its digest
		t.Errorf("%d keys are left: %v", len(r.Kvs), r.Kvs)
	}
}

// renewals counts the goroutines that renew a lease.
func renewals() int {
	buf := make([]byte, 1<<24)
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), "etcd.(*Store).keep.func")
}

func TestAUserWithoutPermissionIsRefusedAtOnce(t *testing.T) {
	cluster := Start(t, 1)
	root := cluster.Client(t, nil)
	ctx := context.Background()
	for _, name := range []string{"root", "app"} {
		_, err := root.UserAdd(ctx, name, "secret")
		testkit.Must(t, err)
		_, err = root.RoleAdd(ctx, name)
		testkit.Must(t, err)
		_, err = root.UserGrantRole(ctx, name, name)
		testkit.Must(t, err)
	}
	_, err := root.RoleGrantPermission(ctx, "app", "/app/", clientv3.GetPrefixRangeEnd("/app/"), clientv3.PermissionType(clientv3.PermReadWrite))
	testkit.Must(t, err)
	_, err = root.AuthEnable(ctx)
	testkit.Must(t, err)
	app, err := clientv3.New(clientv3.Config{Endpoints: cluster.Endpoints(), Username: "app", Password: "secret", Logger: zap.NewNop()})
	testkit.Must(t, err)
	defer app.Close()
	on := etcd.On(app)
	f := lockedfile.New[string]("/app/f.txt", on, safefile.WithChecksum(), safefile.WithBackups(1))
	testkit.Must(t, f.Write("a"))
	testkit.Must(t, f.Update(func(v *string) error { *v += "b"; return nil }))
	began := time.Now()
	testkit.WantIs(t, "a write elsewhere", safefile.WriteFile("/other/f.txt", nil, on), rpctypes.ErrPermissionDenied)
	_, err = safefile.ReadFile("/other/f.txt", on)
	testkit.WantIs(t, "a read elsewhere", err, rpctypes.ErrPermissionDenied)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
