package scenarios_test

import (
	"errors"
	"fmt"
	"strings"

	"reconsim/faults/plan"
	"reconsim/faults/point"
	"reconsim/scenarios"
)

// testVocabulary is what sim fills in the program. The points and the plan
// language are the real ones, so that the corpus is checked against them.
func testVocabulary() *scenarios.Vocabulary {
	v := &scenarios.Vocabulary{
		Properties:       strings.Fields("one-generation never-empty exact monotonic no-error read-your-commit converge watermark-honest legal-edges no-leak crash-atomic durable-commit"),
		ReaderProperties: strings.Fields("one-generation never-empty exact monotonic no-error"),
		Tasks:            strings.Fields("NSSummaryTask OmTableInsightTask FileSizeCountTaskFSO FileSizeCountTaskOBS ContainerKeyMapperTaskFSO ContainerKeyMapperTaskOBS"),
		States:           strings.Fields("NONE INITIALIZING PROCESSING READY_TO_COMMIT COMMITTING COMMITTED ROLLING_BACK FAILED"),
		Phases:           strings.Fields("IDLE DOWNLOAD REPROCESS"),
		Outcomes:         strings.Fields("COMMITTED ROLLED_BACK"),
		OMCalls:          strings.Fields("ServiceList DBUpdates Checkpoint"),
		Endpoints:        strings.Fields("namespace/summary namespace/usage namespace/dist containers/keys keys/summaries keys/listKeys utilization/fileCount clusterState task/status"),
		ConfigKeys: strings.Fields(`ozone.recon.om.snapshot.task.initial.delay ozone.recon.om.snapshot.task.interval.delay
			ozone.recon.staging.retry.delay.minutes ozone.recon.staging.max.retry.attempts
			ozone.recon.staging.thread.pool.size ozone.recon.staging.auto.retry.enabled ozone.recon.staging.timeout.minutes`),
		Layouts:    strings.Fields("FILE_SYSTEM_OPTIMIZED OBJECT_STORE LEGACY"),
		Schemas:    strings.Fields("2.2.0 trunk"),
		Protocols:  strings.Fields("generation rename truncate"),
		Strategies: strings.Fields("random pct round-robin"),
		Tiers: []scenarios.Tier{
			{Name: "sim"},
			{Name: "local", Cannot: map[string]string{"schedule": "goroutines are the operating system's"}},
			{Name: "container", Cannot: map[string]string{"fault *": "no fault points in a foreign Recon", "do cancel": "it has no such call"}},
		},
		CheckConfig: func(key, value string) error {
			if strings.HasSuffix(key, "attempts") && strings.Trim(value, "0123456789") != "" {
				return fmt.Errorf("%s: %q is not a whole number", key, value)
			}
			return nil
		},
		ParseRule: parseRule,
	}
	for _, p := range point.All() {
		v.Points = append(v.Points, p.String())
	}
	return v
}

func parseRule(text string) (scenarios.Rule, *scenarios.RuleError) {
	rule, err := plan.ParseRule(text)
	var bad *plan.ParseError
	if errors.As(err, &bad) {
		return scenarios.Rule{}, &scenarios.RuleError{Column: bad.Column, Message: bad.Message, Suggestion: bad.Suggestion}
	}
	out := scenarios.Rule{Name: rule.Name, Point: rule.Point.String(), Subject: string(rule.Of)}
	for _, a := range rule.Do {
		word, _, _ := strings.Cut(a.String(), " ")
		out.Actions = append(out.Actions, word)
	}
	return out, nil
}
