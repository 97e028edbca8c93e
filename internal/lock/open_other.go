//go:build !unix

package lock

import "os"

const openFlags = os.O_RDONLY
