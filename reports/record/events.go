package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// MaxEventBytes is the longest line of events.jsonl that is read.
const MaxEventBytes = 1 << 20

// eventBufferBytes bounds what a killed process can lose.
const eventBufferBytes = 64 << 10

// ErrTruncated says that the last line of events.jsonl is unfinished, as a
// killed process leaves it. Every whole line before it was delivered.
var ErrTruncated = errors.New("the last event is cut short")

// EventWriter appends events to a run directory's events.jsonl through a
// bounded buffer. It may be used from many goroutines. After the first error
// every call returns that error.
type EventWriter struct {
	mu     sync.Mutex
	file   *os.File
	buffer *bufio.Writer
	err    error
}

// OpenEvents opens events.jsonl of dir for appending, making both if need be.
func OpenEvents(dir string) (*EventWriter, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the run directory: %w", err)
	}
	path := filepath.Join(dir, EventsFile)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the event log: %w", err)
	}
	return &EventWriter{file: file, buffer: bufio.NewWriterSize(file, eventBufferBytes)}, nil
}

// Append adds one event. It reaches the file when the buffer is full, or with
// Flush or Close.
func (w *EventWriter) Append(event Event) error {
	line, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode an event of kind %s: %w", event.Kind, err)
	}
	if len(line) >= MaxEventBytes {
		return fmt.Errorf("event of kind %s takes %d bytes, the limit is %d: shorten its message",
			event.Kind, len(line), MaxEventBytes)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if _, err := w.buffer.Write(append(line, '\n')); err != nil {
		w.err = fmt.Errorf("append to the event log: %w", err)
	}
	return w.err
}

// Flush hands everything appended so far to the operating system.
func (w *EventWriter) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *EventWriter) flush() error {
	if w.err == nil {
		if err := w.buffer.Flush(); err != nil {
			w.err = fmt.Errorf("flush the event log: %w", err)
		}
	}
	return w.err
}

// Close flushes and closes the file. It returns the first error of the
// writer's whole life; a second Close returns os.ErrClosed.
func (w *EventWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return os.ErrClosed
	}
	err := w.flush()
	if closeErr := w.file.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close the event log: %w", closeErr)
	}
	w.file = nil
	w.err = os.ErrClosed
	return err
}

// ReadEvents calls fn for each event of a run directory, in order, and stops
// at fn's first error, which it returns as it is. A run without events.jsonl
// gives an error that is fs.ErrNotExist.
func ReadEvents(dir string, fn func(Event) error) error {
	path := filepath.Join(dir, EventsFile)
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the event log: %w", err)
	}
	defer func() { _ = file.Close() }() // read-only: closing cannot lose anything
	var stopped error
	err = DecodeEvents(file, func(event Event) error {
		stopped = fn(event)
		return stopped
	})
	if err != nil && stopped == nil {
		return fmt.Errorf("event log %s: %w", path, err)
	}
	return err
}

// DecodeEvents calls fn for each event of r. Blank lines are passed over; a
// line that is no event is an error that names its number; an unfinished last
// line is ErrTruncated.
func DecodeEvents(r io.Reader, fn func(Event) error) error {
	reader := bufio.NewReaderSize(r, MaxEventBytes)
	for number := 1; ; number++ {
		line, err := reader.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("line %d is longer than %d bytes", number, MaxEventBytes)
		case err != nil && !errors.Is(err, io.EOF):
			return fmt.Errorf("line %d: %w", number, err)
		}
		last := err != nil
		if text := bytes.TrimSpace(line); len(text) > 0 {
			var event Event
			if decodeErr := json.Unmarshal(text, &event); decodeErr != nil {
				if last {
					return fmt.Errorf("line %d: %w", number, ErrTruncated)
				}
				return fmt.Errorf("line %d: %w", number, decodeErr)
			}
			if event.Kind == "" {
				return fmt.Errorf("line %d: an event without a kind", number)
			}
			if err := fn(event); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}
