package container

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/ory/dockertest/v3/docker"
)

// programName is the program in the image.
const programName = "reconsim"

// dockerfile makes the image: the program and nothing else.
const dockerfile = "FROM scratch\nCOPY " + programName + " /" + programName + "\nENTRYPOINT [\"/" + programName + "\"]\n"

// label marks what is ours in an engine; its value is the loop's.
const label = "reconsim"

// Image is an image of our program in an engine, and the containers of it.
type Image struct {
	engine *Engine
	// Name is the image's, with a tag that no other loop has.
	Name string
	// SizeBytes is how large it is.
	SizeBytes int64
	// id names the loop.
	id string

	mu sync.Mutex
	// containers are those that were made and not yet removed.
	containers map[string]bool
}

// Build makes an image of a program, which must be linked statically. The image
// is there until Close.
func (e *Engine) Build(ctx context.Context, program string) (image *Image, err error) {
	if err := mustBeStatic(program); err != nil {
		return nil, err
	}
	id := rand.Text()
	// Names of images are in lower case, the tag need not be.
	image = &Image{engine: e, Name: "reconsim-kill-loop:" + id, id: id, containers: map[string]bool{}}
	sending, to := io.Pipe()
	go func() { to.CloseWithError(writeContext(to, program)) }()
	err = e.client.BuildImage(docker.BuildImageOptions{Name: image.Name, Context: ctx, InputStream: sending, OutputStream: io.Discard,
		// A build has nothing to fetch, and a proxy's network may not exist.
		NetworkMode: "none", RmTmpContainer: true, ForceRmTmpContainer: true, Labels: map[string]string{label: id}})
	// Ends the writer if the engine did not read to the end.
	_ = sending.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("build the image: %w", err), image.Close())
	}
	about, err := e.client.InspectImage(image.Name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look at the image that was built: %w", err), image.Close())
	}
	image.SizeBytes = about.Size
	return image, nil
}

// Close removes the image and what containers of it are left.
func (i *Image) Close() error {
	i.mu.Lock()
	var left []string
	for id := range i.containers {
		left = append(left, id)
	}
	i.mu.Unlock()
	var errs []error
	for _, id := range left {
		errs = append(errs, i.remove(id))
	}
	// Not the caller's context: after Ctrl-C that has ended.
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	err := i.engine.client.RemoveImageExtended(i.Name, docker.RemoveImageOptions{Force: true, Context: ctx})
	if err != nil && !errors.Is(err, docker.ErrNoSuchImage) {
		errs = append(errs, fmt.Errorf("remove the image %s: %w", i.Name, err))
	}
	return errors.Join(errs...)
}

// mustBeStatic refuses a program that needs a loader or libraries: an image
// FROM scratch has neither.
func mustBeStatic(program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("read the program for the image: %w", err)
	}
	defer func() { _ = file.Close() }()
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked dynamically and would not start in an image FROM scratch: build it with CGO_ENABLED=0, as make test-containers does", program)
		}
	}
	return nil
}

// writeContext writes what a build is sent: the Dockerfile and the program.
func writeContext(w io.Writer, program string) error {
	t := tar.NewWriter(w)
	if err := t.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(dockerfile))}); err != nil {
		return err
	}
	if _, err := io.WriteString(t, dockerfile); err != nil {
		return err
	}
	file, err := os.Open(program)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: programName, Mode: 0o755, Size: info.Size()}); err != nil {
		return err
	}
	if _, err := io.Copy(t, file); err != nil {
		return err
	}
	return t.Close()
}
