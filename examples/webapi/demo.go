package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// samples are the uploads of the demo. The sum of the last one is infinite.
var samples = []string{
	`{"name": "dataset1", "values": [1, 2, 3, 4, 5], "metadata": {"source": "test"}}`,
	`{"name": "dataset2", "values": [10, 20, 30], "metrics": {"accuracy": 0.95}}`,
	`{"name": "dataset3", "data": {"x": [1, 2, 3], "y": [4, 5, 6]}, "config": {"normalize": true}}`,
	`[1e308, 1e308]`,
}

// demo runs the service, is its own client, and stops it.
func demo(ctx context.Context, slow time.Duration, out io.Writer) error {
	dir, err := os.MkdirTemp("", "webapi")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready := make(chan string, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, options{addr: "127.0.0.1:0", dir: dir, slow: slow}, func(url string) { ready <- url })
	}()
	select {
	case err := <-ended:
		return err
	case url := <-ready:
		fmt.Fprintf(out, "listening on %s\n", url)
		err := (&client{url, out}).play(ctx)
		stop()
		return errors.Join(err, <-ended)
	}
}

// client prints each request and its answer.
type client struct {
	url string
	out io.Writer
}

func (c *client) play(ctx context.Context) error {
	if _, err := c.ask(ctx, "GET", "/health", ""); err != nil {
		return err
	}
	var ids []string
	for i, sample := range samples {
		answer, err := c.ask(ctx, "POST", fmt.Sprintf("/analyze?name=sample%d", i+1), sample)
		if err != nil {
			return err
		}
		var a accepted
		if err := json.Unmarshal(answer, &a); err != nil {
			return err
		}
		ids = append(ids, a.ID)
	}
	for _, id := range ids {
		if err := c.follow(ctx, id); err != nil {
			return err
		}
	}
	for _, wrong := range []struct{ method, path, body string }{
		{"POST", "/analyze", `{"cut off": `}, {"GET", "/status/nobody", ""},
	} {
		if _, err := c.ask(ctx, wrong.method, wrong.path, wrong.body); err != nil {
			return err
		}
	}
	_, err := c.ask(ctx, "GET", "/analytics", "")
	return err
}

// follow asks for a task until it has ended, and prints the last answer.
func (c *client) follow(ctx context.Context, id string) error {
	for {
		code, answer, err := fetch(ctx, "GET", c.url+"/status/"+id, "")
		if err != nil {
			return err
		}
		var t task
		if err := json.Unmarshal(answer, &t); err != nil {
			return err
		}
		if t.Status == completed || t.Status == failed {
			return c.show("GET", "/status/"+id, "", code, answer)
		}
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

func (c *client) ask(ctx context.Context, method, path, body string) ([]byte, error) {
	code, answer, err := fetch(ctx, method, c.url+path, body)
	if err != nil {
		return nil, err
	}
	return answer, c.show(method, path, body, code, answer)
}

func (c *client) show(method, path, body string, code int, answer []byte) error {
	_, err := fmt.Fprintf(c.out, "%s %s %s\n  %d %s\n", method, path, body, code, bytes.TrimSpace(answer))
	return err
}

// fetch is one request with its answer.
func fetch(ctx context.Context, method, url, body string) (code int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}
