package omdb

import "google.golang.org/protobuf/encoding/protowire"

// The tags of the fields we read: field number and wire type in one number, so
// that a known field with another wire type is an unknown field, as it is to
// every protobuf reader.
const (
	wireVarint = 0
	wireBytes  = 2
)

// scanner steps over the fields of one message inside a row's value. Positions
// count from the value's start, also in nested messages, so that an error can
// say where in the row it is.
type scanner struct {
	value []byte
	pos   int
	end   int
	// tag, and number or from and to, are the current field.
	tag      uint64
	number   uint64
	from, to int
	// reason is empty until reading fails; pos is then the place.
	reason string
}

// failure is where and why a message could not be read; reason is empty if it
// could.
type failure struct {
	at     int
	reason string
}

// failure is how the scan ended.
func (s *scanner) failure() failure { return failure{at: s.pos, reason: s.reason} }

func scan(value []byte) scanner { return scanner{value: value, end: len(value)} }

// nested scans the message in the current field.
func (s *scanner) nested() scanner {
	return scanner{value: s.value, pos: s.from, end: s.to}
}

// bytes is the current length-delimited field, borrowed.
func (s *scanner) bytes() []byte { return s.value[s.from:s.to:s.to] }

// long is the current varint field as a Java long.
func (s *scanner) long() int64 { return int64(s.number) }

// int is the current varint field as an int32, cut as protobuf cuts it.
func (s *scanner) int() int32 { return int32(s.number) }

func (s *scanner) fail(at int, reason string) bool {
	s.pos, s.reason = at, reason
	return false
}

// next steps to the next field; false at the end and after a failure.
func (s *scanner) next() bool {
	if s.pos >= s.end || s.reason != "" {
		return false
	}
	start := s.pos
	buf := s.value[:s.end]
	tag := uint64(buf[start])
	pos := start + 1
	if tag >= 0x80 {
		if tag, pos = uvarint(buf, start); pos < 0 {
			return s.fail(start, "bad field tag")
		}
	}
	if n := tag >> 3; n < 1 || n > uint64(protowire.MaxValidNumber) {
		return s.fail(start, "bad field number")
	}
	s.tag = tag
	switch tag & 7 {
	case wireVarint:
		if pos < len(buf) && buf[pos] < 0x80 {
			s.number, s.pos = uint64(buf[pos]), pos+1
			return true
		}
		if s.number, pos = uvarint(buf, pos); pos < 0 {
			return s.fail(start, "bad varint")
		}
		s.pos = pos
		return true
	case wireBytes:
		var length uint64
		var at int
		if pos < len(buf) && buf[pos] < 0x80 {
			length, at = uint64(buf[pos]), pos+1
		} else {
			length, at = uvarint(buf, pos)
		}
		if at < 0 || length > uint64(len(buf)-at) {
			return s.fail(start, "a length goes past the end")
		}
		s.from, s.to = at, at+int(length)
		s.pos = s.to
		return true
	}
	return s.skip(start, pos)
}

// skip steps over the wire types that none of our fields has.
func (s *scanner) skip(start, pos int) bool {
	n := protowire.ConsumeFieldValue(protowire.Number(s.tag>>3), protowire.Type(s.tag&7), s.value[pos:s.end])
	if n < 0 {
		return s.fail(start, "a field cannot be stepped over")
	}
	s.pos = pos + n
	return true
}

// uvarint reads a varint at pos; the returned position is -1 if it is cut short
// or needs more than 64 bits.
func uvarint(buf []byte, pos int) (v uint64, next int) {
	const last = 9 // the tenth byte holds one bit
	for i := 0; i <= last && pos+i < len(buf); i++ {
		c := buf[pos+i]
		if i == last && c > 1 {
			return 0, -1
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, pos + i + 1
		}
	}
	return 0, -1
}

// finish is how the scan of a message ended that must hold the fields of want;
// seen are those it held.
func (s *scanner) finish(seen, want uint32) failure {
	if s.reason == "" && seen&want != want {
		return failure{at: s.end, reason: "a required field is missing"}
	}
	return s.failure()
}
