package namespace

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Workload continues the log after a Base: each call of Next, Do or Burst
// returns the following transactions, valid on what came before. Two workloads
// of equal bases, seeds and calls return equal transactions. It keeps in memory
// what differs from the base and what it looked at closely, never all the base.
// It is not safe for concurrent use.
type Workload struct {
	base   *Base
	sample *Sample
	random *rand.Rand
	index  int64
	millis int64
	// recreateNext asks that the bucket deleted last comes back at once, so
	// that both may fall into one write batch (OM-H19).
	recreateNext bool

	volumes []*liveVolume
	buckets []*liveBucket
	// baseBuckets are those of the base by their numbers, deleted or not.
	baseBuckets    []*liveBucket
	deletedBuckets []*liveBucket

	// keys are those made or looked at, named finds them by ID. baseKeys finds
	// the ones of the base, gone ones included.
	keys     []*liveKey
	named    map[string]*liveKey
	baseKeys map[int64]*liveKey
	markers  []*liveMarker
	graves   []grave
	aliases  map[string]bool

	directories map[int64]*liveDirectory
	made        []*liveDirectory
	waiting     []*liveDirectory

	opens     []*liveOpen
	uploads   []*liveUpload
	deleted   []*DeletedKeys
	takenRows map[pendingRef]bool

	scratch keyScratch
}

// ErrImpossible is the cause when an operation finds nothing in the namespace
// that it could be done to.
var ErrImpossible = errors.New("nothing in the namespace fits the operation")

// operation is one kind of transaction. It appends its changes and returns true,
// or changes no row and returns false.
type operation struct {
	kind   string
	weight int
	run    func(*Workload, *Transaction) bool
	// needs are kinds that make something the operation can be done to.
	needs []string
}

// operations in the order of Kinds.
var operations = []operation{
	{"create-volume", 1, (*Workload).createVolume, nil},
	{"set-volume-quota", 1, (*Workload).setVolumeQuota, []string{"create-volume"}},
	{"delete-volume", 1, (*Workload).deleteVolume, []string{"create-volume"}},
	{"create-bucket", 2, (*Workload).createBucket, []string{"create-volume"}},
	{"set-bucket-quota", 1, (*Workload).setBucketQuota, []string{"create-bucket"}},
	{"delete-bucket", 1, (*Workload).deleteBucket, []string{"create-bucket"}},
	{"recreate-bucket", 1, (*Workload).recreateBucket, []string{"delete-bucket"}},
	{"create-key", 18, (*Workload).createKey, []string{"create-bucket"}},
	{"overwrite-key", 9, (*Workload).overwriteKey, []string{"create-key"}},
	{"delete-key", 8, (*Workload).deleteKey, []string{"create-key"}},
	{"rename-key", 3, (*Workload).renameKey, []string{"create-key"}},
	{"rename-file", 5, (*Workload).renameFile, []string{"create-key"}},
	{"set-times", 3, (*Workload).setTimes, []string{"create-key"}},
	{"open-key", 9, (*Workload).openKey, []string{"create-bucket"}},
	{"hsync-key", 3, (*Workload).hsyncKey, []string{"open-key"}},
	{"commit-key", 9, (*Workload).commitKey, []string{"open-key"}},
	{"abort-open-key", 2, (*Workload).abortOpenKey, []string{"open-key"}},
	{"make-directory", 7, (*Workload).makeDirectory, []string{"create-bucket"}},
	{"rename-directory", 4, (*Workload).renameDirectory, []string{"make-directory"}},
	{"delete-directory", 2, (*Workload).deleteDirectory, []string{"make-directory"}},
	{"purge-directory", 4, (*Workload).purgeDirectory, []string{"delete-directory"}},
	{"create-marker", 2, (*Workload).createMarker, []string{"create-bucket"}},
	{"delete-marker", 1, (*Workload).deleteMarker, []string{"create-marker"}},
	{"initiate-upload", 3, (*Workload).initiateUpload, []string{"create-bucket"}},
	{"add-part", 5, (*Workload).addPart, []string{"initiate-upload"}},
	{"complete-upload", 2, (*Workload).completeUpload, []string{"add-part"}},
	{"abort-upload", 1, (*Workload).abortUpload, []string{"initiate-upload"}},
	{"purge-deleted-keys", 6, (*Workload).purgeDeletedKeys, []string{"delete-key"}},
}

var totalWeight = func() int {
	total := 0
	for n := range operations {
		total += operations[n].weight
	}
	return total
}()

// Kinds are the values that Transaction.Kind may have, in a fixed order.
func Kinds() []string {
	kinds := make([]string, len(operations))
	for n := range operations {
		kinds[n] = operations[n].kind
	}
	return kinds
}

// NewWorkload starts a workload on base; its first transaction has the index
// Base.LastIndex+1.
func NewWorkload(base *Base, seed uint64) *Workload {
	return NewSampledWorkload(base, base.Sample(base.config.Keys), seed)
}

