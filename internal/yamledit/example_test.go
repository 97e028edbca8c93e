package yamledit_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/internal/textedit"
	"github.com/holdfast-go/holdfast/internal/yamledit"
)

func ExampleEdit() {
	text := "# the site\nhost: 'a.example'  # public\nports: [80]\nowner: kim\n"
	was := "host: a.example\nports:\n- 80\n"
	is := "host: b.example\nports:\n- 80\n- 443\n"
	got, report, err := yamledit.Edit([]byte(text), []byte(was), []byte(is), textedit.Options{})
	fmt.Print(string(got))
	fmt.Println(report.Rung, report.Lost, err)
	// Output:
	// # the site
	// host: 'b.example'  # public
	// ports: [80, 443]
	// owner: kim
	// spliced [] <nil>
}
