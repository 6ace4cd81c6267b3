package api

import (
	"embed"
	"fmt"
	"net/http"
	"path"
)

//go:embed ui
var pageFiles embed.FS

// contentPolicy lets the page load nothing but its own two files and call
// nothing but this server.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page serves a file of the web page.
func page(name string) http.HandlerFunc {
	content, err := pageFiles.ReadFile(path.Join("ui", name))
	if err != nil {
		panic(fmt.Sprintf("api: the program was built without its page: %v", err))
	}
	kind := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript"}[path.Ext(name)]
	if kind == "" {
		panic("api: no content type for " + name)
	}
	kind += "; charset=utf-8"
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		writeBody(w, r, http.StatusOK, content)
	}
}
