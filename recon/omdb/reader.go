package omdb

// Reader reads the rows of one consistent state: a pinned view, a staged
// generation, or a delta batch over one of them.
type Reader interface {
	// Get returns a row's value, which the caller owns, and whether it exists.
	Get(t Table, key []byte) (value []byte, found bool, err error)
	// Scan calls fn for the rows of t with lower <= key < upper in the order
	// of their bytes, until fn returns false or an error. A nil bound is open.
	// key and value are borrowed: they are valid only during the call. A scan
	// that cannot go on returns an error, it never ends early in silence.
	Scan(t Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error
}

// Writer takes changes of rows. It copies key and value.
type Writer interface {
	Put(t Table, key, value []byte) error
	Delete(t Table, key []byte) error
}

// Store reads what it has written: the state that a delta works on.
type Store interface {
	Reader
	Writer
}

// TransactionInfoKey is the single key of transactionInfoTable, whose value is
// "term#index" in text.
const TransactionInfoKey = "#TRANSACTIONINFO"
