package point

import "context"

// Injector decides what happens at a point.
//
// Hit returns nil to go on, or the error that the code at the point must treat
// as its own failure. It may block (a parked reader, a hung task) until ctx
// ends, and it may not return at all if the process is killed there.
type Injector interface {
	// Armed reports whether any rule could fire; it is called on hot paths
	// and must cost no more than one atomic load.
	Armed() bool
	// Hit is called once for every passage of an armed injector.
	Hit(ctx context.Context, p Point, subject string, n int64) error
}

// Point is one place where a fault can strike.
type Point uint16

// String is the name that plans, scenarios and traces use.
func (p Point) String() string {
	if int(p) < len(catalogue) {
		return catalogue[p].name
	}
	return "unknown-point"
}

// About tells in a line when the point fires.
func (p Point) About() string {
	if int(p) < len(catalogue) {
		return catalogue[p].about
	}
	return ""
}

// All lists every point in the order of the way of the data.
func All() []Point {
	all := make([]Point, 0, len(catalogue)-1)
	for i := 1; i < len(catalogue); i++ {
		all = append(all, Point(i))
	}
	return all
}

// Parse finds a point by its name.
func Parse(name string) (Point, bool) {
	for i := 1; i < len(catalogue); i++ {
		if catalogue[i].name == name {
			return Point(i), true
		}
	}
	return 0, false
}
