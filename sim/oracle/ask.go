package oracle

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrNotModelled means that the oracle has no opinion about a request.
var ErrNotModelled = errors.New("the oracle does not know this request")

// defaultLimit is Ozone's page size.
const defaultLimit = 1000

// Ask is the answer to a GET of path and query, such as
// "/api/v1/namespace/summary?path=/vol"; the prefix /api/v1 may be missing. It
// returns ErrNotModelled for requests it cannot judge.
func (o *Oracle) Ask(index int64, request string) (Answer, error) {
	u, err := url.ParseRequestURI(request)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %v", ErrNotModelled, err)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %v", ErrNotModelled, err)
	}
	route := strings.TrimPrefix(u.Path, "/api/v1")
	if id, ok := containerOf(route); ok {
		return o.askContainer(index, id, q)
	}
	switch route {
	case "/namespace/summary":
		return o.Summary(index, q.Get("path"))
	case "/namespace/usage":
		return o.Usage(index, q.Get("path"), UsageOptions{
			Files: isTrue(q.Get("files")), Replica: isTrue(q.Get("replica")),
			Unsorted: q.Has("sortSubPaths") && !isTrue(q.Get("sortSubPaths")),
		})
	case "/namespace/dist":
		return o.Distribution(index, q.Get("path"))
	case "/namespace/quota":
		return o.Quota(index, q.Get("path"))
	case "/keys/open/summary":
		return o.OpenSummary(index)
	case "/keys/open/mpu/summary":
		return o.UploadSummary(index)
	case "/keys/deletePending/summary":
		return o.DeletedSummary(index)
	case "/keys/deletePending/dirs/summary":
		return o.DeletedDirectorySummary(index)
	case "/keys/listKeys":
		return o.askListKeys(index, q)
	case "/utilization/fileCount":
		return o.askFileCounts(index, q)
	case "/clusterState":
		return o.ClusterState(index)
	default:
		return Answer{}, fmt.Errorf("%w: %s", ErrNotModelled, route)
	}
}

// containerOf takes the id out of /containers/{id}/keys.
func containerOf(route string) (int64, bool) {
	rest, ok := strings.CutPrefix(route, "/containers/")
	if !ok {
		return 0, false
	}
	text, ok := strings.CutSuffix(rest, "/keys")
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil
}

func isTrue(s string) bool { return strings.EqualFold(s, "true") }

// number reads a parameter that may be missing.
func number(q url.Values, name string, missing int64) (int64, error) {
	if !q.Has(name) {
		return missing, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: parameter %s: %v", ErrNotModelled, name, err)
	}
	return n, nil
}

func (o *Oracle) askContainer(index, id int64, q url.Values) (Answer, error) {
	limit, err := number(q, "limit", defaultLimit)
	if err != nil {
		return Answer{}, err
	}
	if limit < Unlimited {
		return Answer{}, fmt.Errorf("%w: limit %d", ErrNotModelled, limit)
	}
	return o.ContainerKeys(index, id, int(limit), q.Get("prevKey"))
}

func (o *Oracle) askListKeys(index int64, q url.Values) (Answer, error) {
	limit, err := number(q, "limit", defaultLimit)
	if err != nil {
		return Answer{}, err
	}
	size, err := number(q, "keySize", 0)
	if err != nil {
		return Answer{}, err
	}
	f := KeyFilter{
		Limit: int(limit), PrevKey: q.Get("prevKey"),
		ReplicationType: q.Get("replicationType"), MinSizeBytes: size,
	}
	if text := q.Get("creationDate"); text != "" {
		// The date is in the server's zone, which is ours in every tier that
		// asks for dates.
		date, err := time.ParseInLocation("01-02-2006 15:04:05", text, time.Local)
		if err != nil {
			return Answer{}, fmt.Errorf("%w: creationDate %q means now", ErrNotModelled, text)
		}
		f.CreatedFromMillis = date.UnixMilli()
	}
	return o.ListKeys(index, q.Get("startPrefix"), f)
}

func (o *Oracle) askFileCounts(index int64, q url.Values) (Answer, error) {
	size, err := number(q, "fileSize", 0)
	if err != nil {
		return Answer{}, err
	}
	return o.FileCounts(index, FileCountFilter{Volume: q.Get("volume"), Bucket: q.Get("bucket"), FileSize: size})
}
