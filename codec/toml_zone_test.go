package codec_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// zoned is a value with local times wherever one can lie.
type zoned struct {
	Any     any
	Map     map[string]any
	List    []any
	Array   [1]any
	Pointer *any
	Nested  struct{ Any any }
}

// TestLocalTimesAreWrittenAsTheyAreRead runs itself in zones on both sides of
// Greenwich, since the zone of a process can't be changed while it runs.
func TestLocalTimesAreWrittenAsTheyAreRead(t *testing.T) {
	if os.Getenv("HOLDFAST_ZONE") == "" {
		for _, zone := range []string{"UTC", "east", "west"} {
			cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
			cmd.Env = append(os.Environ(), "HOLDFAST_ZONE=1", "TZ="+zoneFile(t, zone))
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
				t.Errorf("in the zone %s: %v\n%s", zone, err, out)
			}
		}
		return
	}
	const text = `Any = 2024-01-01
List = [2024-07-01T10:00:00, 10:00:00]
Array = [2024-01-01]
Pointer = 00:30:00

[Map]
  at = 2024-12-31T23:59:59.5
  off = 2024-12-31T23:59:59+02:00

[Nested]
  Any = 2024-02-29
`
	v, err := loadAs[zoned](codec.TOML(), text)
	testkit.Must(t, err)
	before := v.Any.(time.Time)
	got, err := dumped(codec.TOML(), v)
	testkit.Must(t, err)
	again, err := loadAs[zoned](codec.TOML(), string(got))
	testkit.Must(t, err)
	for what, pair := range map[string][2]any{
		"any": {v.Any, again.Any}, "list": {v.List[0], again.List[0]}, "time": {v.List[1], again.List[1]},
		"array": {v.Array[0], again.Array[0]}, "pointer": {*v.Pointer, *again.Pointer},
		"map": {v.Map["at"], again.Map["at"]}, "offset": {v.Map["off"], again.Map["off"]}, "nested": {v.Nested.Any, again.Nested.Any},
	} {
		if !pair[0].(time.Time).Equal(pair[1].(time.Time)) {
			t.Errorf("%s: %v was written as %v\n%s", what, pair[0], pair[1], got)
		}
	}
	if !before.Equal(v.Any.(time.Time)) {
		t.Error("the caller's value was changed")
	}
	if !strings.Contains(string(got), "Any = 2024-01-01\n") || !strings.Contains(string(got), "23:59:59.5\n") {
		t.Errorf("got:\n%s", got)
	}
}

// zoneFile gives what TZ is set to: Go reads no POSIX rules, so a file of one offset is made.
func zoneFile(t *testing.T, zone string) string {
	offset := map[string]int32{"UTC": 0, "east": 19800, "west": -28800}[zone] // seconds east of Greenwich
	data := []byte("TZif2" + strings.Repeat("\x00", 15))
	block := func() []byte {
		var b []byte
		for _, n := range []uint32{0, 0, 0, 0, 1, 4} {
			b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		}
		b = append(b, byte(uint32(offset)>>24), byte(uint32(offset)>>16), byte(uint32(offset)>>8), byte(offset), 0, 0)
		return append(b, "ZON\x00"...)
	}
	data = append(data, block()...)
	data = append(append(data, "TZif2"+strings.Repeat("\x00", 15)...), block()...)
	data = append(data, "\n\n"...)
	path := t.TempDir() + "/zone"
	testkit.Must(t, os.WriteFile(path, data, 0o644))
	return path
}

func TestChanceNeverDecidesBetweenTwoKeysThatDifferInCase(t *testing.T) {
	type words struct {
		W struct {
			Ba string `toml:"Ba"`
		} `toml:"w"`
		Files struct{ Hidden bool }
	}
	const old = "# about words\n[w]\nBa = \"Ba\" # one\nba = \"ba\" # two\nother = 1 # three\n\n[files]\nhidden = false # h\nextra = \"keep\"\n"
	for range 60 {
		_, err := loadAs[words](codec.TOML(), old)
		if !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), `"w.Ba" and "w.ba"`) {
			t.Fatal(err)
		}
	}
	// A map has a place for each.
	got := change(t, codec.TOML(), old, func(d *document) { (*d)["files"].(document)["hidden"] = true })
	if want := strings.Replace(old, "false", "true", 1); got != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestKeysOfDifferentCaseInDifferentTablesAreFine(t *testing.T) {
	type list struct {
		Item []struct{ Name string }
		Name map[string]string
	}
	v, err := loadAs[list](codec.TOML(), "[[item]]\nname = \"a\"\n[[item]]\nNAME = \"b\"\n[name]\nName = \"x\"\nname = \"y\"\n")
	if err != nil || v.Item[0].Name+v.Item[1].Name != "ab" || v.Name["Name"]+v.Name["name"] != "xy" {
		t.Fatal(v, err)
	}
	_, err = loadAs[list](codec.TOML(), "[[item]]\nname = \"a\"\n[[item]]\nNAME = \"b\"\nname = \"c\"\n")
	if !errors.Is(err, errors.ErrDecode) {
		t.Error(err)
	}
}
