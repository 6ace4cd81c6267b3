package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"reconsim/reports/record"
)

// The files that Render writes into a run directory, besides a page for each
// entry of Run.Why (record.WhyPage).
const (
	PageFile        = "report.html"
	CrashesPageFile = "crashes.html"
	ExplorePageFile = "explore.html"
	SummaryFile     = "summary.md"
	JUnitFile       = "junit.xml"
)

// Render reads the records of a run directory and writes their pages beside
// them: report.html and the why pages of a run.json with its events.jsonl,
// crashes.html of a crashes.json, explore.html of an explore.json; and
// summary.md and junit.xml about all of them. A run without an event log, or
// with one that a killed process left unfinished, is rendered from what there
// is, and the page says so.
func Render(dir string) error {
	var all rendering
	for _, add := range []func(string) error{all.addRun, all.addCrashes, all.addExploration} {
		if err := add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(all.files) == 0 {
		return fmt.Errorf("%s has no %s, %s or %s: is it a run directory?", dir, record.RunFile, record.CrashesFile, record.ExplorationFile)
	}
	all.add(SummaryFile, func(w io.Writer) error {
		for i, write := range all.summaries {
			if i > 0 {
				if _, err := io.WriteString(w, "\n"); err != nil {
					return err
				}
			}
			if err := write(w); err != nil {
				return err
			}
		}
		return nil
	})
	all.add(JUnitFile, func(w io.Writer) error { return writeSuites(w, all.suites, all.seconds) })
	return writeFiles(dir, all.files)
}

// rendering gathers what the records of one run directory give.
type rendering struct {
	files     []pageFile
	summaries []func(io.Writer) error
	suites    []junit.Testsuite
	seconds   float64
}

func (r *rendering) add(name string, write func(io.Writer) error) {
	r.files = append(r.files, pageFile{name, write})
}

func (r *rendering) addRun(dir string) error {
	run, err := record.ReadRun(dir)
	if err != nil {
		return err
	}
	events, err := readEvents(dir)
	if err != nil {
		return err
	}
	r.add(PageFile, func(w io.Writer) error { return writePage(w, run, events) })
	for i := range run.Why {
		r.add(record.WhyPage(i), func(w io.Writer) error { return writeWhyPage(w, run, events, i) })
	}
	r.summaries = append(r.summaries, func(w io.Writer) error { return WriteSummary(w, run) })
	r.suites, r.seconds = append(r.suites, junitSuite(run)), r.seconds+run.Seconds
	return nil
}

func (r *rendering) addCrashes(dir string) error {
	m, err := record.ReadCrashMatrix(dir)
	if err != nil {
		return err
	}
	r.add(CrashesPageFile, func(w io.Writer) error { return writeCrashPage(w, m) })
	r.summaries = append(r.summaries, func(w io.Writer) error { return WriteCrashSummary(w, m) })
	r.suites, r.seconds = append(r.suites, crashSuite(m)), r.seconds+m.Seconds
	return nil
}

func (r *rendering) addExploration(dir string) error {
	e, err := record.ReadExploration(dir)
	if err != nil {
		return err
	}
	r.add(ExplorePageFile, func(w io.Writer) error { return writeExplorePage(w, e) })
	r.summaries = append(r.summaries, func(w io.Writer) error { return WriteExploreSummary(w, e) })
	r.suites, r.seconds = append(r.suites, exploreSuite(e)), r.seconds+e.Seconds
	return nil
}

// pageFile is a file of a run directory and what writes its content.
type pageFile struct {
	name  string
	write func(io.Writer) error
}

func writeFiles(dir string, files []pageFile) error {
	for _, file := range files {
		var content bytes.Buffer
		if err := file.write(&content); err != nil {
			return fmt.Errorf("render %s of %s: %w", file.name, dir, err)
		}
		if err := os.WriteFile(filepath.Join(dir, file.name), content.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}

// events is what the page needs of an event log.
type events struct {
	om      []record.Event
	faults  []record.Event
	samples []record.Event
	// note says what is missing, in one sentence; empty if nothing is.
	note string
}

// maxEvents bounds each kind kept, so that a log of any size can be rendered.
const maxEvents = 200_000

func readEvents(dir string) (events, error) {
	var kept events
	dropped := 0
	keep := func(list *[]record.Event, event record.Event) {
		if len(*list) == maxEvents {
			dropped++
			return
		}
		*list = append(*list, event)
	}
	err := record.ReadEvents(dir, func(event record.Event) error {
		switch event.Kind {
		case record.KindOM:
			keep(&kept.om, event)
		case record.KindFault:
			keep(&kept.faults, event)
		case record.KindReadSample:
			keep(&kept.samples, event)
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kept.note = "The run left no event log: what readers, the OM and the faults did over time is not shown."
	case errors.Is(err, record.ErrTruncated):
		kept.note = "The event log is cut short: the run was ended from outside."
	case err != nil:
		return events{}, err
	case dropped > 0:
		kept.note = fmt.Sprintf("The event log is long: %s are not drawn.", plural(dropped, "event"))
	}
	return kept, nil
}
