package oracle

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// Paths gives n paths for readers to ask about at index, chosen by rng: the
// root, volumes, buckets, directories and keys that exist, and about one in
// sixteen that does not.
func (o *Oracle) Paths(index int64, rng *rand.Rand, n int) ([]string, error) {
	release, err := o.view(index)
	if err != nil {
		return nil, err
	}
	defer release()
	paths := make([]string, n)
	for i := range paths {
		paths[i] = o.randomPath(index, rng)
		if rng.IntN(16) == 0 {
			missing := strings.TrimSuffix(paths[i], "/") + "/no-such-name"
			if _, err := o.resolve(index, missing); err == nil {
				paths[i] = missing
			}
		}
	}
	return paths, nil
}

// randomPath is "/" when the first choice falls on something that is not there
// at index.
func (o *Oracle) randomPath(index int64, rng *rand.Rand) string {
	switch rng.IntN(10) {
	case 0:
	case 1:
		if v, ok := o.volumes.sample(rng); ok && *v.fact.at(index) != nil {
			return "/" + v.name
		}
	case 2, 3, 4:
		if b, ok := o.buckets.sample(rng); ok && b.state.at(index).fact != nil {
			return b.key
		}
	case 5, 6, 7:
		if r, ok := o.dirs.sample(rng); ok && r.state.at(index).child != nil {
			if path, reachable := r.in.pathBelow(r.in.home.root(index), index); reachable {
				return r.in.home.key + "/" + path + r.name
			}
		}
	case 8:
		return o.pathOf(&o.keys, index, rng)
	case 9:
		return o.pathOf(&o.files, index, rng)
	}
	return "/"
}

func (o *Oracle) pathOf(table *ordered[*keyRow], index int64, rng *rand.Rand) string {
	if r, ok := table.sample(rng); ok && r.state.at(index).present {
		if path, reachable := r.fullPath(index); reachable {
			return "/" + path
		}
	}
	return "/"
}

// Containers gives n ids of containers, one in sixteen of them unknown.
func (o *Oracle) Containers(rng *rand.Rand, n int) []int64 {
	o.mu.RLock()
	defer o.mu.RUnlock()
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = 1<<40 + int64(rng.IntN(1000))
		if c, ok := o.inOrder.sample(rng); ok && rng.IntN(16) != 0 {
			ids[i] = c.id
		}
	}
	return ids
}

// Prefixes gives n prefixes for listKeys at index: buckets, and directories of
// FSO buckets.
func (o *Oracle) Prefixes(index int64, rng *rand.Rand, n int) ([]string, error) {
	release, err := o.view(index)
	if err != nil {
		return nil, err
	}
	defer release()
	prefixes := make([]string, 0, n)
	for tries := 0; len(prefixes) < n && tries < 64*n; tries++ {
		path := o.randomPath(index, rng)
		if p, err := o.resolve(index, path); err == nil && p.listed() {
			prefixes = append(prefixes, path)
		}
	}
	return prefixes, nil
}

// listed tells whether all keys in and below a bucket or directory are there.
func (p place) listed() bool {
	switch p.kind {
	case bucketPath:
		return !p.bucket.partial
	case directoryPath:
		// What is below a directory of the sample is in the sample.
		return !p.dir.dirsFolded && !p.dir.filesFolded
	default:
		return false
	}
}

// Requests gives n requests, path and query, over all endpoints that the oracle
// can judge, with pages small enough for frequent asking.
func (o *Oracle) Requests(index int64, rng *rand.Rand, n int) ([]string, error) {
	requests := make([]string, 0, n)
	for len(requests) < n {
		draw := o.randomRequest
		if o.sample != nil {
			draw = o.sampledRequest
		}
		r, err := draw(index, rng)
		if err != nil {
			return nil, err
		}
		if r != "" {
			requests = append(requests, "/api/v1"+r)
		}
	}
	return requests, nil
}

// fixedRequests take no parameters.
var fixedRequests = [...]string{
	"/keys/open/summary", "/keys/open/mpu/summary", "/keys/deletePending/summary",
	"/keys/deletePending/dirs/summary", "/clusterState", "/utilization/fileCount",
}

func (o *Oracle) randomRequest(index int64, rng *rand.Rand) (string, error) {
	kind := rng.IntN(16)
	if kind < len(fixedRequests) {
		return fixedRequests[kind], nil
	}
	limit := [...]int{1, 7, 50, 1000}[rng.IntN(4)]
	if kind >= 14 {
		prefixes, err := o.Prefixes(index, rng, 1)
		if err != nil || len(prefixes) == 0 {
			return "", err
		}
		return fmt.Sprintf("/keys/listKeys?startPrefix=%s&limit=%d", url.QueryEscape(prefixes[0]), limit), nil
	}
	if kind >= 12 {
		return fmt.Sprintf("/containers/%d/keys?limit=%d", o.Containers(rng, 1)[0], limit), nil
	}
	paths, err := o.Paths(index, rng, 1)
	if err != nil {
		return "", err
	}
	path := url.QueryEscape(paths[0])
	switch kind {
	case 6, 7:
		return "/namespace/summary?path=" + path, nil
	case 8:
		return "/namespace/dist?path=" + path, nil
	default:
		return fmt.Sprintf("/namespace/usage?path=%s&files=%t&replica=%t", path, kind == 9, kind != 11), nil
	}
}
