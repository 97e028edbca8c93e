package vfs

import "testing"

func TestAllSpellingsFoldToOne(t *testing.T) {
	for _, names := range [][]string{{"Config.JSON", "config.json", "CONFIG.json"}, {"ÉTÉ.txt", "été.txt", "Été.TXT"}, {"ΣΑΣ", "σας", "σασ"}} {
		for _, name := range names {
			if Fold(name) != Fold(names[0]) || Fold(Fold(name)) != Fold(name) {
				t.Errorf("%s folds to %s, %s to %s", name, Fold(name), names[0], Fold(names[0]))
			}
		}
	}
	if got := FoldASCII("ÉA\xffZ[@"); got != "Éa\xffz[@" {
		t.Errorf("%q", got)
	}
	if got := OtherCase("ÉA\xffz[@1"); got != "Éa\xffZ[@1" {
		t.Errorf("%q", got)
	}
}
