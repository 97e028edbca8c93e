package moving

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/viper"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func withViper() error {
	viper.SetDefault("port", 8080)
	viper.SetDefault("log.level", "info")
	viper.SetConfigFile("app.yaml")
	if err := viper.ReadInConfig(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fmt.Println("port", viper.GetInt("port"), "level", viper.GetString("log.level"))

	viper.Set("port", 9090)
	if err := viper.WriteConfig(); err != nil { // comments go, and every default is written
		return err
	}

	viper.OnConfigChange(func(fsnotify.Event) { fmt.Println("now", viper.GetInt("port")) })
	viper.WatchConfig() // until the program ends
	return nil
}

func afterViper(ctx context.Context) error {
	type Settings struct {
		Port int `yaml:"port"`
		Log  struct {
			Level string `yaml:"level"`
		} `yaml:"log"`
	}
	defaults := func() Settings {
		s := Settings{Port: 8080}
		s.Log.Level = "info"
		return s
	}
	file := lockedfile.New[Settings]("app.yaml", safefile.WithDefaults(defaults))
	settings, err := file.Read()
	if err != nil {
		return err
	}
	fmt.Println("port", settings.Port, "level", settings.Log.Level)

	err = file.Update(func(s *Settings) error { s.Port = 9090; return nil }) // changes one line
	if err != nil {
		return err
	}

	for settings, err := range file.Watch(ctx) { // until ctx ends
		if err != nil {
			log.Print(err)
			continue
		}
		fmt.Println("now", settings.Port)
	}
	return nil
}

const (
	commented = "# who may connect\nport: 8000 # behind the proxy\n"
	changed   = "# who may connect\nport: 9090 # behind the proxy\n"
)

func TestAProgramThatMovesFromViperKeepsItsFile(t *testing.T) {
	t.Chdir(t.TempDir())
	testkit.Put(t, "app.yaml", commented)
	testkit.Must(t, withViper())
	if text := testkit.Content(t, "app.yaml"); !strings.Contains(text, "level: info") || strings.Contains(text, "#") {
		t.Errorf("viper no longer writes defaults, or keeps comments; say so in the README: %q", text)
	}
	testkit.Must(t, os.Remove("app.yaml"))
	testkit.Put(t, "app.yaml", commented)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	testkit.Must(t, afterViper(ctx))
	testkit.WantContent(t, "app.yaml", changed)
}
