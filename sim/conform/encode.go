package conform

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// messageOf makes an empty message of a table's rows; nil for a table whose
// rows are not looked into.
func messageOf(t omdb.Table) proto.Message {
	switch t.Kind() {
	case omdb.KindKey:
		return &ozonepb.KeyInfo{}
	case omdb.KindDirectory:
		return &ozonepb.DirectoryInfo{}
	case omdb.KindBucket:
		return &ozonepb.BucketInfo{}
	case omdb.KindVolume:
		return &ozonepb.VolumeInfo{}
	case omdb.KindRepeatedKey:
		return &ozonepb.RepeatedKeyInfo{}
	case omdb.KindMultipart:
		return &ozonepb.MultipartKeyInfo{}
	}
	switch t {
	case omdb.UserTable:
		return &ozonepb.PersistedUserVolumeInfo{}
	case omdb.PrefixTable:
		return &ozonepb.PersistedPrefixInfo{}
	case omdb.MultipartPartsTable:
		return &ozonepb.MultipartPartInfo{}
	}
	return nil
}

// reencode decodes a row's value, with the engine's view and with the generated
// message, and encodes the message again. The result is value itself if nothing
// was lost. A field that the message does not know comes out behind those that
// it knows, so of a message with such fields it is compared what it holds, not
// where that stands.
func reencode(t omdb.Table, key, value []byte) ([]byte, error) {
	var decoder omdb.Decoder
	if _, err := decoder.Decode(t, key, value); err != nil {
		return nil, err
	}
	message := messageOf(t)
	if message == nil {
		return value, nil
	}
	if err := proto.Unmarshal(value, message); err != nil {
		return nil, err
	}
	again, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil || bytes.Equal(again, value) || !hasUnknown(message.ProtoReflect()) {
		return again, err
	}
	descriptor := message.ProtoReflect().Descriptor()
	before, err := ordered(descriptor, value)
	if err != nil {
		return nil, err
	}
	after, err := ordered(descriptor, again)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(before, after) {
		return value, nil
	}
	return again, nil
}

// hasUnknown reports whether a message or one inside it has unknown fields.
func hasUnknown(m protoreflect.Message) bool {
	found := len(m.GetUnknown()) > 0
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case found || f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				found = found || hasUnknown(v.List().Get(i).Message())
			}
		default:
			found = hasUnknown(v.Message())
		}
		return !found
	})
	return found
}

// ordered sorts a message's fields by number, and those of the messages inside
// it; fields of one number keep their order.
func ordered(descriptor protoreflect.MessageDescriptor, message []byte) ([]byte, error) {
	type field struct {
		number protowire.Number
		bytes  []byte
	}
	var fields []field
	for len(message) > 0 {
		number, kind, tagLen := protowire.ConsumeTag(message)
		if tagLen < 0 {
			return nil, fmt.Errorf("read a field's tag: %w", protowire.ParseError(tagLen))
		}
		valueLen := protowire.ConsumeFieldValue(number, kind, message[tagLen:])
		if valueLen < 0 {
			return nil, fmt.Errorf("read field %d: %w", number, protowire.ParseError(valueLen))
		}
		whole := message[:tagLen+valueLen]
		if f := descriptor.Fields().ByNumber(number); f != nil && f.Message() != nil && kind == protowire.BytesType {
			inner, _ := protowire.ConsumeBytes(message[tagLen:])
			inside, err := ordered(f.Message(), inner)
			if err != nil {
				return nil, err
			}
			whole = protowire.AppendBytes(protowire.AppendTag(nil, number, kind), inside)
		}
		fields = append(fields, field{number, whole})
		message = message[tagLen+valueLen:]
	}
	slices.SortStableFunc(fields, func(a, b field) int { return cmp.Compare(a.number, b.number) })
	var sorted []byte
	for _, f := range fields {
		sorted = append(sorted, f.bytes...)
	}
	return sorted, nil
}
