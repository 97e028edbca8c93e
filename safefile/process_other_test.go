//go:build !unix

package safefile_test

func setUmask(int) {}
