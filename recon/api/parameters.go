package api

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// parameters reads what a request asks for, as Ozone's server does.
type parameters struct {
	request *http.Request
	query   url.Values
}

func newParameters(r *http.Request) *parameters {
	return &parameters{request: r, query: r.URL.Query()}
}

// text is a parameter as it stands.
func (p *parameters) text(name, missing string) string {
	if !p.query.Has(name) {
		return missing
	}
	return p.query.Get(name)
}

// boolean is true only for the word true, in any case.
func (p *parameters) boolean(name string, missing bool) bool {
	if !p.query.Has(name) {
		return missing
	}
	return strings.EqualFold(p.query.Get(name), "true")
}

// integer is a 32-bit number.
func (p *parameters) integer(name string, missing int) (int, error) {
	n, err := p.number(name, int64(missing), 32)
	return int(n), err
}

// long is a 64-bit number.
func (p *parameters) long(name string, missing int64) (int64, error) {
	return p.number(name, missing, 64)
}

func (p *parameters) number(name string, missing int64, bits int) (int64, error) {
	text := p.query.Get(name)
	if strings.TrimSpace(text) == "" {
		return missing, nil
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		return 0, badParameter(http.StatusNotFound, name, "%s must be a whole number from %d to %d, not %q.",
			name, int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits), text)
	}
	return n, nil
}

// required is a parameter that must be there and not empty.
func (p *parameters) required(name string) (string, error) {
	text := p.query.Get(name)
	if text == "" {
		return "", badParameter(http.StatusBadRequest, name, "%s is missing.", name)
	}
	return text, nil
}
