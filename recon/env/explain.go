package env

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// Explained is what a [Parker] may offer beyond its interface: it is told what
// its actor waits for, so that a simulator can say who waits for whom. The
// parkers of production do not offer it, and pay nothing.
type Explained interface {
	// Explain is called before Park; what is asked for its text only in a dump.
	Explain(what fmt.Stringer)
}

// ActorNamer is what a [Runtime] may offer beyond its interface: the name of the
// actor that runs, so that a lock knows its holder.
type ActorNamer interface {
	// Actor is the name of the actor that calls.
	Actor() string
}

// Held is what an explanation may offer: who has what is waited for.
type Held interface {
	// Holder is the name of an actor, empty if nobody has it.
	Holder() string
}

func explain(p Parker, what fmt.Stringer) {
	if e, ok := p.(Explained); ok {
		e.Explain(what)
	}
}

// origin is where in the program something was made; 0 is nowhere.
type origin uintptr

// origin is the caller of the caller, only where a runtime can use it.
func (e *Env) origin() origin {
	if e.names == nil {
		return 0
	}
	var pcs [1]uintptr
	// Skipped are Callers, this function and the constructor.
	runtime.Callers(3, pcs[:])
	return origin(pcs[0])
}

// label is how a dump names something: by its name, or by where it was made.
func label(kind, name string, made origin) string {
	if name != "" {
		return kind + " " + strconv.Quote(name)
	}
	if made == 0 {
		return kind
	}
	frame, _ := runtime.CallersFrames([]uintptr{uintptr(made)}).Next()
	return fmt.Sprintf("%s made at %s:%d", kind, filepath.Join(filepath.Base(filepath.Dir(frame.File)), filepath.Base(frame.File)), frame.Line)
}

type mutexWait struct{ *Mutex }

func (w mutexWait) Holder() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.holder
}

func (w mutexWait) String() string {
	holder := w.Holder()
	if holder == "" {
		holder = "nobody"
	}
	return label("mutex", w.name, w.made) + ", held by " + holder
}

type condWait struct{ *Cond }

func (w condWait) String() string { return label("condition", w.name, w.made) }

type sleepWait struct{ until time.Time }

func (w sleepWait) String() string { return "the time " + w.until.UTC().Format(time.RFC3339Nano) }

type groupWait struct{ *Group }

func (w groupWait) String() string {
	w.mu.Lock()
	running := w.mu.running
	w.mu.Unlock()
	return fmt.Sprintf("%s with %d actors running, at most %d", label("group", "", w.changed.made), running, w.limit)
}

type queueWait[T any] struct{ *Queue[T] }

func (w queueWait[T]) String() string {
	return fmt.Sprintf("%s with %d of %d items", label("queue", w.changed.name, w.changed.made), w.Len(), w.capacity)
}
