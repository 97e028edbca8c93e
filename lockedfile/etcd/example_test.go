package etcd_test

import (
	"context"
	"fmt"
	"log"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
	"github.com/holdfast-go/holdfast/safefile"
)

type config struct{ Port int }

// The directory example has a program that starts its own server.
func ExampleOn() {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:         []string{"10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"},
		DialKeepAliveTime: 10 * time.Second, // a dead connection is noticed
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	file := lockedfile.New[config]("/config.yaml",
		etcd.On(client, etcd.WithPrefix("/billing")), safefile.WithTimeout(5*time.Second))
	err = file.Update(func(c *config) error {
		c.Port++
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	for c, err := range lockedfile.NewContext[config]("/config.yaml", etcd.On(client, etcd.WithPrefix("/billing"))).Watch(context.Background()) {
		fmt.Println(c.Port, err)
	}
}

// The key of a file does not depend on the working directory.
func ExampleWithPrefix() {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"127.0.0.1:2379"}})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(lockedfile.New[config]("config.yaml", etcd.On(client, etcd.WithPrefix("/billing"))).Path())
	// Output: /billing/config.yaml
}
