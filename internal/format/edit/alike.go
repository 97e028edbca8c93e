package edit

// AlikeData is [SameData], but the order of keys does not count, and an empty collection may be
// missing on either side.
func AlikeData(f Format, a, b []byte) bool {
	was, err := f.Parse(a)
	if err != nil {
		return false
	}
	is, err := f.Parse(b)
	return err == nil && alikeData(was.Root, is.Root)
}

func alikeData(a, b *Node) bool {
	if a.Kind != Map || b.Kind != Map {
		return Same(a, b)
	}
	empty := func(n *Node) bool { return n.Kind != Scalar && n.Kind != Alias && len(n.Entries) == 0 }
	for i, j := range pairKeys(a, b) {
		if j < 0 && !empty(a.Entries[i].Value) || j >= 0 && !alikeData(a.Entries[i].Value, b.Entries[j].Value) {
			return false
		}
	}
	for i, j := range pairKeys(b, a) {
		if j < 0 && !empty(b.Entries[i].Value) {
			return false
		}
	}
	return true
}
