//go:build !linux && !darwin && !freebsd && !netbsd

package guarantee

func setAndGetXattr(path, name, value string) (string, error) { return "", errNoXattr }