// NewSampledWorkload is a workload that takes only what is in a sample of base:
// it changes no other key, directory or pending row of the base and puts new
// ones only into sampled places, the top of each bucket among them. The first
// directory of a sampled subtree stays where it is. If the sample is everything
// its transactions are those of NewWorkload.
func NewSampledWorkload(base *Base, sample *Sample, seed uint64) *Workload {
	w := &Workload{
		base:        base,
		sample:      sample,
		random:      rand.New(rand.NewPCG(seed, mix(base.config.Seed, forWorkload, seed))),
		index:       base.LastIndex(),
		millis:      base.LastMillis(),
		named:       map[string]*liveKey{},
		baseKeys:    map[int64]*liveKey{},
		aliases:     map[string]bool{},
		directories: map[int64]*liveDirectory{},
		takenRows:   map[pendingRef]bool{},
	}
	byName := map[string]*liveVolume{}
	for n := range base.volumes {
		v := &liveVolume{fact: base.volumes[n]}
		w.volumes = append(w.volumes, v)
		byName[v.fact.Name] = v
	}
	for n := range base.buckets {
		p := &base.buckets[n]
		u := &liveBucket{fact: p.fact, plan: p, shape: p.shape, volume: byName[p.fact.Volume]}
		u.volume.buckets++
		u.rows = p.keys + p.pending.open + p.pending.uploads*2
		if p.shape != flat {
			u.rows += p.tree.nodes - 1
		}
		w.buckets = append(w.buckets, u)
		w.baseBuckets = append(w.baseBuckets, u)
	}
	return w
}

// Index is that of the last transaction, at first Base.LastIndex.
func (w *Workload) Index() int64 { return w.index }

// Next is the following transaction, of a kind chosen by weight among those
// that are possible.
func (w *Workload) Next() *Transaction {
	if w.recreateNext {
		w.recreateNext = false
		if t := w.attempt(operationOf("recreate-bucket")); t != nil {
			return t
		}
	}
	for {
		draw := w.random.IntN(totalWeight)
		for n := range operations {
			op := &operations[n]
			if draw -= op.weight; draw >= 0 {
				continue
			}
			if t := w.attempt(op); t != nil {
				w.recreateNext = op.kind == "delete-bucket" && w.oneIn(2)
				return t
			}
			// A volume can always be created, so this ends.
			break
		}
	}
}

// Burst is the next n transactions.
func (w *Workload) Burst(n int) []*Transaction {
	all := make([]*Transaction, 0, max(n, 0))
	for range n {
		all = append(all, w.Next())
	}
	return all
}

// Do is a transaction of the given kind, one of Kinds. The error wraps
// ErrImpossible if the namespace has nothing it could be done to; there is no
// transaction then.
func (w *Workload) Do(kind string) (*Transaction, error) {
	op := operationOf(kind)
	if op == nil {
		return nil, fmt.Errorf("workload: there is no operation %q; see namespace.Kinds", kind)
	}
	for range 20 {
		if t := w.attempt(op); t != nil {
			return t, nil
		}
	}
	return nil, fmt.Errorf("workload: %s at index %d: %w; use DoSteps to prepare it", kind, w.index+1, ErrImpossible)
}

// DoSteps does the same as Do, but first does what the operation needs if there
// is nothing it could be done to, such as an open key for "commit-key". The
// last transaction has the given kind. The error wraps ErrImpossible when
// preparing did not help, as for "rename-directory" without FSO buckets;
// transactions made until then are returned with it.
func (w *Workload) DoSteps(kind string) ([]*Transaction, error) {
	t, err := w.Do(kind)
	if !errors.Is(err, ErrImpossible) {
		if err != nil {
			return nil, err
		}
		return []*Transaction{t}, nil
	}
	var steps []*Transaction
	// The layout of what gets made is left to chance, so it may take a few.
	for range 12 {
		for _, need := range operationOf(kind).needs {
			made, err := w.DoSteps(need)
			steps = append(steps, made...)
			if err != nil {
				return steps, err
			}
		}
		if t, err = w.Do(kind); err == nil {
			return append(steps, t), nil
		}
	}
	return steps, err
}

func operationOf(kind string) *operation {
	for n := range operations {
		if operations[n].kind == kind {
			return &operations[n]
		}
	}
	return nil
}

// attempt runs an operation as the next transaction; nil if it is impossible.
func (w *Workload) attempt(op *operation) *Transaction {
	t := &Transaction{Index: w.index + 1, AtMillis: w.millis + 1 + w.random.Int64N(20), Kind: op.kind}
	if !op.run(w, t) {
		return nil
	}
	w.index, w.millis = t.Index, t.AtMillis
	return t
}

// put adds the row as it now is.
func (t *Transaction) put(row Row) {
	t.Changes = append(t.Changes, Change{Row: Clone(row)})
}

// remove adds the deletion of the row as it still is.
func (t *Transaction) remove(row Row) {
	t.Changes = append(t.Changes, Change{Delete: true, Row: Clone(row)})
}

func (w *Workload) oneIn(n int) bool { return w.random.IntN(n) == 0 }

// anyOf is an element by chance; the slice must not be empty.
func anyOf[T any](w *Workload, all []T) T { return all[w.random.IntN(len(all))] }
