package yaml_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/yaml"
)

func Example() {
	text := "# the site\nhost: 'a.example'  # public\nports: [80]\nowner: kim\n"
	was := "host: a.example\nports:\n- 80\n"
	is := "host: b.example\nports:\n- 80\n- 443\n"
	got, report, err := edit.Edit(yaml.Grammar, []byte(text), []byte(was), []byte(is), edit.Options{})
	fmt.Print(string(got))
	fmt.Println(report.Rung, report.Lost, err)
	// Output:
	// # the site
	// host: 'b.example'  # public
	// ports: [80, 443]
	// owner: kim
	// spliced [] <nil>
}
