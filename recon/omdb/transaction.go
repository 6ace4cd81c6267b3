package omdb

import (
	"bytes"
	"fmt"
	"strconv"
)

// TransactionInfo is the last Ratis transaction that a state of the OM's
// database contains (transactionInfoTable). It is comparable across leaders,
// which sequence numbers are not.
type TransactionInfo struct {
	Term, Index int64
}

// ParseTransactionInfo reads "term#index".
func ParseTransactionInfo(value []byte) (TransactionInfo, error) {
	term, index, ok := bytes.Cut(value, []byte{'#'})
	if ok {
		var info TransactionInfo
		var termOK, indexOK bool
		info.Term, termOK = ParseID(term)
		info.Index, indexOK = ParseID(index)
		if termOK && indexOK {
			return info, nil
		}
	}
	return TransactionInfo{}, &CorruptRowError{
		Table: TransactionInfoTable, Key: []byte(TransactionInfoKey),
		Reason: fmt.Sprintf("%.40q is not term#index", value),
	}
}

// String is the form in the table.
func (i TransactionInfo) String() string { return string(i.Append(nil)) }

// Append appends the form in the table to dst.
func (i TransactionInfo) Append(dst []byte) []byte {
	dst = append(strconv.AppendInt(dst, i.Term, 10), '#')
	return strconv.AppendInt(dst, i.Index, 10)
}

// Less orders by term, then index.
func (i TransactionInfo) Less(other TransactionInfo) bool {
	return i.Term < other.Term || i.Term == other.Term && i.Index < other.Index
}
