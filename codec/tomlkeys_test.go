package codec_test

import (
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
)

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
