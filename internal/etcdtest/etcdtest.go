// Package etcdtest starts clusters of etcd in the test's own process, and tests the handles on them.
//
// It has a module of its own, so that nobody who uses package etcd pays for the server.
package etcdtest

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// Cluster is some members on this machine.
type Cluster struct {
	Members []*embed.Etcd
	configs []*embed.Config
}

// Start starts a cluster and stops it at the end of the test. Its data is in memory where the machine has such a filesystem.
func Start(t testing.TB, members int) *Cluster {
	t.Helper()
	return StartIn(t, testkit.Memory(t), members)
}

// StartIn is Start with the members' data in a directory.
func StartIn(t testing.TB, dir string, members int) *Cluster {
	t.Helper()
	c := &Cluster{Members: make([]*embed.Etcd, members)}
	all := ""
	for i := range members {
		config := configure(fmt.Sprintf("m%d", i), dir, loopback(t), loopback(t))
		all += fmt.Sprintf(",%s=%s", config.Name, config.ListenPeerUrls[0].String())
		c.configs = append(c.configs, config)
	}
	for _, config := range c.configs {
		config.InitialCluster = all[1:]
	}
	for i := range members {
		c.start(t, i)
	}
	t.Cleanup(func() {
		for _, m := range c.Members {
			if m != nil {
				m.Close()
			}
		}
	})
	for _, m := range c.Members {
		ready(t, m)
	}
	return c
}

// configure gives a member that notices the death of a leader after half a second.
func configure(name, dir string, client, peer url.URL) *embed.Config {
	config := embed.NewConfig()
	config.Name, config.Dir = name, filepath.Join(dir, name)
	config.Logger, config.ZapLoggerBuilder = "zap", embed.NewZapLoggerBuilder(zap.NewNop())
	config.TickMs, config.ElectionMs = 50, 500
	config.ListenClientUrls, config.ListenPeerUrls = []url.URL{client}, []url.URL{peer}
	config.AdvertiseClientUrls, config.AdvertisePeerUrls = config.ListenClientUrls, config.ListenPeerUrls
	return config
}

// start starts a member, and does not wait for it.
func (c *Cluster) start(t testing.TB, i int) {
	t.Helper()
	m, err := embed.StartEtcd(c.configs[i])
	testkit.Must(t, err)
	c.Members[i] = m
}

// Endpoints are the addresses of the members.
func (c *Cluster) Endpoints() (all []string) {
	for _, config := range c.configs {
		all = append(all, config.ListenClientUrls[0].Host)
	}
	return all
}

// Client is a client of all members, or of the endpoints, closed at the end of the test.
func (c *Cluster) Client(t testing.TB, endpoints []string, opts ...grpc.DialOption) *clientv3.Client {
	t.Helper()
	if endpoints == nil {
		endpoints = c.Endpoints()
	}
	client, err := Dial(endpoints, opts...)
	testkit.Must(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

// Dial makes a client that logs nothing.
func Dial(endpoints []string, opts ...grpc.DialOption) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop(), DialOptions: opts})
}

// loopback is an address where nobody listens.
func loopback(t testing.TB) url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer l.Close()
	return url.URL{Scheme: "http", Host: l.Addr().String()}
}

func ready(t testing.TB, m *embed.Etcd) {
	t.Helper()
	select {
	case <-m.Server.ReadyNotify():
	case err := <-m.Err():
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("a member is not ready after a minute")
	}
}
