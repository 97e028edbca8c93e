package guarantee

import "github.com/holdfast-go/holdfast/errors"

// errNoXattr is what setAndGetXattr returns on systems without such a call.
var errNoXattr = errors.New("this system has no extended attributes that can be asked for")
