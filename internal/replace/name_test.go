package replace

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestATempsNameParsesBackToItsOwnerAndIsNeverTheSameTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, owner := range []Owner{NoOwner, OwnerOf("a", ""), OwnerOf(strings.Repeat("n", 300), "{1 2}")} {
		for range 100 {
			name := NewName(owner)
			if got, ok := ParseName(name); !ok || got != owner {
				t.Fatalf("%s parses to %q, %v", name, got, ok)
			}
			if seen[name] || len(name) > 80 || filepath.Base(name) != name || !strings.HasPrefix(name, ".") {
				t.Fatalf("%s is no good name", name)
			}
			seen[name] = true
		}
	}
}

func TestOwnersDifferByTargetAndByLock(t *testing.T) {
	all := map[Owner]string{}
	for _, c := range [][2]string{{"a", ""}, {"a.b", ""}, {"a.json", ""}, {"b", "a"}, {"", "a"}, {"a", "{1 2}"}} {
		owner := OwnerOf(c[0], c[1])
		if other, taken := all[owner]; taken {
			t.Errorf("%q has the owner of %s", c, other)
		}
		all[owner] = c[0]
	}
}

func TestOtherNamesAreNoTemps(t *testing.T) {
	good := NewName(OwnerOf("a", ""))
	for _, name := range []string{"", ".", "a", ".holdfast-", ".holdfast-.tmp", ".holdfast--.tmp", good[1:], good + "x", "x" + good,
		strings.TrimSuffix(good, ".tmp"), strings.ToUpper(good), good[:len(good)-5] + ".tmp", strings.Replace(good, "-", "_", 2),
		".holdfast-nolock-.tmp", ".holdfast-nobody-0123456789abcdef.tmp", ".holdfast-nolock-0123456789ABCDEF.tmp"} {
		if owner, ok := ParseName(name); ok {
			t.Errorf("%q is taken for a temp of %q", name, owner)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add(NewName(NoOwner))
	f.Add(NewName(OwnerOf("a", "")))
	f.Add(".holdfast-nolock-0123456789abcdef.tmp")
	f.Add(".holdfast--.tmp")
	f.Fuzz(func(t *testing.T, name string) {
		owner, ok := ParseName(name)
		if !ok {
			if owner != "" {
				t.Errorf("%q is no temp and has the owner %q", name, owner)
			}
			return
		}
		// A sweep removes what parses, so only what newName could have made may.
		made := NewName(owner)
		at := len(namePrefix) + len(owner) + 1
		if len(made) != len(name) || made[:at] != name[:at] || !isHex(name[at:len(name)-len(nameSuffix)], randBytes) {
			t.Errorf("%q is taken for a temp like %q", name, made)
		}
	})
}

func FuzzParseJournal(f *testing.F) {
	f.Add(JournalName(OwnerOf("a", ""), NewID())+JournalSuffix, JournalSuffix)
	f.Add(JournalName(NoOwner, "0123456789abcdef")+DraftSuffix, DraftSuffix)
	f.Add("./../"+JournalName(NoOwner, "0123456789abcdef")+RemovedSuffix, RemovedSuffix)
	f.Fuzz(func(t *testing.T, name, suffix string) {
		// A recovery follows or removes a file with a name of this form, so no other name may be taken for one.
		if id, ok := ParseJournal(name, suffix); ok && (!isHex(id, randBytes) || strings.ContainsAny(strings.TrimSuffix(name, suffix), "/\x00")) {
			t.Errorf("%q is taken for a name with the id %q", name, id)
		}
		if owner, ok := ParseLeftover(name); ok && (!strings.HasPrefix(name, namePrefix+string(owner)+"-") || strings.Contains(name, "/")) {
			t.Errorf("%q is taken for a leftover of %q", name, owner)
		}
	})
}
