// Command oneupdate updates a JSON file, and leaves a coverage profile of the last Update alone:
//
//	oneupdate FILE PROFILE-DIRECTORY UPDATES-BEFORE
package main

import (
	"log"
	"os"
	"runtime/coverage"
	"strconv"

	"github.com/holdfast-go/holdfast/lockedfile"
)

type counter struct {
	Count int    `json:"count"`
	Name  string `json:"name"`
}

func main() {
	path, profile := os.Args[1], os.Args[2]
	before, err := strconv.Atoi(os.Args[3])
	check(err)
	f := lockedfile.New[counter](path)
	update := func() {
		check(f.Update(func(c *counter) error {
			c.Count++
			return nil
		}))
	}
	for range before {
		update()
	}
	check(coverage.ClearCounters())
	update()
	check(coverage.WriteMetaDir(profile))
	check(coverage.WriteCountersDir(profile))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
