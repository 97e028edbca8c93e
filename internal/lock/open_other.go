//go:build !unix

package lock

const openFlags = 0
