package container

import (
	"context"
	"fmt"
	"time"

	"github.com/ory/dockertest/v3/docker"
)

// apiWanted is the API that is spoken if the engine still speaks it: that of
// engine 20.10.
const apiWanted = "1.41"

// answerLimit is how long an engine may take for what does not depend on the
// size of anything.
const answerLimit = 30 * time.Second

// Engine is a container engine that answers.
type Engine struct {
	client *docker.Client
	// Version is the engine's own, API the version of the API that is spoken.
	Version, API string
}

// NoEngineError is that no engine answers, or none that we can use.
type NoEngineError struct {
	// Endpoint is where one was looked for.
	Endpoint string
	Err      error
}

// Error says where and why.
func (e *NoEngineError) Error() string {
	return fmt.Sprintf("no container engine answers at %s: %v", e.Endpoint, e.Err)
}

// Unwrap is what was tried and failed.
func (e *NoEngineError) Unwrap() error { return e.Err }

// Open finds the engine that the environment names (DOCKER_HOST and the other
// variables of the docker command), else the one at Docker's own socket. The
// error is a [NoEngineError].
func Open(ctx context.Context) (*Engine, error) {
	asking, err := docker.NewVersionedClientFromEnv("")
	if err != nil {
		return nil, &NoEngineError{Endpoint: "the address in DOCKER_HOST", Err: err}
	}
	asking.SkipServerVersionCheck = true
	engine, err := open(ctx, asking)
	if err != nil {
		return nil, &NoEngineError{Endpoint: asking.Endpoint(), Err: err}
	}
	return engine, nil
}

func open(ctx context.Context, asking *docker.Client) (*Engine, error) {
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	if err := asking.PingWithContext(limited); err != nil {
		return nil, err
	}
	about, err := asking.Version()
	if err != nil {
		return nil, err
	}
	api, err := choose(about.Get("ApiVersion"), about.Get("MinAPIVersion"))
	if err != nil {
		return nil, err
	}
	client, err := docker.NewVersionedClientFromEnv(api)
	if err != nil {
		return nil, err
	}
	client.SkipServerVersionCheck = true
	return &Engine{client: client, Version: about.Get("Version"), API: api}, nil
}

// choose picks the version of the API to speak with an engine that speaks those
// from oldest to newest. Old engines do not tell their oldest.
func choose(newest, oldest string) (string, error) {
	wanted, err := docker.NewAPIVersion(apiWanted)
	if err != nil {
		return "", err
	}
	upTo, err := docker.NewAPIVersion(newest)
	if err != nil {
		return "", fmt.Errorf("its API has the version %q: %w", newest, err)
	}
	if upTo.LessThan(wanted) {
		return "", fmt.Errorf("its API %s is older than %s: an engine from 20.10 on is needed", newest, apiWanted)
	}
	if oldest == "" {
		return apiWanted, nil
	}
	from, err := docker.NewAPIVersion(oldest)
	if err != nil {
		return "", fmt.Errorf("its API begins with the version %q: %w", oldest, err)
	}
	if from.GreaterThan(wanted) {
		return oldest, nil
	}
	return apiWanted, nil
}
