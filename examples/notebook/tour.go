package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// tour runs the server, is its own clients, and stops it.
func tour(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "notebook")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- serve(ctx, "127.0.0.1:0", dir, func(url string) { ready <- url }) }()
	select {
	case err := <-ended:
		return err
	case url := <-ready:
		err := play(ctx, &client{url: url, out: out}, filepath.Join(dir, "milk.yaml"))
		stop()
		return errors.Join(err, <-ended)
	}
}

// play lets Ada and Bob edit one note.
func play(ctx context.Context, c *client, path string) error {
	const two, three, oats = `{"title": "Milk", "text": "two bottles"}`, `{"title": "Milk", "text": "three bottles"}`, `{"title": "Milk", "text": "of oats"}`
	c.ask(ctx, "Ada makes a note", "PUT", "If-None-Match", "*", two)
	c.ask(ctx, "nobody makes it twice", "PUT", "If-None-Match", "*", three)
	first := c.ask(ctx, "Ada and Bob get it", "GET", "", "", "")
	c.ask(ctx, "Ada changes it", "PUT", "If-Match", first, three)
	c.ask(ctx, "Bob, who has not seen that, is told", "PUT", "If-Match", first, oats)
	second := c.ask(ctx, "Bob gets the new version", "GET", "", "", "")
	c.ask(ctx, "and changes that", "PUT", "If-Match", second, oats)
	c.ask(ctx, "a change without a condition is refused", "PUT", "", "", two)
	third := c.ask(ctx, "Ada gets it once more", "GET", "", "", "")
	c.ask(ctx, "and again: she has it already", "GET", "If-None-Match", third, "")

	text, err := os.ReadFile(path)
	fmt.Fprintf(c.out, "== the file on disk\n%s", text)

	c.ask(ctx, "an old version can't be removed", "DELETE", "If-Match", second, "")
	c.ask(ctx, "the current one can", "DELETE", "If-Match", third, "")
	c.ask(ctx, "it is gone", "GET", "", "", "")
	return errors.Join(c.err, err)
}

// client prints each request and its answer. After an error it asks no more.
type client struct {
	url string
	out io.Writer
	err error
}

// ask sends one request about the note, with one header. It returns the ETag of the answer.
func (c *client) ask(ctx context.Context, title, method, header, value, body string) (etag string) {
	if c.err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.url+"/notes/milk", strings.NewReader(body))
	if err != nil {
		c.err = err
		return ""
	}
	condition := ""
	if header != "" {
		request.Header.Set(header, value)
		condition = header + ": " + value
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.err = err
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	c.err = err
	etag = response.Header.Get("ETag")
	fmt.Fprintf(c.out, "== %s\n%s /notes/milk %s %s\n  %s %s %s\n", title, method, condition, body, response.Status, etag, bytes.TrimSpace(text))
	return etag
}
