package disktest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestAPowerCutLosesExactlyWhatWasNotSynced(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			disk := New(t, kind)
			synced, lost := filepath.Join(disk.Dir(), "synced"), filepath.Join(disk.Dir(), "lost")
			write(t, synced, "kept", true)
			write(t, lost, "gone", false)

			disk.Shutdown(t)
			if err := os.WriteFile(filepath.Join(disk.Dir(), "late"), nil, 0o600); err == nil {
				t.Error("a write after the power cut succeeded")
			}
			disk.Remount(t)

			testkit.WantContent(t, synced, "kept")
			if got, err := os.ReadFile(lost); err == nil && string(got) == "gone" {
				t.Error("what was never synced survived: no power was cut")
			}
		})
	}
}

func TestEachMountIsOfItsKindAndGoneAfterwards(t *testing.T) {
	var dirs []string
	t.Run("mounted", func(t *testing.T) {
		source := t.TempDir()
		bound := filepath.Join(t.TempDir(), "bound")
		Bind(t, source, bound, "ro")
		for want, dir := range map[string]string{
			"ext4":    New(t, "ext4", "noatime").Dir(),
			"xfs":     New(t, "xfs").Dir(),
			"btrfs":   New(t, "btrfs").Dir(),
			"tmpfs":   Tmpfs(t),
			"overlay": Overlay(t, t.TempDir(), "volatile"),
			"fuse":    FUSE(t, source, "ro"),
		} {
			dirs = append(dirs, dir)
			if line := mountLine(t, dir); !strings.Contains(line, " - "+want+" ") {
				t.Errorf("%s is no %s: %q", dir, want, line)
			}
		}
		dirs = append(dirs, bound)
		if err := os.WriteFile(filepath.Join(bound, "x"), nil, 0o600); err == nil {
			t.Error("the read-only bind mount took a file")
		}
	})
	for _, dir := range dirs {
		if line := mountLine(t, dir); line != "" {
			t.Errorf("left behind: %s", line)
		}
	}
}

func TestAFileCanBeAMountOfItsOwn(t *testing.T) {
	source, target := filepath.Join(t.TempDir(), "source"), filepath.Join(t.TempDir(), "target")
	write(t, source, "shown", false)
	Bind(t, source, target)
	testkit.WantContent(t, target, "shown")
	if err := os.Rename(source, target); err == nil {
		t.Error("a mounted file was replaced")
	}
}

func TestRemountTakesOtherOptionsOnce(t *testing.T) {
	disk := New(t, "ext4", "noatime")
	disk.Remount(t, "ro")
	if line := mountLine(t, disk.Dir()); !strings.Contains(line, " ro,") {
		t.Errorf("not read-only: %q", line)
	}
	disk.Remount(t)
	if line := mountLine(t, disk.Dir()); !strings.Contains(line, "noatime") {
		t.Errorf("%s is not mounted as at first: %q", disk.Kind(), line)
	}
}

func TestAFailingProgramIsQuoted(t *testing.T) {
	if _, err := exec.LookPath("umount"); err != nil {
		t.Skip("umount is not installed")
	}
	err := unmount(filepath.Join(t.TempDir(), "nothing"))
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("got %v", err)
	}
}

func write(t *testing.T, path, content string, sync bool) {
	t.Helper()
	file, err := os.Create(path)
	testkit.Must(t, err)
	defer file.Close()
	if _, err := file.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if sync {
		testkit.Must(t, file.Sync())
	}
}

// mountLine is the line of the mount table about dir, empty if there is none.
func mountLine(t *testing.T, dir string) string {
	t.Helper()
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Skip("no mount table here")
	}
	for _, line := range bytes.Split(table, []byte("\n")) {
		if strings.Contains(string(line), " "+dir+" ") {
			return string(line)
		}
	}
	return ""
}
