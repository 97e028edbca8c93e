package etcd

import (
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

// Programs outside of this repository compile against these names and signatures.
var (
	_ func(*clientv3.Client, ...Option) safefile.Option = On
	_ func(string) Option                               = WithPrefix
	_ []func(time.Duration) Option                      = []func(time.Duration) Option{WithTTL, WithRequestTimeout}
	_ func(int) Option                                  = WithMaxRequest
	_ func() Option                                     = WithSerializable
)

// nobody is a client of an address where nobody answers.
func nobody(t *testing.T) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"127.0.0.1:1"}})
	testkit.Must(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

func TestAKeyDependsOnThePathAndThePrefixOnly(t *testing.T) {
	client := nobody(t)
	for _, c := range []struct{ prefix, path, want string }{
		{"", "/app/config.yaml", "/app/config.yaml"},
		{"", "config.yaml", "/config.yaml"},
		{"", "a/../../b//./c.json", "/b/c.json"},
		{"/billing/", "config.yaml", "/billing/config.yaml"},
		{"billing", "../config.yaml", "billing/config.yaml"},
	} {
		if got := safefile.New[int](c.path, On(client, WithPrefix(c.prefix))).Path(); got != c.want {
			t.Errorf("%q under %q is %q, want %q", c.path, c.prefix, got, c.want)
		}
	}
	for _, path := range []string{"", "/", "a/", "..", "/a/.holdfast/lock/x", ".holdfast"} {
		_, err := safefile.New[int](path, On(client)).Read()
		testkit.WantIs(t, path, err, fs.ErrInvalid)
	}
}

func TestOptionsOfADiskAreAnErrorOfEveryCall(t *testing.T) {
	client := nobody(t)
	for name, opt := range map[string]safefile.Option{
		"WithMode":        safefile.WithMode(0o600),
		"WithParents":     safefile.WithParents(0o755),
		"WithSymlinks":    safefile.WithSymlinks(safefile.Follow),
		"WithLockDir":     safefile.WithLockDir(t.TempDir()),
		"WithLockSuffix":  safefile.WithLockSuffix(".l"),
		"WithoutLock":     safefile.WithoutLock(),
		"WithoutMetadata": safefile.WithoutMetadata(),
	} {
		for _, opts := range [][]safefile.Option{{opt, On(client)}, {On(client), opt}} {
			f := safefile.New[string]("/f.txt", opts...)
			_, err := f.Read()
			for call, err := range map[string]error{"Read": err, "Write": f.Write(""), "Move": safefile.Move("/f", "/g", opts...)} {
				testkit.WantIs(t, call+" with "+name, err, fs.ErrInvalid)
				if !strings.Contains(err.Error(), name+":") {
					t.Errorf("%s does not name %s: %v", call, name, err)
				}
			}
		}
	}
}

func TestBadOptionsAreAnErrorOfEveryCall(t *testing.T) {
	client := nobody(t)
	for name, opt := range map[string]Option{
		"WithTTL": WithTTL(0), "WithRequestTimeout": WithRequestTimeout(-1), "WithMaxRequest": WithMaxRequest(100),
	} {
		_, err := lockedfile.Inspect("/f.txt", On(client, opt))
		testkit.WantIs(t, name, err, fs.ErrInvalid)
		if !strings.Contains(err.Error(), "etcd."+name) {
			t.Errorf("it does not name %s: %v", name, err)
		}
	}
	for want, call := range map[string]func(){
		"etcd.On: nil client": func() { On(nil) },
		"etcd.On: nil option": func() { On(client, nil) },
	} {
		if got := testkit.Panic(call); got != want {
			t.Errorf("%v, want %q", got, want)
		}
	}
}

func TestGuaranteeInspectReportsOnTheCluster(t *testing.T) {
	on := On(nobody(t))
	report, err := guarantee.Inspect("/no/such/directory/f.txt", guarantee.HandleOptions(on))
	testkit.Must(t, err)
	if report.Class != "cluster" || report.Filesystem != "etcd" || len(report.Notes) != 4 {
		t.Errorf("%+v", report)
	}
	for g, level := range report.Guarantees {
		if level != guarantee.Guaranteed {
			t.Errorf("%s is %s", g, level)
		}
	}
	_, err = guarantee.Inspect("/f.txt", guarantee.HandleOptions(on, safefile.WithoutLock()))
	testkit.WantIs(t, "with an option of a disk", err, fs.ErrInvalid)
}

func TestNoAnswerIsATimeoutInTime(t *testing.T) {
	f := lockedfile.New[string]("/f.txt", On(nobody(t)), safefile.WithTimeout(50*time.Millisecond))
	_, err := f.Read()
	for call, err := range map[string]error{
		"Read": err, "Write": f.Write(""), "Remove": f.Remove(),
		"Update": f.Update(func(*string) error { panic("it ran") }),
	} {
		testkit.WantIs(t, call, err, errors.ErrTimeout)
		if !strings.Contains(err.Error(), "gave no answer") {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestAClosedClientIsAnErrorAtOnce(t *testing.T) {
	client := nobody(t)
	testkit.Must(t, client.Close())
	f := lockedfile.New[string]("/f.txt", On(client))
	_, err := f.Read()
	testkit.WantIs(t, "Read", err, fs.ErrClosed)
	testkit.WantIs(t, "Write", f.Write(""), fs.ErrClosed)
}

func TestOneClientHasOneEngineAsLongAsAHandleUsesIt(t *testing.T) {
	client, other := nobody(t), nobody(t)
	s := settings{ttl: time.Second}
	one := engineOf(client, s)
	if engineOf(client, s) != one {
		t.Error("two calls for one client gave two engines")
	}
	for what, e := range map[string]any{"another client": engineOf(other, s), "other options": engineOf(client, settings{ttl: time.Minute})} {
		if e == any(one) {
			t.Errorf("%s has the same engine", what)
		}
	}
	runtime.KeepAlive(one)
	one = nil
	testkit.Until(t, "nothing is kept of engines that nobody uses", func() bool {
		runtime.GC()
		engines.Lock()
		defer engines.Unlock()
		for key := range engines.of {
			if c := key.client.Value(); c == client || c == other {
				return false
			}
		}
		return true
	})
}
