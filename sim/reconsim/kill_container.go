package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"reconsim/reports/record"
	"reconsim/sim/crash"
	"reconsim/sim/crash/container"
)

// containerReport is in what a loop's containers ran.
type containerReport struct {
	// Engine is the version of the engine, API that of the API spoken with it.
	Engine string `json:"engine"`
	API    string `json:"api"`
	// ImageBytes is the size of the image.
	ImageBytes int64 `json:"imageBytes"`
}

// String is the report in a line.
func (c containerReport) String() string {
	return fmt.Sprintf("container engine %s, API %s, image of %.1f MiB FROM scratch", c.Engine, c.API, float64(c.ImageBytes)/(1<<20))
}

// openEngine finds the container engine, or says what to do about there being
// none.
func openEngine(ctx context.Context) (*container.Engine, error) {
	engine, err := container.Open(ctx)
	var none *container.NoEngineError
	if errors.As(err, &none) {
		return nil, &record.Failure{Kind: record.KindEnvironment, Message: err.Error(),
			Suggestion: "as root, make docker installs and starts one; DOCKER_HOST names one that is elsewhere on this machine"}
	}
	return engine, err
}

// probeEngine says which engine answers.
func (p *program) probeEngine(ctx context.Context, f killLoopFlags) error {
	if !f.container {
		return usage("--probe needs --container")
	}
	engine, err := openEngine(ctx)
	if err != nil {
		return environment(err)
	}
	if p.json {
		return p.print(killLoopReport{Container: &containerReport{Engine: engine.Version, API: engine.API}})
	}
	fmt.Fprintf(p.out, "container engine %s answers, API %s\n", engine.Version, engine.API)
	return nil
}

// runInContainers runs the loop with serve in containers. The image and what is
// left of its containers go when it ends, also after a failure and after Ctrl-C.
func (p *program) runInContainers(ctx context.Context, executable string, o crash.Options) (report killLoopReport, err error) {
	engine, err := openEngine(ctx)
	if err != nil {
		return report, err
	}
	// A mount needs an absolute path.
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return report, err
	}
	image, err := engine.Build(ctx, executable)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, image.Close()) }()
	o.Start = image.Starter(o.Dir)
	o.QuotaProcessing, o.QuotaSwitching = (o.Times+1)/2, 0
	report.Container = &containerReport{Engine: engine.Version, API: engine.API, ImageBytes: image.SizeBytes}
	report.Report, err = crash.Run(ctx, o)
	return report, err
}
