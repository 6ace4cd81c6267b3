package tasks

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"reconsim/recon/derived"
)

// What a rebuild knows of a namespace lies in one sorter, as records whose keys
// begin with an object id: all that is known of one place lies together, and
// places come in the order of the bytes of their ids.

// recordKind is the byte after the id.
type recordKind byte

const (
	// recordDirectory: the id is a directory; value: parent's id, name.
	recordDirectory recordKind = iota
	// recordLink: the id has a child, whose id follows in the key; value: empty,
	// or "-" for one that is taken back.
	recordLink
	// recordSubtree: value: the totals of the whole subtree.
	recordSubtree
	// recordFiles: files that follow one another lie in the id; value: totals,
	// then the bins that are not 0, as pairs of bin and files.
	recordFiles
)

var linkTakenBack = []byte("-")

func appendRecordKey(dst []byte, id int64, kind recordKind) []byte {
	return append(derived.AppendLong(dst, id), byte(kind))
}

// appendLinkKey makes children come in the order of their numbers, negative
// ones first.
func appendLinkKey(dst []byte, parent, child int64) []byte {
	return binary.BigEndian.AppendUint64(appendRecordKey(dst, parent, recordLink), uint64(child)^1<<63)
}

func appendDirectory(dst []byte, parent int64, name []byte) []byte {
	return append(derived.AppendLong(dst, parent), name...)
}

func appendTotals(dst []byte, t totals) []byte {
	dst = binary.AppendVarint(dst, t.files)
	dst = binary.AppendVarint(dst, t.size)
	return binary.AppendVarint(dst, t.replicated)
}

// errRecord means that a sorter gave back something else than it was given.
var errRecord = errors.New("a record of the sorter is damaged")

func readTotals(from []byte) (t totals, rest []byte, err error) {
	for _, field := range []*int64{&t.files, &t.size, &t.replicated} {
		n, length := binary.Varint(from)
		if length <= 0 {
			return t, nil, errRecord
		}
		*field, from = n, from[length:]
	}
	return t, from, nil
}

// place is all that the records say of one id.
type place struct {
	id int64
	// directory is the value of its directory record; empty if it has none.
	directory []byte
	// strays are the parents named by further directory records of this id. An
	// OM never has two; if a damaged one has, the least record counts, so that
	// ranges do not matter.
	strays []int64
	// children are in the order of their numbers; none if the scan lists none.
	children []int64
	// links counts the link records that are not taken back. A child with two
	// directory records here has two.
	links int64
	// files sums the files that lie right here, subtree those below as well.
	files, subtree totals
	bins           [derived.BinCount]int32

	link      int64 // the child whose link records are being read
	linkCount int   // how many of them are not taken back
}

// parent is 0 for a place that is no directory or linked nowhere.
func (p *place) parent() int64 {
	if len(p.directory) == 0 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(p.directory))
}

func (p *place) name() []byte { return p.directory[8:] }

func (p *place) reset(id int64) {
	*p = place{id: id, directory: p.directory[:0], strays: p.strays[:0], children: p.children[:0]}
}

// checkEvery is how many steps pass between two looks at the context.
const checkEvery = 1 << 12

// scanPlaces calls fn for every place. The place is borrowed. listed says
// whether its children are listed.
func scanPlaces(ctx context.Context, s Sorter, listed bool, fn func(*place) error) error {
	var p place
	started, steps := false, 0
	end := func() error {
		if !started {
			return nil
		}
		p.endLink(listed)
		return fn(&p)
	}
	err := s.Scan(func(key, value []byte) error {
		if steps++; steps%checkEvery == 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		if len(key) < 9 {
			return errRecord
		}
		if id := int64(binary.BigEndian.Uint64(key)); !started || id != p.id {
			if err := end(); err != nil {
				return err
			}
			p.reset(id)
			started = true
		}
		return p.take(key, value, listed)
	})
	if err == nil {
		err = end()
	}
	return err
}

// take adds one record to the place.
func (p *place) take(key, value []byte, listed bool) (err error) {
	switch kind := recordKind(key[8]); {
	case kind == recordDirectory && len(value) >= 8:
		p.takeDirectory(value)
	case kind == recordLink && len(key) == 17:
		child := int64(binary.BigEndian.Uint64(key[9:]) ^ 1<<63)
		if child != p.link {
			p.endLink(listed)
			p.link = child
		}
		if len(value) == 0 {
			p.linkCount++
		} else {
			p.linkCount--
		}
	case kind == recordSubtree:
		p.subtree, _, err = readTotals(value)
	case kind == recordFiles:
		err = p.takeFiles(value)
	default:
		err = errRecord
	}
	if err != nil {
		return fmt.Errorf("place %d: %w", p.id, err)
	}
	return nil
}

func (p *place) takeDirectory(value []byte) {
	if len(p.directory) == 0 {
		p.directory = append(p.directory, value...)
		return
	}
	loser := value
	if bytes.Compare(value, p.directory) < 0 {
		loser = bytes.Clone(p.directory)
		p.directory = append(p.directory[:0], value...)
	}
	if parent := int64(binary.BigEndian.Uint64(loser)); parent != 0 {
		p.strays = append(p.strays, parent)
	}
}

func (p *place) takeFiles(value []byte) error {
	t, rest, err := readTotals(value)
	if err != nil {
		return err
	}
	p.files.add(t)
	for len(rest) > 0 {
		bin, n := binary.Uvarint(rest)
		if n <= 0 || bin >= derived.BinCount {
			return errRecord
		}
		files, m := binary.Uvarint(rest[n:])
		if m <= 0 {
			return errRecord
		}
		p.bins[bin] += int32(files)
		rest = rest[n+m:]
	}
	return nil
}

// endLink takes the child whose records have all been read.
func (p *place) endLink(listed bool) {
	if p.linkCount > 0 {
		p.links += int64(p.linkCount)
		if listed {
			p.children = append(p.children, p.link)
		}
	}
	p.linkCount = 0
}
