package guarantee

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// another is a user who owns nothing and is in one group.
const another = 1234

func comparedBy(t *testing.T, path string) (c compared) {
	t.Helper()
	output := testkit.Output(t, testkit.As(t, testkit.Self(t, "compare", path), another, another))
	testkit.Must(t, json.Unmarshal(output, &c))
	return c
}

func TestDoctorIsNotOKWhereAStrictWriteFailsForThisUser(t *testing.T) {
	testkit.NeedRoot(t) // to be another user
	for name, c := range map[string]struct {
		dir         os.FileMode
		owner       int         // of the file
		file        os.FileMode // 0 for no file
		lock        os.FileMode // of a lock file of root's; 0 for none
		check, says string      // that fails; empty for none
	}{
		"no file":             {dir: 0o777},
		"the user's own file": {dir: 0o777, owner: another, file: 0o644},
		"another's file that everybody may write": {dir: 0o777, file: 0o666, check: "replacement", says: "owner"},
		"another's file":                               {dir: 0o777, file: 0o644, check: "file", says: "permission to write"},
		"an own file that is read-only":                {dir: 0o777, owner: another, file: 0o444, check: "file", says: "permission to write"},
		"an own file in a directory of another":        {dir: 0o755, owner: another, file: 0o644, check: "writable", says: "permission there"},
		"no file, in a directory of another":           {dir: 0o755, check: "writable", says: "permission there"},
		"another's file in a sticky directory":         {dir: 0o777 | os.ModeSticky, file: 0o666, check: "replacement"},
		"an own file with a lock that nobody may open": {dir: 0o777, owner: another, file: 0o644, lock: 0o600, check: "lock file", says: "lock file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testkit.Shared(t, 0o700)
			path := filepath.Join(dir, "file")
			if c.file != 0 {
				testkit.Must(t, os.WriteFile(path, []byte("old"), 0o600))
				testkit.Must(t, os.Chown(path, c.owner, c.owner))
				testkit.Must(t, os.Chmod(path, c.file))
			}
			if c.lock != 0 {
				testkit.Must(t, os.WriteFile(path+".lock", nil, c.lock))
			}
			testkit.Must(t, os.Chmod(dir, c.dir))
			got := comparedBy(t, path)
			d := got.Diagnosis
			if d.OK != (got.Write == "") || d.OK != (c.check == "") {
				t.Errorf("Doctor says %v, and the write %q\n%s", d.OK, got.Write, d.Summary())
			}
			if c.check != "" {
				found := statusOf(t, d, c.check)
				if found.Status != StatusFailed || !strings.Contains(found.Detail, c.says) {
					t.Errorf("the check %q is %s: %s", c.check, found.Status, found.Detail)
				}
			}
			if c.check == "writable" && (!strings.Contains(got.Write, dir+" takes no new file") || !strings.Contains(got.Write, "give it")) {
				t.Errorf("the write names neither directory nor remedy: %s", got.Write)
			}
			testkit.WantNone(t, dir, ".holdfast-*")
		})
	}
}
