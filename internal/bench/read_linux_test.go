package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// settings is a configuration of the usual kind.
type settings struct {
	Name     string
	Version  int
	Debug    bool
	Services []service
}

type service struct {
	Host    string
	Port    int
	Weight  float64
	Enabled bool
	Tags    []string
	Limits  map[string]int
}

// fourKiB is settings whose JSON is about 4 KiB.
func fourKiB() settings {
	s := settings{Name: "edge", Version: 7}
	for i := range 15 {
		s.Services = append(s.Services, service{
			Host: fmt.Sprintf("backend-%02d.example.org", i), Port: 8000 + i, Weight: 0.25 * float64(i), Enabled: i%3 != 0,
			Tags:   []string{"blue", "eu-west", "canary"},
			Limits: map[string]int{"connections": 100 * i, "requests": 5000},
		})
	}
	return s
}

// BenchmarkReadJSON4KiB decodes a file of 4 KiB into a struct.
func BenchmarkReadJSON4KiB(b *testing.B) {
	onEachDisk(b, readJSON)
}

func readJSON(b *testing.B, root string) {
	path := filepath.Join(root, "settings.json")
	ours := safefile.New[settings](path)
	testkit.Must(b, ours.Write(fourKiB()))
	if info, err := os.Stat(path); err != nil || info.Size() < 4000 || info.Size() > 4200 {
		b.Fatalf("the file is to have about 4 KiB: %v, %v", info.Size(), err)
	}
	contest{20, nil, []contender{
		{"holdfast", func(int) error { _, err := ours.Read(); return err }},
		{"os.ReadFile+json", func(int) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			var s settings
			return json.Unmarshal(data, &s)
		}},
	}}.run(b)
}
