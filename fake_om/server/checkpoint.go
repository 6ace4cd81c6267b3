package server

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	fakeom "reconsim/fake_om"
)

// handler serves the checkpoint servlets of one node.
func (n *nodeServer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/dbCheckpoint", func(w http.ResponseWriter, r *http.Request) { n.checkpoint(w, r, false) })
	mux.HandleFunc("/v2/dbCheckpoint", func(w http.ResponseWriter, r *http.Request) { n.checkpoint(w, r, true) })
	return mux
}

// checkpoint is a servlet of spec/om.md 4.1.
func (n *nodeServer) checkpoint(w http.ResponseWriter, r *http.Request, v2 bool) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	var exclude []string
	switch r.Method {
	case http.MethodGet:
		exclude = r.URL.Query()["toExcludeSST"]
	case http.MethodPost:
		var ok bool
		if exclude, ok = excluded(r); !ok {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	case http.MethodHead:
		return
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, contentType, err := n.node.Checkpoint(r.Context(), fakeom.CheckpointRequest{V2: v2, Exclude: exclude})
	if err != nil {
		refuse(w, r, err)
		return
	}
	name := "om.db_checkpoint_%d.tar"
	if v2 {
		name = "om.data-%d.tar"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", fmt.Sprintf(name, time.Now().UnixMilli())))
	err = stream(w, body)
	if err = errors.Join(err, body.Close()); err != nil {
		// The status is sent, so all that is left is to break off, which is what
		// this panic value asks net/http for.
		panic(http.ErrAbortHandler)
	}
}

// streamBytes is how much goes to the client at once; a slow transfer's reads
// are smaller.
const streamBytes = 256 << 10

// stream copies the body and sends each piece as it comes, so that a trickle
// is one on the wire.
func stream(w http.ResponseWriter, body io.Reader) error {
	controller := http.NewResponseController(w)
	buffer := make([]byte, streamBytes)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
			if err := controller.Flush(); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// refuse answers what is no checkpoint.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	var status interface{ HTTPStatus() int }
	if !errors.As(err, &status) {
		// The node cannot be reached: no answer at all.
		panic(http.ErrAbortHandler)
	}
	const reason = "Unable to process metadata snapshot request as this OM is not the leader or not ready to serve requests"
	servlet := strings.ReplaceAll(strings.Trim(r.URL.Path, "/"), "v2/dbCheckpoint", "dbCheckpointv2")
	page := fmt.Sprintf("<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n"+
		"<title>Error %[1]d %[2]s</title>\n</head>\n<body><h2>HTTP ERROR %[1]d %[2]s</h2>\n<table>\n"+
		"<tr><th>URI:</th><td>%[3]s</td></tr>\n<tr><th>STATUS:</th><td>%[1]d</td></tr>\n"+
		"<tr><th>MESSAGE:</th><td>%[2]s</td></tr>\n<tr><th>SERVLET:</th><td>%[4]s</td></tr>\n</table>\n\n</body>\n</html>\n",
		status.HTTPStatus(), reason, r.URL.Path, servlet)
	w.Header().Set("Cache-Control", "must-revalidate,no-cache,no-store")
	w.Header().Set("Content-Type", "text/html;charset=iso-8859-1")
	w.WriteHeader(status.HTTPStatus())
	_, _ = io.WriteString(w, page) // the client may be gone, nobody is to be told
}

// maxFormBytes bounds a form of exclusions.
const maxFormBytes = 16 << 20

// excluded reads the form fields toExcludeSST[]. It is false if the request is
// no multipart form. As upstream's, the parser goes on with what it has when
// the form is not well-formed: Recon's own client sends a field without a value
// right before the closing delimiter.
func excluded(r *http.Request) (names []string, ok bool) {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, false
	}
	boundary := parameters["boundary"]
	form := multipart.NewReader(io.LimitReader(r.Body, maxFormBytes), boundary)
	for {
		part, err := form.NextPart()
		if err != nil {
			return names, true
		}
		value, err := io.ReadAll(part)
		name := strings.TrimRight(string(value), "\r\n")
		if part.FormName() == "toExcludeSST[]" && name != "" && !strings.HasPrefix(name, "--"+boundary) {
			names = append(names, name)
		}
		if err != nil {
			return names, true
		}
	}
}
