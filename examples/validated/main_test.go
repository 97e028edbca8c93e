package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

func TestTheProgramRefusesBeforeWritingAndAfterLoading(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	for _, want := range []string{
		"== written: two users that obey the schema\n{\n  \"users\": [\n",
		`not written, since users[2].email is no email address: ""` + "\n{\n  \"users\": [\n",
		`not used, since users[0].email is no email address: "alice at home"`,
		"not used, since the text is not valid json, line 1, column 33",
		"not used, since users is missing",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the program does not print %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "unexpected") || strings.Count(out, "not written") != 1 || strings.Count(out, "not used") != 3 {
		t.Errorf("the program prints\n%s", out)
	}
}

func TestTheFileStaysInADirectoryOfTheUser(t *testing.T) {
	dir := t.TempDir()
	if _, stderr, status := testkit.RunProgram(t, dir); status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	register()
	d, err := safefile.New[document](filepath.Join(dir, "users.users.json")).Read()
	if err != nil || len(d.Users) != 2 {
		t.Errorf("the file holds %+v, %v", d, err)
	}
	if _, stderr, status := testkit.RunProgram(t, filepath.Join(dir, "missing")); status != 1 || !strings.Contains(stderr, "no such file") {
		t.Errorf("in a missing directory: exit status %d, %q", status, stderr)
	}
}

func TestEachRuleIsCheckedBothWays(t *testing.T) {
	register()
	path := filepath.Join(t.TempDir(), "app.users.json")
	file := lockedfile.New[document](path)
	for _, test := range []struct {
		text  string
		value document
		field string
	}{
		{`{}`, document{}, "users"},
		{`{"users": [{"name": "A", "email": "a@b.c"}]}`, document{[]user{{0, "A", "a@b.c"}}}, "users[0].id"},
		{`{"users": [{"id": 1, "email": "a@b.c"}]}`, document{[]user{{1, "", "a@b.c"}}}, "users[0].name"},
		{`{"users": [{"id": 1, "name": "A"}]}`, document{[]user{{1, "A", ""}}}, "users[0].email"},
		{`{"users": [{"id": 1, "name": "A", "email": "A <a@b.c>"}]}`, document{[]user{{1, "A", "A <a@b.c>"}}}, "users[0].email"},
	} {
		var broken *violation
		if err := file.Write(test.value); !errors.Is(err, errors.ErrEncode) || !errors.As(err, &broken) || broken.Field != test.field {
			t.Errorf("writing %+v: %v", test.value, err)
		}
		testkit.WantContent(t, path, testkit.Missing)
		testkit.Put(t, path, test.text)
		if _, err := file.Read(); !errors.Is(err, errors.ErrDecode) || !errors.As(err, &broken) || broken.Field != test.field {
			t.Errorf("reading %s: %v", test.text, err)
		}
		testkit.Must(t, os.Remove(path))
	}
	testkit.Must(t, file.Write(document{[]user{}}))
}

func TestOtherJSONFilesAreNotChecked(t *testing.T) {
	register()
	if err := safefile.New[document](filepath.Join(t.TempDir(), "users.json")).Write(document{}); err != nil {
		t.Error(err)
	}
}
