package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"reconsim/reports/record"
)

// The files that Render writes into a run directory.
const (
	PageFile    = "report.html"
	SummaryFile = "summary.md"
	JUnitFile   = "junit.xml"
)

// Render reads run.json and events.jsonl of a run directory and writes
// report.html, summary.md, junit.xml and a page for each entry of Run.Why beside
// them. A run without an event log, or with one that a killed process left
// unfinished, is rendered from what there is, and the page says so.
func Render(dir string) error {
	run, err := record.ReadRun(dir)
	if err != nil {
		return err
	}
	events, err := readEvents(dir)
	if err != nil {
		return err
	}
	files := []pageFile{
		{PageFile, func(w io.Writer) error { return writePage(w, run, events) }},
		{SummaryFile, func(w io.Writer) error { return WriteSummary(w, run) }},
		{JUnitFile, func(w io.Writer) error { return WriteJUnit(w, []record.Run{run}) }},
	}
	for i := range run.Why {
		files = append(files, pageFile{record.WhyPage(i), func(w io.Writer) error { return writeWhyPage(w, run, events, i) }})
	}
	return writeFiles(dir, files)
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
