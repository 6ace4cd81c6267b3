package derived

import "reconsim/recon/omdb"

// The derived tables, numbered after the OM's in the same store. The numbers
// are on disk.
const (
	// NamespaceSummary holds an NSSummary by object id.
	NamespaceSummary omdb.Table = iota + 0x40
	// ContainerKey holds a count by (container, key, version).
	ContainerKey
	// KeyContainer holds a count by (key, version, container).
	KeyContainer
	// ContainerKeyCount holds the number of keys by container.
	ContainerKeyCount
	// FileCountBySize holds a count by (volume, bucket, upper bound).
	FileCountBySize
	// GlobalStats holds a number by name.
	GlobalStats
	// SQLStats stands for the rows of the SQL table GLOBAL_STATS that have no
	// RocksDB table upstream: only containerCount.
	SQLStats
)

var names = map[omdb.Table]string{
	NamespaceSummary:  "namespaceSummaryTable",
	ContainerKey:      "containerKeyTable",
	KeyContainer:      "keyContainerTable",
	ContainerKeyCount: "containerKeyCountTable",
	FileCountBySize:   "fileCountBySizeTable",
	GlobalStats:       "globalStatsTable",
	SQLStats:          "sql:GLOBAL_STATS",
}

// Tables lists the derived tables in order of their numbers.
func Tables() []omdb.Table {
	return []omdb.Table{NamespaceSummary, ContainerKey, KeyContainer, ContainerKeyCount, FileCountBySize, GlobalStats, SQLStats}
}

// TableName is the upstream name of a derived table.
func TableName(t omdb.Table) string { return names[t] }
