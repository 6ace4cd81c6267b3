package fakeom

import (
	"fmt"

	"reconsim/fake_om/namespace"
)

// replicatedLog is the source with the operations that were asked for between
// its transactions. A source is replayed from its start when a cluster is
// opened, so the calls must be made again at the same places.
type replicatedLog struct {
	source Source
	// made are transactions of a call that are not in the log yet.
	made []*namespace.Transaction
	// calls are those still to come.
	calls []call
}

// call is an operation asked for when the log ended at Index.
type call struct {
	Index int64  `json:"index"`
	Kind  string `json:"kind"`
}

// next is the transaction after index; nil if there is none.
func (l *replicatedLog) next(index int64) *namespace.Transaction {
	for len(l.made) == 0 && len(l.calls) > 0 && l.calls[0].Index == index {
		// A call that failed made transactions nonetheless.
		_ = l.run()
	}
	if len(l.made) == 0 {
		return l.source.Next()
	}
	t := l.made[0]
	l.made = l.made[1:]
	return t
}

// run makes the first of the calls.
func (l *replicatedLog) run() error {
	kind := l.calls[0].Kind
	l.calls = l.calls[1:]
	doer, ok := l.source.(Doer)
	if !ok {
		return fmt.Errorf("fake OM: the source %T cannot be asked for an operation", l.source)
	}
	made, err := doer.DoSteps(kind)
	l.made = append(l.made, made...)
	return err
}

// next takes the next transaction of the replicated log and hands it to every
// node that has not applied it. It is nil when there is none.
func (c *Cluster) next() (*entry, error) {
	t := c.log.next(c.index)
	if t == nil {
		return nil, nil
	}
	if t.Index != c.index+1 {
		return nil, fmt.Errorf("fake OM: the replicated log goes on with index %d after %d", t.Index, c.index)
	}
	e, err := c.encoder.encodeTransaction(t, c.termOf(t.Index))
	if err != nil {
		return nil, err
	}
	c.view.Lock()
	c.index = t.Index
	c.view.Unlock()
	for _, n := range c.nodes {
		if n.info.Index < t.Index {
			n.pending = append(n.pending, e)
		}
	}
	if c.options.Enter != nil {
		c.options.Enter(t)
	}
	return e, nil
}

// Do applies an operation of the given kind (namespace.Kinds) now, with those
// that make it possible, and returns how many transactions that were. The error
// says so if the namespace has nothing it could be done to.
func (c *Cluster) Do(kind string) (int, error) {
	end, err := c.begin()
	if err != nil {
		return 0, err
	}
	defer end()
	if c.leaderIsolated() {
		return 0, nil
	}
	asked := call{Index: c.index, Kind: kind}
	c.state.Calls = append(c.state.Calls, asked)
	if err := c.saveState(); err != nil {
		return 0, err
	}
	c.log.calls = append(c.log.calls, asked)
	var callErr error
	for len(c.log.calls) > 0 {
		callErr = c.log.run()
	}
	applied, err := c.apply(len(c.log.made))
	if err != nil {
		return applied, err
	}
	if callErr != nil {
		return applied, fmt.Errorf("fake OM: %w", callErr)
	}
	return applied, nil
}
