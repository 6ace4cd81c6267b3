package oracle

import (
	"errors"
	"fmt"

	"reconsim/fake_om/namespace"
)

// ErrOutside means that a transaction changes a row that is not in the sample,
// so that no later answer could be trusted. Make transactions with
// namespace.NewSampledWorkload.
var ErrOutside = errors.New("the change touches what is not in the oracle's sample")

// NewSampled makes an oracle whose oldest state is a base namespace, with
// memory for a sample of it only. It loads the rows of the sample and the keys
// that have blocks in its containers; all others it folds into the counts and
// totals that they belong to. progress, unless nil, hears now and then how many
// keys were looked at, of how many; each is looked at twice. If the sample is
// everything the oracle is that of New.
func NewSampled(base *namespace.Base, sample *namespace.Sample, progress func(done, total int64)) (*Oracle, error) {
	if sample.Base() != base {
		return nil, errors.New("the sample is one of another base: take it from this one with Base.Sample")
	}
	if sample.Whole() {
		return New(base)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	o := empty(base.LastIndex())
	o.sample = sample
	strays := findStrays(sample, progress)
	if err := o.load(strays); err != nil {
		return nil, fmt.Errorf("sample of the base namespace: %w", err)
	}
	o.mark()
	f := folding{oracle: o, strays: strays, progress: progress}
	if err := f.run(); err != nil {
		return nil, fmt.Errorf("folding the base namespace: %w", err)
	}
	return o, nil
}

// strayKeys is how many keys are searched for strays between two reports of
// progress.
const strayKeys = 1 << 20

func findStrays(sample *namespace.Sample, progress func(done, total int64)) (strays []int64) {
	keys := sample.Base().Config().Keys
	for first := int64(0); first < keys; first += strayKeys {
		strays = sample.Strays(strays, first, first+strayKeys)
		progress(min(first+strayKeys, keys), 2*keys)
	}
	return strays
}

// load puts the rows of the sample and the strays, with the directories above
// them, before anything is folded: so every node is there to be credited.
func (o *Oracle) load(strays []int64) error {
	base := o.sample.Base()
	var failed error
	put := func(row namespace.Row) bool {
		if err := o.put(row, o.base); err != nil {
			failed = fmt.Errorf("%T: %w", row, err)
		}
		return failed == nil
	}
	for _, v := range base.Volumes() {
		put(v)
	}
	for _, b := range base.Buckets() {
		put(b)
	}
	o.sample.Directories(put)
	for _, number := range strays {
		for _, row := range base.DirectoriesAbove(number) {
			put(row)
		}
		put(base.Key(number))
	}
	o.sample.Committed(func(k *namespace.Key) bool { return put(k) })
	o.sample.Pending(put)
	return failed
}

// mark notes where rows are missing.
func (o *Oracle) mark() {
	for _, n := range o.nodes {
		covered := o.sample.Covers(n.home.state.latest().fact.ObjectID, n.id)
		n.dirsFolded = covered < namespace.DirectoriesCovered
		n.filesFolded = covered < namespace.AllCovered
	}
	o.sample.Stretches(func(s *namespace.Stretch) bool {
		b := o.bucket(s.Bucket.Volume, s.Bucket.Name)
		b.partial, b.flat.filesFolded = true, true
		b.stretches = append(b.stretches, b.stretchOf(s))
		return true
	})
}

// stretch is a range of row keys in which no row is folded; to is left out, ""
// means the end of the bucket.
type stretch struct{ from, to string }

func (b *bucket) stretchOf(s *namespace.Stretch) stretch {
	prefix := b.rowPrefix(b.root(0))
	known := stretch{from: prefix}
	if s.Bucket.Layout != namespace.FileSystemOptimized {
		known.from += s.FromName
		if s.ToName != "" {
			known.to = prefix + s.ToName
		}
		return known
	}
	if s.NewestID != 0 {
		known.from = prefix + fmt.Sprint(s.NewestID) + "/"
	}
	if s.OldestID != s.Bucket.ObjectID {
		// The byte after the slash, so that all files of the oldest are below.
		known.to = prefix + fmt.Sprint(s.OldestID) + "0"
	}
	return known
}

// stretchAt is the stretch that a row key lies in.
func (b *bucket) stretchAt(dbKey string) (stretch, bool) {
	if !b.partial {
		return stretch{}, true
	}
	for _, s := range b.stretches {
		if s.from <= dbKey && (s.to == "" || dbKey < s.to) {
			return s, true
		}
	}
	return stretch{}, false
}

// folded is the error of a query for rows that are folded.
func folded(what, path string) error {
	return fmt.Errorf("%w: %s of %s are not all in the sample", ErrNotModelled, what, path)
}

// knows tells whether all keys with blocks in a container are there.
func (o *Oracle) knows(container int64) bool {
	return o.sample == nil || o.sample.KnowsContainer(container)
}
