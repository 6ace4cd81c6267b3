package oracle

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
)

// drawTries bounds the search for a request that the sample can answer.
const drawTries = 32

// sampledRequest is a request that an oracle of a sample can answer at index,
// "" if the tries were in vain.
func (o *Oracle) sampledRequest(index int64, rng *rand.Rand) (string, error) {
	kind := rng.IntN(sampledKinds)
	if kind < len(fixedRequests) {
		return fixedRequests[kind], nil
	}
	for range drawTries {
		r, err := o.drawRequest(kind, index, rng)
		if err != nil {
			return "", err
		}
		if r == "" {
			continue
		}
		// Most answers cost a few searches, so that trying is the simplest test.
		_, err = o.Ask(index, r)
		if !errors.Is(err, ErrNotModelled) {
			return r, err
		}
	}
	return "", nil
}

// sampledKinds are the kinds of request that drawRequest knows, after the fixed
// ones.
const sampledKinds = len(fixedRequests) + 14

// drawRequest is a request of a kind, "" if chance found nothing to ask about.
func (o *Oracle) drawRequest(kind int, index int64, rng *rand.Rand) (string, error) {
	limit := [...]int{1, 7, 50, 1000}[rng.IntN(4)]
	switch kind -= len(fixedRequests); kind {
	case 0:
		return o.drawFileCount(rng), nil
	case 1, 2:
		return fmt.Sprintf("/containers/%d/keys?limit=%d", o.Containers(rng, 1)[0], limit), nil
	case 3, 4:
		prefixes, err := o.Prefixes(index, rng, 1)
		if err != nil || len(prefixes) == 0 {
			return "", err
		}
		return fmt.Sprintf("/keys/listKeys?startPrefix=%s&limit=%d", url.QueryEscape(prefixes[0]), limit), nil
	case 5, 6:
		return o.drawPage(rng, limit), nil
	}
	paths, err := o.Paths(index, rng, 1)
	if err != nil {
		return "", err
	}
	path := url.QueryEscape(paths[0])
	switch kind {
	case 7, 8:
		return "/namespace/summary?path=" + path, nil
	case 9:
		return "/namespace/dist?path=" + path, nil
	case 10:
		return "/namespace/quota?path=" + path, nil
	default:
		return fmt.Sprintf("/namespace/usage?path=%s&files=%t&replica=%t", path, kind != 11, kind != 12), nil
	}
}

func (o *Oracle) drawFileCount(rng *rand.Rand) string {
	o.mu.RLock()
	defer o.mu.RUnlock()
	b, ok := o.buckets.sample(rng)
	if !ok {
		return ""
	}
	return fmt.Sprintf("/utilization/fileCount?volume=%s&bucket=%s", url.QueryEscape(b.volume), url.QueryEscape(b.name))
}

// drawPage is a page of a bucket's listing after a key that is loaded.
func (o *Oracle) drawPage(rng *rand.Rand, limit int) string {
	o.mu.RLock()
	defer o.mu.RUnlock()
	table := &o.keys
	if rng.IntN(2) == 0 {
		table = &o.files
	}
	r, ok := table.sample(rng)
	if !ok {
		return ""
	}
	return fmt.Sprintf("/keys/listKeys?startPrefix=%s&limit=%d&prevKey=%s",
		url.QueryEscape(r.in.home.key), limit, url.QueryEscape(r.dbKey()))
}
