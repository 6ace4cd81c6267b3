package conform

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	longestLineBytes = 64 << 20
	largestFileBytes = 1 << 30
)

// SetError says where a set is not what a set should be. Line and Column count
// from 1; they are 0 if the file as a whole is to blame.
type SetError struct {
	File         string
	Line, Column int
	Message      string
}

// Error is the place and what is wrong there.
func (e *SetError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// line is one line of a set's file.
type line struct {
	file   string
	number int
	data   []byte
}

// wrong is a mistake in one field of the line.
func (l line) wrong(field, format string, args ...any) error {
	column := max(0, bytes.Index(l.data, []byte(`"`+field+`"`))) + 1
	return &SetError{File: l.file, Line: l.number, Column: column, Message: fmt.Sprintf(format, args...)}
}

// decode reads the line's JSON.
func (l line) decode(into any) error {
	err := json.Unmarshal(l.data, into)
	if err == nil {
		return nil
	}
	offset := len(l.data)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = int(syntax.Offset)
	case errors.As(err, &kind):
		offset = int(kind.Offset)
	}
	before := l.data[:min(max(offset-1, 0), len(l.data))]
	at := bytes.LastIndexByte(before, '\n')
	return &SetError{
		File: l.file, Line: l.number + bytes.Count(before, []byte{'\n'}), Column: len(before) - at,
		Message: err.Error(),
	}
}

// bytes reads a field in hexadecimal; null and absent are nil.
func (l line) bytes(field string, text *string) ([]byte, error) {
	if text == nil {
		return nil, nil
	}
	value := make([]byte, 0, len(*text)/2)
	value, err := hex.AppendDecode(value, []byte(*text))
	if err != nil {
		return nil, l.wrong(field, "%s is not hexadecimal: %v", field, err)
	}
	return value, nil
}

// open opens a file that may lie compressed; path is the one that is there. A
// missing file is fs.ErrNotExist.
func open(dir, file string) (r io.ReadCloser, path string, err error) {
	path = filepath.Join(dir, file)
	f, err := os.Open(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return f, path, err
	}
	packed, err := os.Open(path + ".gz")
	if err != nil {
		return nil, path, err
	}
	unpack, err := gzip.NewReader(packed)
	if err != nil {
		return nil, path + ".gz", errors.Join(&SetError{File: path + ".gz", Message: err.Error()}, packed.Close())
	}
	return &unpacked{unpack, packed}, path + ".gz", nil
}

// unpacked is a compressed file that is read unpacked.
type unpacked struct {
	*gzip.Reader
	packed *os.File
}

// Close closes the file.
func (u *unpacked) Close() error { return errors.Join(u.Reader.Close(), u.packed.Close()) }

// whole reads a file that is one JSON document, as one line.
func whole(dir, file string) (l line, err error) {
	r, path, err := open(dir, file)
	if err != nil {
		return line{}, placed(path, 0, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	data, err := io.ReadAll(io.LimitReader(r, longestLineBytes+1))
	if err == nil && len(data) > longestLineBytes {
		err = fmt.Errorf("more than %d bytes", longestLineBytes)
	}
	return line{file: path, number: 1, data: data}, placed(path, 0, err)
}

// eachLine calls fn for every line that is not empty.
func eachLine(dir, file string, fn func(line) error) (err error) {
	r, path, err := open(dir, file)
	if err != nil {
		return placed(path, 0, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	limited := &io.LimitedReader{R: r, N: largestFileBytes + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, longestLineBytes)
	number := 0
	for lines.Scan() {
		number++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := fn(line{path, number, lines.Bytes()}); err != nil {
			return err
		}
	}
	if limited.N == 0 {
		return placed(path, number+1, fmt.Errorf("more than %d bytes", int64(largestFileBytes)))
	}
	return placed(path, number+1, lines.Err())
}

// placed makes a failure to read a file a SetError. That a file is missing is
// kept for whoever can do without.
func placed(path string, number int, err error) error {
	var known *SetError
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.As(err, &known) {
		return err
	}
	return &SetError{File: path, Line: number, Column: min(number, 1), Message: err.Error()}
}

// optional is err unless it says that a file is missing.
func optional(err error) (missing bool, _ error) {
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}
