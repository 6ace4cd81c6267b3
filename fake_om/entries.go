package fakeom

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// completeName is the empty entry that ends every archive of a real OM.
const completeName = "OZONE_RATIS_SNAPSHOT_COMPLETE"

// entriesV1 is the layout of /dbCheckpoint: the database's files under their
// own names, CURRENT last, then the mark that the archive is complete. Tables
// that the client has may be left out.
func (cp *checkpoint) entriesV1(exclude []string) []tarEntry {
	var entries []tarEntry
	for _, name := range cp.names {
		if strings.HasSuffix(name, ".sst") && slices.Contains(exclude, name) {
			continue
		}
		entries = append(entries, tarEntry{name: name, path: cp.node.cluster.fs.PathJoin(cp.dir, name)})
	}
	return append(entries, tarEntry{name: completeName})
}

// entriesV2 is the layout of /v2/dbCheckpoint: each file under an id of its
// content, then the list of the names to link them to.
func (cp *checkpoint) entriesV2(exclude []string) []tarEntry {
	var entries []tarEntry
	var links bytes.Buffer
	for i, name := range cp.names {
		id := cp.inode(i, name)
		fmt.Fprintf(&links, "om.db/%s\t%s\n", name, id)
		if !slices.Contains(exclude, id) {
			entries = append(entries, tarEntry{name: id, path: cp.node.cluster.fs.PathJoin(cp.dir, name)})
		}
	}
	return append(entries, tarEntry{name: "hardLinkFile", content: links.Bytes()}, tarEntry{name: completeName})
}

// inode is an id that is equal for equal content: tables of the base and the
// runs keep theirs, what was made for this checkpoint has its own.
func (cp *checkpoint) inode(i int, name string) string {
	n := cp.node
	for _, f := range n.cluster.base.files {
		if f.File.Name() == name {
			return fmt.Sprintf("(dev=1,ino=%d)-%d", f.File.Number, n.cluster.base.info.Index)
		}
	}
	for _, f := range n.state.Runs {
		if f.File.Name() == name {
			return fmt.Sprintf("(dev=%d,ino=%d)-%d", n.place+2, f.File.Number, f.File.LargestSeq)
		}
	}
	return fmt.Sprintf("(dev=%d,ino=%d)-%d", 100+n.place, i+1, cp.number)
}
