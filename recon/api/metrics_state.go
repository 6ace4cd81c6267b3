package api

import (
	"context"
	"errors"

	dto "github.com/prometheus/client_model/go"

	"reconsim/recon/generation"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

// stateFamilies reads Control and Views when somebody asks for metrics, so that
// no number is older than the answer. It makes the families itself because a
// collector of the client library would have to speak through channels.
func (s *server) stateFamilies() ([]*dto.MetricFamily, error) {
	var families []*dto.MetricFamily
	served, err := s.servedLabel(context.Background(), "metrics")
	if serving := err == nil; serving || errors.Is(err, swap.ErrNothingPublished) {
		families, err = s.servingFamilies(served, serving), nil
	}
	status := s.Control.StagingStatus()
	states := newFamily("recon_staging_state", "1 for the state that staging is in.", dto.MetricType_GAUGE)
	for _, state := range staging.States() {
		states.add("state", state.String(), truth(state == status.State))
	}
	progress := newFamily("recon_staging_progress_ratio", "Share of a task's rows that a rebuild has done.", dto.MetricType_GAUGE)
	rows := newFamily("recon_staging_rows_processed_total", "Rows that a task has seen in the rebuild that goes on or went last.", dto.MetricType_COUNTER)
	for _, t := range status.Tasks {
		progress.add("task", t.Name, taskProgress(t))
		rows.add("task", t.Name, float64(t.RowsDone))
	}
	applied := newFamily("recon_task_applied_sequence", "Last OM sequence number that a task has taken.", dto.MetricType_GAUGE)
	running := newFamily("recon_task_running", "1 while a task runs, on a delta or in a rebuild.", dto.MetricType_GAUGE)
	failed := newFamily("recon_task_failed", "1 if a task's last run failed.", dto.MetricType_GAUGE)
	for _, t := range s.Control.TaskStatuses(served) {
		applied.add("task", t.Name, float64(t.AppliedSeq))
		running.add("task", t.Name, truth(t.Running))
		failed.add("task", t.Name, truth(t.RunStatus < 0))
	}
	streams := newFamily("recon_event_streams_open", "Clients that follow the events of staging.", dto.MetricType_GAUGE)
	streams.add("", "", float64(s.streams.open.Load()))
	for _, f := range []*family{states, progress, rows, applied, running, failed, streams} {
		families = f.appendTo(families)
	}
	return families, err
}

// servingFamilies are the metrics about what is served.
func (s *server) servingFamilies(l generation.Label, serving bool) (families []*dto.MetricFamily) {
	gauge := func(name, help string, value float64) {
		f := newFamily(name, help, dto.MetricType_GAUGE)
		f.add("", "", value)
		families = f.appendTo(families)
	}
	if latest, known := s.Control.OMLatestSeq(); known {
		gauge("recon_om_latest_sequence", "Newest sequence number heard of from the OM.", float64(latest))
	}
	gauge("recon_serving", "1 if a committed generation is served.", truth(serving))
	if !serving {
		return families
	}
	gauge("recon_serving_snapshot_sequence", "OM sequence number that the served generation was built from.", float64(l.BaseSeq))
	gauge("recon_serving_applied_sequence", "Last OM sequence number folded into what is served.", float64(l.AppliedSeq))
	gauge("recon_serving_data_timestamp_seconds", "When what is served was fetched from the OM.", float64(l.AsOf.UnixMilli())/1000)
	return families
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// family builds one metric family.
type family struct{ dto *dto.MetricFamily }

func newFamily(name, help string, kind dto.MetricType) *family {
	return &family{&dto.MetricFamily{Name: &name, Help: &help, Type: &kind}}
}

// add adds a sample with one label, or none if its name is empty.
func (f *family) add(label, labelValue string, value float64) {
	m := &dto.Metric{}
	if label != "" {
		m.Label = []*dto.LabelPair{{Name: &label, Value: &labelValue}}
	}
	if f.dto.GetType() == dto.MetricType_COUNTER {
		m.Counter = &dto.Counter{Value: &value}
	} else {
		m.Gauge = &dto.Gauge{Value: &value}
	}
	f.dto.Metric = append(f.dto.Metric, m)
}

// appendTo appends the family if it has samples; an empty one is no family.
func (f *family) appendTo(families []*dto.MetricFamily) []*dto.MetricFamily {
	if len(f.dto.Metric) == 0 {
		return families
	}
	return append(families, f.dto)
}
