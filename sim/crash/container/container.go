package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/ory/dockertest/v3/docker"

	"reconsim/sim/crash"
)

// Starter starts the image's program in a new container each time. dir, an
// absolute path, is mounted under its own name.
func (i *Image) Starter(dir string) crash.Starter {
	return func(args []string, stdout, stderr io.Writer) (crash.Running, error) {
		ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
		defer cancel()
		options := i.options(dir, args)
		options.Context = ctx
		made, err := i.engine.client.CreateContainer(options)
		if err != nil {
			return nil, fmt.Errorf("make a container of %s: %w", i.Name, err)
		}
		i.mu.Lock()
		i.containers[made.ID] = true
		i.mu.Unlock()
		if err := i.engine.client.StartContainerWithContext(made.ID, nil, ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start a container of %s: %w", i.Name, err), i.remove(made.ID))
		}
		r := &running{image: i, id: made.ID, logged: make(chan error, 1)}
		// Nobody but Wait ends the log, so it is not the caller's context.
		r.logging, r.stopLog = context.WithCancel(context.Background())
		go func() {
			r.logged <- i.engine.client.Logs(docker.LogsOptions{Context: r.logging, Container: made.ID,
				OutputStream: stdout, ErrorStream: stderr, Follow: true, Stdout: true, Stderr: true})
		}()
		return r, nil
	}
}

// options are those of a container that runs the program with arguments on the
// state in dir.
func (i *Image) options(dir string, args []string) docker.CreateContainerOptions {
	return docker.CreateContainerOptions{
		Config: &docker.Config{Image: i.Name, Cmd: args, Labels: map[string]string{label: i.id},
			User: fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())},
		HostConfig: &docker.HostConfig{
			NetworkMode:    "host",
			Mounts:         []docker.HostMount{{Type: "bind", Source: dir, Target: dir}},
			ReadonlyRootfs: true,
			CapDrop:        []string{"ALL"},
			// Where SELinux rules, a folder of the caller's would else be out of
			// reach; elsewhere it means nothing.
			SecurityOpt: []string{"no-new-privileges", "label=disable"},
			// Said, because an engine's own choice may be one that cannot be read.
			LogConfig:     docker.LogConfig{Type: "json-file"},
			RestartPolicy: docker.NeverRestart(),
		},
	}
}

// remove removes a container, running or not.
func (i *Image) remove(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	err := i.engine.client.RemoveContainer(docker.RemoveContainerOptions{ID: id, Force: true, RemoveVolumes: true, Context: ctx})
	var gone *docker.NoSuchContainer
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("remove a container of %s: %w", i.Name, err)
	}
	i.mu.Lock()
	delete(i.containers, id)
	i.mu.Unlock()
	return nil
}

// running is a container that was started.
type running struct {
	image   *Image
	id      string
	logging context.Context
	stopLog context.CancelFunc
	logged  chan error
}

// Signal has the engine send a signal.
func (r *running) Signal(s os.Signal) error {
	number, ok := s.(syscall.Signal)
	if !ok {
		return fmt.Errorf("%v is no signal that an engine can send", s)
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	err := r.image.engine.client.KillContainer(docker.KillContainerOptions{ID: r.id, Signal: docker.Signal(number), Context: ctx})
	var gone *docker.NoSuchContainer
	var ended *docker.ContainerNotRunning
	if errors.As(err, &gone) || errors.As(err, &ended) {
		return crash.ErrGone
	}
	if err != nil {
		return fmt.Errorf("send %v to a container: %w", s, err)
	}
	return nil
}

// logLimit is how long the rest of the log may take once the container has
// ended.
const logLimit = 5 * time.Second

// Wait waits for the end of the container and of its log, and removes it.
func (r *running) Wait() (crash.Exit, error) {
	defer r.stopLog()
	code, err := r.image.engine.client.WaitContainerWithContext(r.id, context.Background())
	if err != nil {
		return crash.Exit{}, fmt.Errorf("wait for a container: %w", err)
	}
	select {
	case err = <-r.logged:
	case <-time.After(logLimit):
		err = errors.New("it did not end with the container")
	}
	if err != nil {
		return crash.Exit{}, fmt.Errorf("read the log of a container: %w", err)
	}
	about, err := r.image.engine.client.InspectContainer(r.id)
	if err != nil {
		return crash.Exit{}, fmt.Errorf("look at a container that has ended: %w", err)
	}
	if err := r.image.remove(r.id); err != nil {
		return crash.Exit{}, err
	}
	return exitOf(code, about.State.OOMKilled), nil
}

// killedCode is what an engine tells of a program that SIGKILL has ended: the
// signal's number above 128.
const killedCode = 128 + int(syscall.SIGKILL)

// exitOf tells an exit as that of a process is told. One that the kernel killed
// for want of memory was not killed by us.
func exitOf(code int, outOfMemory bool) crash.Exit {
	switch {
	case outOfMemory:
		return crash.Exit{Code: code, Text: "killed for want of memory"}
	case code == killedCode:
		return crash.Exit{Killed: true, Code: -1, Text: "signal: killed"}
	}
	return crash.Exit{Code: code, Text: fmt.Sprintf("exit status %d", code)}
}
