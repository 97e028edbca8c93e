package plugins

import (
	"context"
	"log"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spf13/viper"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func withViper(ctx context.Context, current *atomic.Pointer[viper.Viper]) error {
	file := lockedfile.New[map[string]any]("app.yaml")
	r, err := file.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(r); err != nil {
		return err
	}
	v.SetDefault("workers", 4)

	err = file.Merge(map[string]any{"port": 9090}) // instead of WriteConfig: changes one line, writes no default
	if err != nil {
		return err
	}

	for settings, err := range file.Watch(ctx) { // instead of WatchConfig
		if err != nil {
			log.Print(err) // the program goes on with what it has
			continue
		}
		fresh := viper.New() // the old one may be read at the same time
		if err := fresh.MergeConfigMap(settings); err != nil {
			return err
		}
		current.Store(fresh)
	}
	return nil
}

func TestViperReadsEveryFormatFromAHandle(t *testing.T) {
	for name, text := range documents {
		kind := strings.TrimPrefix(filepath.Ext(name), ".")
		if kind == "jsonc" {
			continue // viper knows no comments in JSON; MergeConfigMap takes the decoded map
		}
		r, err := safefile.New[map[string]any](testkit.File(t, name, text)).Open()
		testkit.Must(t, err)
		v := viper.New()
		v.SetConfigType(kind)
		testkit.Must(t, v.ReadConfig(r))
		testkit.Must(t, r.Close())
		var got settings
		testkit.Must(t, v.Unmarshal(&got))
		wantSettings(t, name, got)
	}
}

func TestViperTakesTheMapOfAHandle(t *testing.T) {
	for name, text := range documents {
		decoded, err := safefile.New[map[string]any](testkit.File(t, name, text)).Read()
		testkit.Must(t, err)
		v := viper.New()
		testkit.Must(t, v.MergeConfigMap(decoded))
		if port, load := v.GetInt("server.port"), v.GetFloat64("SERVER.LOAD"); port != 80 || load != 1.5 {
			t.Errorf("%s: viper has %d, %v", name, port, load)
		}
		var got settings
		testkit.Must(t, v.Unmarshal(&got))
		wantSettings(t, name, got)
	}
}

func TestViperGetsNoDamagedBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.yaml")
	file := safefile.New[map[string]any](path, safefile.WithChecksum())
	testkit.Must(t, file.Write(map[string]any{"port": 80}))
	testkit.Put(t, path, "port: 81\n") // as a disk may do
	r, err := file.Open()
	testkit.Must(t, err)
	defer r.Close()
	v := viper.New()
	v.SetConfigType("yaml")
	testkit.WantIs(t, "ReadConfig", v.ReadConfig(r), errors.ErrChecksumMismatch)
}

func TestViperChangesOneLineAndWatches(t *testing.T) {
	t.Chdir(t.TempDir())
	silence(t)
	testkit.Put(t, "app.yaml", "# who may connect\nport: 8000 # behind the proxy\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var current atomic.Pointer[viper.Viper]
	ended := make(chan error, 1)
	go func() { ended <- withViper(ctx, &current) }()
	port := func(want int) func() bool {
		return func() bool { v := current.Load(); return v != nil && v.GetInt("port") == want }
	}
	testkit.Until(t, "the changed value", port(9090))
	testkit.WantContent(t, "app.yaml", "# who may connect\nport: 9090 # behind the proxy\n")
	testkit.Put(t, "app.yaml", "port: 1\n")
	testkit.Until(t, "a change by somebody else", port(1))
	cancel()
	if err := testkit.InTime(t, "the program", func() error { return <-ended }); err != nil {
		t.Error(err)
	}
}
