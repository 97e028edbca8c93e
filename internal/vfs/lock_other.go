//go:build !unix

package vfs

const lockFlags = 0
