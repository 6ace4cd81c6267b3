package omdb

// Kind says which message a table's values are.
type Kind uint8

// The kinds of rows. Rows of KindBytes are not looked into.
const (
	KindBytes Kind = iota
	KindKey
	KindDirectory
	KindBucket
	KindVolume
	KindRepeatedKey
	KindMultipart
)

var kinds = [256]Kind{
	VolumeTable:           KindVolume,
	BucketTable:           KindBucket,
	KeyTable:              KindKey,
	FileTable:             KindKey,
	OpenKeyTable:          KindKey,
	OpenFileTable:         KindKey,
	DeletedDirectoryTable: KindKey,
	DirectoryTable:        KindDirectory,
	DeletedTable:          KindRepeatedKey,
	MultipartInfoTable:    KindMultipart,
}

// Kind is the kind of t's rows.
func (t Table) Kind() Kind { return kinds[t] }

// Row is the view of one row. Key, Value and everything in the decoded view are
// borrowed. Of the views, only the one that Table.Kind names is set; the others
// hold what an earlier row left there.
type Row struct {
	Table      Table
	Key, Value []byte

	KeyInfo   KeyInfo
	Directory DirectoryInfo
	Bucket    BucketInfo
	Volume    VolumeInfo
	Repeated  RepeatedKeyInfo
	Multipart MultipartKeyInfo
}

// Decoder turns rows into views without allocating: all rows share one Row.
// It is for one goroutine.
type Decoder struct{ row Row }

// Decode reads a row. The result is valid until the next call, and only as long
// as key and value are. An unreadable value is a *CorruptRowError; the
// locations and the nested keys of a row are read, and found corrupt, only by
// their iterators.
func (d *Decoder) Decode(t Table, key, value []byte) (*Row, error) {
	r := &d.row
	r.Table, r.Key, r.Value = t, key, value
	o := origin{table: t, key: key}
	var f failure
	switch t.Kind() {
	case KindKey:
		f = r.KeyInfo.parse(scan(value), o)
	case KindDirectory:
		f = r.Directory.parse(scan(value))
	case KindBucket:
		f = r.Bucket.parse(scan(value))
	case KindVolume:
		f = r.Volume.parse(scan(value))
	case KindRepeatedKey:
		f = r.Repeated.parse(scan(value), o)
	case KindMultipart:
		f = r.Multipart.parse(scan(value), o)
	}
	if f.reason != "" {
		return nil, o.corrupt(f)
	}
	return r, nil
}
