package codec_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"gopkg.in/yaml.v3"
)

// keysSeen is told its node.
type keysSeen int

func (k *keysSeen) UnmarshalYAML(n *yaml.Node) error {
	*k = keysSeen(len(n.Content) / 2)
	return nil
}

// However a large mapping is decoded, who looks at its node sees it whole, and of
// keys that are read into one the last wins.
func TestALargeMappingIsShownWhole(t *testing.T) {
	const keys = 4000
	var text strings.Builder
	text.WriteString("all:\n")
	for i := range keys {
		fmt.Fprintf(&text, "  k%d: %d\n", i, i)
	}
	own, err := loadAs[map[string]keysSeen](codec.YAML(), text.String())
	if err != nil || own["all"] != keys {
		t.Errorf("a method saw %d keys, %v", own["all"], err)
	}
	node, err := loadAs[struct{ All yaml.Node }](codec.YAML(), text.String())
	if err != nil || len(node.All.Content) != 2*keys {
		t.Errorf("a node holds %d keys, %v", len(node.All.Content)/2, err)
	}
	plain, err := loadAs[struct{ All map[string]int }](codec.YAML(), text.String())
	if err != nil || len(plain.All) != keys || plain.All["k77"] != 77 {
		t.Errorf("a map holds %d keys, %v", len(plain.All), err)
	}
	text.Reset()
	for i := range keys {
		fmt.Fprintf(&text, "\"2001:db8::%x\": first\n\"2001:0db8:0:0:0:0:0:%x\": last\n", i+16, i+16)
	}
	addresses, err := loadAs[map[netip.Addr]string](codec.YAML(), text.String())
	if err != nil || len(addresses) != keys {
		t.Fatalf("%d addresses, %v", len(addresses), err)
	}
	for a, v := range addresses {
		if v != "last" {
			t.Fatalf("%v: %s", a, v)
		}
	}
}
