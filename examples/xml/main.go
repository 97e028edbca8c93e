// Xml keeps an XML file in two forms: a dictionary, for any file, and a struct with the tags of encoding/xml.
//
//	go run ./examples/xml              a tour, in a temporary directory
//	go run ./examples/xml config.xml   your own file as a dictionary, printed as JSON
//
// The codec in format.go serves handles of both forms. In the dictionary (dictionary.go), "@attributes" are the attributes of
// an element and "#text" is its text. An element of text alone is a string. Elements of one name are a list.
package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
)

// configuration is the typed form of the tour's file.
type configuration struct {
	XMLName  xml.Name  `xml:"configuration"`
	Version  string    `xml:"version,attr"`
	Database database  `xml:"database"`
	Features []feature `xml:"features>feature"`
	Others   []other   `xml:",any"`
}

type database struct {
	Host string `xml:"host"`
	Port int    `xml:"port"`
	Name string `xml:"name"`
}

type feature struct {
	Name  string `xml:"name,attr"`
	State string `xml:",chardata"`
}

// other keeps an element that this program does not know. Without the field Others, encoding/xml would drop it.
type other struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Content    string     `xml:",innerxml"`
}

func main() {
	registry.Register(".xml", format{})
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "xml:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return tour(out)
	}
	document, err := lockedfile.New[dictionary](args[0]).Read()
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

func tour(out io.Writer) error {
	dir, err := os.MkdirTemp("", "xml")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "config.xml")
	// Two handles of one file exclude each other, whatever their types are.
	file, typed := lockedfile.New[dictionary](path), lockedfile.New[configuration](path)

	for _, step := range []struct {
		title string
		do    func() error
	}{
		{"a dictionary is written", func() error {
			return file.Write(dictionary{"configuration": dictionary{
				attributes: dictionary{"version": "1.0"},
				"database": dictionary{"host": "localhost", "port": "5432", "name": "myapp"},
				"features": dictionary{"feature": []any{
					dictionary{attributes: dictionary{"name": "auth"}, text: "enabled"},
					dictionary{attributes: dictionary{"name": "cache"}, text: "disabled"},
				}},
				"theme": "dark",
			}})
		}},
		{"the dictionary is changed, in one transaction", func() error { return file.Locked(changeDictionary) }},
		{"the struct is changed, and keeps the theme that it does not know", func() error {
			return typed.Update(func(c *configuration) error {
				c.Database.Port++
				c.Features[1].State = "enabled"
				return nil
			})
		}},
	} {
		fmt.Fprintf(out, "== %s\n", step.title)
		if err := step.do(); err != nil {
			return err
		}
		content, err := file.ReadBytes()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", content)
	}
	return nil
}

// changeDictionary changes the port and adds a feature.
func changeDictionary(tx *lockedfile.Tx[dictionary]) error {
	document, err := tx.Read()
	if err != nil {
		return err
	}
	config, _ := document["configuration"].(dictionary)
	database, _ := config["database"].(dictionary)
	features, _ := config["features"].(dictionary)
	if database == nil || features == nil {
		return fmt.Errorf("the file has no database or no features")
	}
	database["port"] = "5433"
	features["feature"] = append(list(features["feature"]),
		dictionary{attributes: dictionary{"name": "logging"}, text: "enabled"})
	return tx.Write(document)
}
