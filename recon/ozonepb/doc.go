// Package ozonepb holds Apache Ozone's protobuf messages as far as Recon and
// our fake OM need them: rows of the OM database (om_storage.proto), the
// requests between Recon and an OM (om_client.proto), what both share
// (hdds.proto), and the derived tables' messages (recon_derived.proto).
//
// The .proto files are ours, written from the wire format; what is binding is
// the numbers, the types and the presence of each field. `make proto`
// regenerates the Go code, which is committed so that a build needs no protoc.
//
// # Limits
//
// Fields that nothing here reads are left out. They survive a decode and
// encode as unknown fields, but at the end of the message: a row that must
// stay byte for byte the same is passed on as bytes.
//
// 64-bit ids are unsigned on the wire and negative in Java: convert to int64.
package ozonepb
