// Package server puts a fake OM cluster on the network: for each node a gRPC and
// a Hadoop RPC server with Ozone's OM protocol and an HTTP server with the
// checkpoint servlets, and one HTTP server to control the cluster with.
//
// # The model
//
// A server adds nothing to what fakeom.Cluster answers; it only gives answers
// and refusals their form on the wire, as recorded from Ozone 2.2.0. It is the
// only part of the fake OM that has goroutines and sockets, so a simulation
// calls the cluster and never this package.
//
//	gRPC  /hadoop.ozone.OzoneManagerService/submitRequest   ServiceList, DBUpdates
//	RPC   OzoneManagerProtocol.submitRequest                 the same
//	HTTP  /dbCheckpoint, /v2/dbCheckpoint                    a tar
//	control  GET /state, POST /<call>                        JSON, see [Calls]
//
// # Invariants
//
//   - Ports are remembered in a file if the caller names one, so that clients
//     find a restarted cluster where it was.
//   - Close ends every transfer and waits for every goroutine of the servers.
//
// # Limits
//
// Cleartext on one host, no security. A call over Hadoop RPC that is under way
// when the server closes is broken off. A connection that a fault breaks is
// closed without the end of its body.
package server
