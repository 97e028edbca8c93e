package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/holdfast-go/holdfast/errors"
)

//go:embed app.yaml
var sample []byte

// visits is the number of changes that each worker of the tour makes.
const visits = 25

// tour shows the manager at work on the embedded sample.
func tour(out io.Writer) error {
	dir, err := os.MkdirTemp("", "config")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m := open(filepath.Join(dir, "app.yaml"))

	for _, step := range []struct {
		title string
		do    func() error
	}{
		{"the sample", func() error { return m.file.WriteBytes(sample) }},
		{"settings are changed", func() error {
			return m.configure(func(a *app) { a.Debug, a.MaxConnections = true, 200 })
		}},
		{"a user chooses another theme, and a new one comes", func() error {
			return errors.Join(
				m.prefer("ada", func(p *preferences) { p.Theme = "light" }),
				m.prefer("edsger", func(p *preferences) { *p = preferences{Theme: "paper", Language: "nl"} }))
		}},
		{"a change that makes no sense is refused", func() error { return refused(out, m) }},
		{"a process for each user counts visits, all at once", func() error { return manyProcesses(out, m) }},
		{"settings are reset, preferences are kept", m.reset},
	} {
		fmt.Fprintf(out, "== %s\n", step.title)
		if err := step.do(); err != nil {
			return err
		}
		if err := show(out, m); err != nil {
			return err
		}
	}
	return nil
}

// show prints the file as it is.
func show(out io.Writer, m manager) error {
	text, err := m.file.ReadBytes()
	if err == nil {
		_, err = fmt.Fprintf(out, "%s\n", text)
	}
	return err
}

func refused(out io.Writer, m manager) error {
	err := m.configure(func(a *app) { a.MaxConnections = 0 })
	if err == nil {
		return errors.New("a setting without sense was written")
	}
	_, err = fmt.Fprintf(out, "refused: %v\n", err)
	return err
}

// manyProcesses starts a copy of this program for each user, and compares the counts afterwards. If one update were
// lost, the numbers would differ.
func manyProcesses(out io.Writer, m manager) error {
	before, err := m.read()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	var workers []*exec.Cmd
	for user := range before.Users {
		worker := exec.Command(program, m.file.Path(), "visit", user, strconv.Itoa(visits))
		worker.Stderr = os.Stderr
		if err = worker.Start(); err != nil {
			break
		}
		workers = append(workers, worker)
	}
	for _, worker := range workers {
		err = errors.Join(err, worker.Wait())
	}
	if err != nil {
		return err
	}
	after, err := m.read()
	if err != nil {
		return err
	}
	return count(out, before, after)
}

func count(out io.Writer, before, after config) error {
	made := visits * len(before.Users)
	kept := after.Visits - before.Visits
	fmt.Fprintf(out, "%d processes made %d visits; the total in the file is %d\n", len(before.Users), made, kept)
	if kept != made {
		return fmt.Errorf("%d visits were lost", made-kept)
	}
	for user := range before.Users {
		if n := after.Users[user].Visits - before.Users[user].Visits; n != visits {
			return fmt.Errorf("%d visits of %s were lost", visits-n, user)
		}
	}
	return nil
}

// work is the task of each process.
func work(m manager, user string, times int) error {
	for range times {
		if err := m.visit(user); err != nil {
			return err
		}
	}
	return nil
}
