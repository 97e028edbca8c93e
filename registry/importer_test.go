package registry

import "testing"

func TestAFunctionsNameGivesItsPackage(t *testing.T) {
	for function, want := range map[string]string{
		"example.com/m/pkg.Func":                    "example.com/m/pkg",
		"example.com/m/pkg.(*T).Method.func1":       "example.com/m/pkg",
		"example.com/m/pkg.init.0":                  "example.com/m/pkg",
		"example.com/m/pkg.Func[...]":               "example.com/m/pkg",
		"example.com/m/pkg.Func[example.com/a/b.T]": "example.com/m/pkg",
		"gopkg.in/yaml%2ev3.Func":                   "gopkg.in/yaml.v3",
		"fmt.init":                                  "fmt",
		"":                                          "",
	} {
		if got := packageOf(function); got != want {
			t.Errorf("packageOf(%q) = %q, want %q", function, got, want)
		}
	}
	// The build information of a test names the test's own main package.
	if got := packageOf("main.main"); got != mainPath() || got == "" {
		t.Errorf("main is %q", got)
	}
}
