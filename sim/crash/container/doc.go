// Package container gives the kill-loop of package crash a serve that runs in a
// container, so that the same plan, readers and judge can kill that.
//
// # The model
//
//	Open    an engine answers, and its API is one that we speak
//	Build   our own static program, FROM scratch, becomes an image
//	Starter each life of the loop is a new container of that image; what a life
//	        leaves to the next is the folder alone, mounted under its own name
//	Close   whatever containers are left are removed, and the image with them
//
// The container has the network of this machine, because serve listens on
// loopback only and readers ask from outside; its root file system is read-only,
// it has no capabilities, and it runs as the caller, so that the caller can
// read and remove what it wrote.
//
// # Vocabulary
//
//   - engine: what answers the Docker Engine API at DOCKER_HOST, or at the
//     socket where Docker has it.
//   - image: the program and nothing else; it is as large as the program.
//
// # Invariants
//
//   - No image is pulled: the image is built from nothing, and of dockertest
//     only the client is used, because its pool pulls what it does not find.
//   - The API spoken is 1.41, that of engine 20.10, or the oldest that a newer
//     engine still speaks.
//   - SIGKILL is sent by the engine. It takes some ten milliseconds, which is
//     why kills hit PROCESSING but READY_TO_COMMIT only by chance.
//
// # Limits
//
// The engine must run on this machine's kernel and share its network and files:
// an engine behind TCP on another machine, one in a virtual machine, and a
// rootless one, whose loopback is its own, make serve unreachable; the loop then
// fails as one whose serve was not ready. A harness that is itself killed with
// SIGKILL leaves its container and image behind; both are labelled reconsim.
package container
