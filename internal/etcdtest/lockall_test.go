package etcdtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
	"github.com/holdfast-go/holdfast/safefile"
)

// several are the paths of n files below a directory.
func several(dir string, n int) (paths []string) {
	for i := range n {
		paths = append(paths, fmt.Sprintf("/%s/%02d.txt", dir, i))
	}
	return paths
}

// appendAll appends to several files in one LockAll.
func appendAll(paths []string, on safefile.Option, inside func(), opts ...safefile.Option) error {
	return lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
		for _, path := range paths {
			if err := lockedfile.NewContext[string](path, append(opts, on)...).Append(ctx, "+"); err != nil {
				return err
			}
		}
		inside()
		return nil
	}, on)
}

func nothing() {}

func TestLockAllIsOneTransaction(t *testing.T) {
	cluster := Start(t, 1)
	plain := cluster.Client(t, nil)
	for name, fates := range map[string][]Fate{
		"answered": nil, "the answer is lost": {AnswerLost}, "the request is lost": {Lost}, "the request is late": {Late},
	} {
		var wire Wire
		on := etcd.On(cluster.Client(t, nil, wire.Option()))
		paths := several(name, 5)
		testkit.Must(t, appendAll(paths[:3], on, nothing))
		wire.Decide(first(paths[0], fates...))
		testkit.WantNil(t, name, appendAll(paths, on, nothing, safefile.WithChecksum(), safefile.WithBackups(1)))
		for _, err := range wire.Deliver() {
			testkit.WantNil(t, "a late request", err)
		}
		revision := int64(0)
		for i, path := range paths {
			r, err := plain.Get(context.Background(), path)
			testkit.Must(t, err)
			want := "++"
			if i >= 3 {
				want = "+"
			}
			if len(r.Kvs) == 0 || string(r.Kvs[0].Value) != want {
				t.Fatalf("%s: %s is %v", name, path, r.Kvs)
			}
			if revision != 0 && r.Kvs[0].ModRevision != revision {
				t.Errorf("%s: %s was changed at revision %d, the file before it at %d", name, path, r.Kvs[0].ModRevision, revision)
			}
			revision = r.Kvs[0].ModRevision
			testkit.WantNil(t, "Verify", safefile.New[string](path, on, safefile.WithChecksum()).Verify())
		}
	}
}

func TestAnAppendInLockAllGoesToTheEndOfWhatSomebodyElseHasWritten(t *testing.T) {
	cluster := Start(t, 1)
	client := cluster.Client(t, nil)
	on := etcd.On(client)
	paths := several("f", 3)
	testkit.Must(t, appendAll(paths, on, nothing))
	testkit.Must(t, appendAll(paths, on, func() {
		_, err := client.Put(context.Background(), paths[1], "theirs,")
		testkit.Must(t, err)
	}))
	for i, want := range []string{"++", "theirs,+", "++"} {
		if got, _ := state(t, client, paths[i]); got != want {
			t.Errorf("%s holds %q, want %q", paths[i], got, want)
		}
	}
}

func TestLockAllOfMoreThanATransactionHoldsIsRefusedWhole(t *testing.T) {
	cluster := Start(t, 1)
	client := cluster.Client(t, nil)
	on := etcd.On(client)
	testkit.Must(t, appendAll(several("few", 40), on, nothing))
	many := several("many", 140)
	testkit.WantIs(t, "LockAll", appendAll(many, on, nothing), errors.ErrTooLarge)
	for _, path := range many {
		if got, _ := state(t, client, path); got != testkit.Missing {
			t.Errorf("%s holds %q", path, got)
		}
	}
	large := several("large", 3)
	err := lockedfile.LockAll(context.Background(), large, func(ctx context.Context) error {
		for _, path := range large {
			if err := lockedfile.NewContext[string](path, on).WriteBytes(ctx, make([]byte, 1<<20)); err != nil {
				return err
			}
		}
		return nil
	}, on)
	testkit.WantIs(t, "LockAll", err, errors.ErrTooLarge)
	for _, path := range large {
		if got, _ := state(t, client, path); got != testkit.Missing {
			t.Errorf("%s holds %d bytes", path, len(got))
		}
	}
}
