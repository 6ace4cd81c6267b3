package omdb

// Table identifies a table inside a generation's store. The number is ours and
// is the one-byte prefix of the table's keys on disk; an OM's column-family id
// for the same table differs from OM to OM, and only the name is shared.
// Numbers below 0x40 are OM tables, those of package derived start there.
type Table uint8

// The OM's tables (spec of the OM database, table list). The order is fixed:
// the numbers are on disk.
const (
	UserTable Table = iota + 1
	VolumeTable
	BucketTable
	KeyTable
	OpenKeyTable
	MultipartInfoTable
	MultipartPartsTable
	DeletedTable
	DirectoryTable
	FileTable
	OpenFileTable
	DeletedDirectoryTable
	DTokenTable
	S3SecretTable
	PrefixTable
	TransactionInfoTable
	MetaTable
	TenantAccessIDTable
	PrincipalToAccessIDsTable
	TenantStateTable
	SnapshotInfoTable
	SnapshotRenamedTable
	CompactionLogTable
	LifecycleConfigurationTable
	LifecycleScanStateTable
)

var tableNames = [...]string{
	UserTable:                   "userTable",
	VolumeTable:                 "volumeTable",
	BucketTable:                 "bucketTable",
	KeyTable:                    "keyTable",
	OpenKeyTable:                "openKeyTable",
	MultipartInfoTable:          "multipartInfoTable",
	MultipartPartsTable:         "multipartPartsTable",
	DeletedTable:                "deletedTable",
	DirectoryTable:              "directoryTable",
	FileTable:                   "fileTable",
	OpenFileTable:               "openFileTable",
	DeletedDirectoryTable:       "deletedDirectoryTable",
	DTokenTable:                 "dTokenTable",
	S3SecretTable:               "s3SecretTable",
	PrefixTable:                 "prefixTable",
	TransactionInfoTable:        "transactionInfoTable",
	MetaTable:                   "metaTable",
	TenantAccessIDTable:         "tenantAccessIdTable",
	PrincipalToAccessIDsTable:   "principalToAccessIdsTable",
	TenantStateTable:            "tenantStateTable",
	SnapshotInfoTable:           "snapshotInfoTable",
	SnapshotRenamedTable:        "snapshotRenamedTable",
	CompactionLogTable:          "compactionLogTable",
	LifecycleConfigurationTable: "lifecycleConfigurationTable",
	LifecycleScanStateTable:     "lifecycleScanStateTable",
}

// String is the column family's name, which OMs agree on.
func (t Table) String() string {
	if int(t) < len(tableNames) && t != 0 {
		return tableNames[t]
	}
	return "unknownTable"
}

// Tables lists the OM tables in order of their numbers.
func Tables() []Table {
	all := make([]Table, 0, len(tableNames)-1)
	for i := 1; i < len(tableNames); i++ {
		all = append(all, Table(i))
	}
	return all
}

// TableByName finds an OM table by its column family's name.
func TableByName(name string) (Table, bool) {
	for i := 1; i < len(tableNames); i++ {
		if tableNames[i] == name {
			return Table(i), true
		}
	}
	return 0, false
}
