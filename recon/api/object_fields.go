package api

import (
	"strings"

	"reconsim/recon/ozonepb"
)

// aclBody is one access rule.
type aclBody struct {
	Type  string   `json:"type"`
	Name  string   `json:"name"`
	Scope string   `json:"scope"`
	List  []string `json:"aclList"`
}

// rights are the names of the bits of a rule, the lowest bit of the first byte
// first.
var rights = [...]string{"READ", "WRITE", "CREATE", "LIST", "DELETE", "READ_ACL", "WRITE_ACL", "ALL", "NONE", "ASSUME_ROLE"}

func acls(infos []*ozonepb.OzoneAclInfo) []aclBody {
	bodies := make([]aclBody, len(infos))
	for i, info := range infos {
		list := []string{}
		for bit, name := range rights {
			if octets := info.GetRights(); bit/8 < len(octets) && octets[bit/8]&(1<<(bit%8)) != 0 {
				list = append(list, name)
			}
		}
		bodies[i] = aclBody{info.GetType().String(), info.GetName(), info.GetAclScope().String(), list}
	}
	return bodies
}

func metadata(pairs []*ozonepb.KeyValue) map[string]string {
	m := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		m[pair.GetKey()] = pair.GetValue()
	}
	return m
}

// storageType is the name of a bucket's storage type.
func storageType(n int32) string {
	names := [...]string{1: "DISK", 2: "SSD", 3: "ARCHIVE", 4: "RAM_DISK", 5: "PROVIDED"}
	if n > 0 && int(n) < len(names) {
		return names[n]
	}
	return "DISK"
}

// fileName is the last component of a key's name; a directory marker's is that
// of the directory.
func fileName(key string) string {
	key = strings.TrimSuffix(key, "/")
	return key[strings.LastIndexByte(key, '/')+1:]
}

// replicatedBody is the replication of RATIS and STAND_ALONE.
type replicatedBody struct {
	ReplicationFactor string `json:"replicationFactor"`
	RequiredNodes     int32  `json:"requiredNodes"`
	ReplicationType   string `json:"replicationType"`
	MinimumNodes      int32  `json:"minimumNodes"`
}

// erasureCodedBody is the replication of EC.
type erasureCodedBody struct {
	Data            int32  `json:"data"`
	Parity          int32  `json:"parity"`
	ECChunkSize     int32  `json:"ecChunkSize"`
	Codec           string `json:"codec"`
	RequiredNodes   int32  `json:"requiredNodes"`
	ReplicationType string `json:"replicationType"`
	MinimumNodes    int32  `json:"minimumNodes"`
}

func replication(t ozonepb.ReplicationType, f ozonepb.ReplicationFactor, ec *ozonepb.ECReplicationConfig) any {
	if t == ozonepb.ReplicationType_EC {
		return erasureCodedBody{
			Data: ec.GetData(), Parity: ec.GetParity(), ECChunkSize: ec.GetEcChunkSize(),
			Codec: strings.ToUpper(ec.GetCodec()), RequiredNodes: ec.GetData() + ec.GetParity(),
			ReplicationType: t.String(), MinimumNodes: ec.GetData(),
		}
	}
	return replicatedBody{
		ReplicationFactor: f.String(), RequiredNodes: int32(f), ReplicationType: t.String(), MinimumNodes: 1,
	}
}

// defaultReplicationBody is a bucket's default replication.
type defaultReplicationBody struct {
	Type                string `json:"type"`
	ReplicationConfig   any    `json:"replicationConfig"`
	Factor              any    `json:"factor"`
	ECReplicationConfig any    `json:"ecReplicationConfig"`
	RequiredNodes       int32  `json:"requiredNodes"`
}

func defaultReplication(c *ozonepb.DefaultReplicationConfig) *defaultReplicationBody {
	if c == nil {
		return nil
	}
	config := replication(c.GetType(), c.GetFactor(), c.GetEcReplicationConfig())
	body := &defaultReplicationBody{Type: c.GetType().String(), ReplicationConfig: config}
	if ec, ok := config.(erasureCodedBody); ok {
		body.ECReplicationConfig, body.RequiredNodes = ec, ec.RequiredNodes
	} else {
		body.Factor, body.RequiredNodes = c.GetFactor().String(), int32(c.GetFactor())
	}
	return body
}
