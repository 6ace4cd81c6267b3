package rocksdb

import (
	"errors"
	"fmt"
)

var (
	// ErrCorrupt marks bytes that break their format: a failed checksum, a
	// length that runs past the end, an unknown tag, keys out of order. The
	// wrapping error names the file or structure and the byte offset.
	ErrCorrupt = errors.New("corrupt RocksDB data")

	// ErrUnsupported marks data that is well formed as far as it was read but
	// uses a feature this package does not read (a newer table format, blob
	// files, merge operands, a compression dictionary). Retrying does not help.
	ErrUnsupported = errors.New("unsupported RocksDB feature")

	// ErrNotACheckpoint marks a directory that cannot be opened as a RocksDB
	// database: no CURRENT, a manifest or a table missing, a table of the wrong
	// size, a foreign comparator, a last sequence of 0.
	ErrNotACheckpoint = errors.New("not a complete RocksDB checkpoint")
)

// corruptf builds an error that wraps ErrCorrupt and says where.
func corruptf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// unsupportedf builds an error that wraps ErrUnsupported and says what.
func unsupportedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

// notACheckpointf builds an error that wraps ErrNotACheckpoint.
func notACheckpointf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotACheckpoint, fmt.Sprintf(format, args...))
}
