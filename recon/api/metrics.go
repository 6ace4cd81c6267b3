package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what GET /metrics shows (spec/api.md 9.9).
type metrics struct {
	handler  http.Handler
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(s *server) *metrics {
	labels := []string{"route", "method", "code"}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "recon_http_requests_total", Help: "Requests answered.",
		}, labels),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "recon_http_request_duration_seconds", Help: "Time from a request to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}, labels),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "recon_build_info", Help: "Always 1; the label says which version runs.",
		ConstLabels: prometheus.Labels{"version": s.Version},
	})
	info.Set(1)
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.duration, info)
	registry.MustRegister(s.Collectors...)
	m.handler = promhttp.HandlerFor(prometheus.Gatherers{registry, prometheus.GathererFunc(s.stateFamilies)}, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) serve(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// observe counts a request. Labels are bounded: the route is a pattern, and a
// method nobody serves is "other".
func (m *metrics) observe(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		method = "other"
	}
	values := []string{strings.TrimSuffix(route, "{$}"), strings.ToLower(method), statusLabel(status)}
	m.requests.WithLabelValues(values...).Inc()
	m.duration.WithLabelValues(values...).Observe(took.Seconds())
}
