// Example counts in three programs at once, on one file that lies in a cluster of etcd. It starts a server of its own in a temporary
// directory, so that nothing need be installed:
//
//	go run .
package main

import (
	"fmt"
	"log"
	"net/url"
	"os"
	"os/exec"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
)

const (
	programs = 3
	requests = 50 // of each program
)

func main() {
	log.SetFlags(0)
	err := run
	if len(os.Args) == 3 {
		err = func() error { return count(os.Args[1], os.Args[2]) }
	}
	if err := err(); err != nil {
		log.Fatal(err)
	}
}

// run starts the server and the programs, and prints what they have counted.
func run() error {
	endpoint, stop, err := serve()
	if err != nil {
		return err
	}
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var running []*exec.Cmd
	for i := range programs {
		program := exec.Command(self, endpoint, fmt.Sprintf("program-%d", i+1))
		program.Stdout, program.Stderr = os.Stdout, os.Stderr
		if err := program.Start(); err != nil {
			return err
		}
		running = append(running, program)
	}
	for _, program := range running {
		if err := program.Wait(); err != nil {
			return err
		}
	}
	client, err := connect(endpoint)
	if err != nil {
		return err
	}
	defer client.Close()
	stats := lockedfile.New[map[string]int]("/example/stats.yaml", etcd.On(client))
	counts, err := stats.Read()
	if err != nil {
		return err
	}
	fmt.Printf("%d programs have counted %d requests\n", programs, counts["requests"])
	return nil
}

// count is one of the programs.
func count(endpoint, name string) error {
	client, err := connect(endpoint)
	if err != nil {
		return err
	}
	defer client.Close()
	stats := lockedfile.New[map[string]int]("/example/stats.yaml", etcd.On(client)) // on a local disk: without etcd.On
	for range requests {
		err := stats.Update(func(v *map[string]int) error {
			(*v)["requests"]++
			(*v)[name]++
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func connect(endpoint string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialKeepAliveTime: 10 * time.Second})
}

// serve starts a server on a free port of this machine. stop ends it and removes its data.
func serve() (endpoint string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "holdfast-etcd-")
	if err != nil {
		return "", nil, err
	}
	config := embed.NewConfig()
	config.Dir, config.LogLevel = dir, "fatal"
	anyPort := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config.ListenClientUrls, config.ListenPeerUrls = []url.URL{anyPort}, []url.URL{anyPort}
	server, err := embed.StartEtcd(config)
	if err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	stop = func() {
		server.Close()
		os.RemoveAll(dir)
	}
	select {
	case <-server.Server.ReadyNotify():
		return server.Clients[0].Addr().String(), stop, nil
	case <-time.After(time.Minute):
		stop()
		return "", nil, fmt.Errorf("the server was not ready within a minute")
	}
}
