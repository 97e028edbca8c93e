package main

import (
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// config is the content of the file.
type config struct {
	App    app                    `yaml:"app"`
	Visits int                    `yaml:"visits"`
	Users  map[string]preferences `yaml:"users"`
}

type app struct {
	Name           string `yaml:"name"`
	Version        string `yaml:"version"`
	Debug          bool   `yaml:"debug"`
	MaxConnections int    `yaml:"max_connections"`
}

type preferences struct {
	Theme    string `yaml:"theme"`
	Language string `yaml:"language"`
	Visits   int    `yaml:"visits"`
}

// defaults hold where the file says nothing, or is missing. A write puts none of them into an existing file.
func defaults() config {
	return config{App: app{Name: "shop", Version: "1.4.0", MaxConnections: 100}}
}

// patience is the longest wait for other writers.
const patience = 10 * time.Second

// manager gives the application access to its file. Each change is one Update: it takes the lock, which excludes the
// writers of all processes, reads the file, writes it and releases the lock. Without the lock, a change that
// another process makes between the read and the write would be lost.
type manager struct {
	file *lockedfile.LockedFile[config]
}

func open(path string) manager {
	return manager{lockedfile.New[config](path, safefile.WithTimeout(patience), safefile.WithDefaults(defaults))}
}

// read reads the file. It does not wait for writers.
func (m manager) read() (config, error) { return m.file.Read() }

// configure changes settings. If the new settings are not valid, nothing is written.
func (m manager) configure(change func(*app)) error {
	return m.file.Update(func(c *config) error {
		change(&c.App)
		if c.App.MaxConnections < 1 {
			return errors.New("max_connections must be at least 1")
		}
		return nil
	})
}

// prefer changes the preferences of one user, who need not have any yet.
func (m manager) prefer(user string, change func(*preferences)) error {
	return m.file.Update(func(c *config) error {
		c.prefer(user, change)
		return nil
	})
}

func (c *config) prefer(user string, change func(*preferences)) {
	p := c.Users[user]
	change(&p)
	if c.Users == nil {
		c.Users = map[string]preferences{}
	}
	c.Users[user] = p
}

// visit counts a visit for the user and for the shop. Both counts change, or none.
func (m manager) visit(user string) error {
	return m.file.Update(func(c *config) error {
		c.Visits++
		c.prefer(user, func(p *preferences) { p.Visits++ })
		return nil
	})
}

// reset makes the settings the defaults. Users keep what they have chosen.
func (m manager) reset() error {
	return m.configure(func(a *app) { *a = defaults().App })
}
