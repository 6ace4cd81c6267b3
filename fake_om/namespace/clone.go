package namespace

import "slices"

// Clone copies a fact with everything it refers to.
func Clone(row Row) Row {
	switch r := row.(type) {
	case *Volume:
		c := *r
		return &c
	case *Bucket:
		c := *r
		return &c
	case *Directory:
		c := *r
		return &c
	case *Key:
		return r.Clone()
	case *OpenKey:
		return &OpenKey{Key: *r.Key.Clone(), Session: r.Session}
	case *DeletedKeys:
		c := *r
		c.Keys = make([]Key, len(r.Keys))
		for i := range r.Keys {
			c.Keys[i] = *r.Keys[i].Clone()
		}
		return &c
	case *DeletedDirectory:
		c := *r
		return &c
	case *Upload:
		c := *r
		c.Parts = slices.Clone(r.Parts)
		for i := range c.Parts {
			c.Parts[i].Blocks = slices.Clone(c.Parts[i].Blocks)
		}
		return &c
	}
	return row
}

// Clone copies the key with its versions and blocks.
func (k *Key) Clone() *Key {
	c := *k
	c.Versions = slices.Clone(k.Versions)
	for i := range c.Versions {
		c.Versions[i].Blocks = slices.Clone(c.Versions[i].Blocks)
	}
	return &c
}
