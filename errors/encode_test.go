package errors_test

import (
	"testing"

	"github.com/holdfast-go/holdfast/errors"
)

func TestEncodeErrorMatchesItsKindAndCause(t *testing.T) {
	cause := errors.New("a nil")
	err := error(&errors.EncodeError{Format: "toml", Err: cause})
	if !errors.Is(err, errors.ErrEncode) || !errors.Is(err, cause) || errors.Is(err, errors.ErrDecode) {
		t.Errorf("%v", err)
	}
	if got := err.Error(); got != "can't be written as toml: a nil" {
		t.Error(got)
	}
	if got := (&errors.EncodeError{Format: "toml"}).Error(); got != "can't be written as toml" {
		t.Error(got)
	}
}
