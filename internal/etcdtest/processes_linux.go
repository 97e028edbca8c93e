package etcdtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// Processes is a cluster whose members are processes, which can be killed and stopped.
type Processes struct {
	t         testing.TB
	Endpoints []string
	commands  [][]string // of the program of other members; nil for the test binary's own
	arguments [][]string // of the role "member"
	members   []*testkit.Process
	client    *clientv3.Client
}

// member is the role of a member: it gets its name, its directory, its two addresses and the list of all members.
func member(args []string) {
	client, peer := url.URL{Scheme: "http", Host: args[2]}, url.URL{Scheme: "http", Host: args[3]}
	config := configure(args[0], args[1], client, peer)
	config.InitialCluster = args[4]
	m, err := embed.StartEtcd(config)
	testkit.Check(err)
	<-testkit.Told() // the test is gone
	m.Close()
}

// StartProcesses starts three members, of this test's binary or, if it is not empty, of a program of etcd.
func StartProcesses(t testing.TB, program string) *Processes {
	t.Helper()
	c := &Processes{t: t, members: make([]*testkit.Process, 3)}
	dir := testkit.Memory(t)
	var peers, all []string
	for i := range c.members {
		c.Endpoints = append(c.Endpoints, loopback(t).Host)
		peers = append(peers, loopback(t).Host)
		all = append(all, fmt.Sprintf("m%d=http://%s", i, peers[i]))
	}
	for i := range c.members {
		name, initial := fmt.Sprintf("m%d", i), strings.Join(all, ",")
		c.arguments = append(c.arguments, []string{name, dir, c.Endpoints[i], peers[i], initial})
		if program != "" {
			c.commands = append(c.commands, []string{
				program, "--name", name, "--data-dir", dir + "/" + name, "--log-level", "fatal",
				"--listen-client-urls", "http://" + c.Endpoints[i], "--advertise-client-urls", "http://" + c.Endpoints[i],
				"--listen-peer-urls", "http://" + peers[i], "--initial-advertise-peer-urls", "http://" + peers[i],
				"--initial-cluster", initial, "--heartbeat-interval", "50", "--election-timeout", "500",
			})
		}
		c.Start(i)
	}
	client, err := Dial(c.Endpoints)
	testkit.Must(t, err)
	t.Cleanup(func() { client.Close() })
	c.client = client
	c.WaitReady()
	return c
}

// Start starts a member that does not run.
func (c *Processes) Start(i int) {
	cmd := testkit.Self(c.t, "member", c.arguments[i]...)
	if c.commands != nil {
		cmd = exec.Command(c.commands[i][0], c.commands[i][1:]...)
	}
	c.members[i] = testkit.Start(c.t, cmd)
}

// Kill ends a member as a crash does.
func (c *Processes) Kill(i int) { c.members[i].Kill() }

// Stop has a member do nothing, with its connections open, until Resume.
func (c *Processes) Stop(i int) { stop(c.t, c.members[i].Cmd.Process) }

// stop sends SIGSTOP and waits until it has taken effect.
func stop(t testing.TB, p *os.Process) {
	t.Helper()
	testkit.Must(t, p.Signal(syscall.SIGSTOP))
	testkit.Until(t, "the process is stopped", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
		testkit.Must(t, err)
		_, state, _ := strings.Cut(string(stat), ") ")
		return strings.HasPrefix(state, "T")
	})
}

// Resume lets a stopped member go on.
func (c *Processes) Resume(i int) {
	testkit.Must(c.t, c.members[i].Cmd.Process.Signal(syscall.SIGCONT))
}

// WaitReady waits until all members answer and know a leader.
func (c *Processes) WaitReady() {
	for i := range c.members {
		testkit.Until(c.t, "a member is ready", func() bool { return c.status(i) != nil && c.status(i).Leader != 0 })
	}
}

func (c *Processes) status(i int) *clientv3.StatusResponse {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s, err := c.client.Status(ctx, c.Endpoints[i])
	if err != nil {
		return nil
	}
	return s
}

// Leader is the member that leads, as far as one can be asked.
func (c *Processes) Leader() int {
	for i := range c.members {
		if s := c.status(i); s != nil && s.Leader == s.Header.MemberId {
			return i
		}
	}
	return 0
}
