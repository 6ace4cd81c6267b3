package omdb

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// TransactionInfo is the place of the last applied entry in the OMs' replicated
// log: the one number that all OM nodes share.
type TransactionInfo struct {
	Term  int64 `json:"term"`
	Index int64 `json:"index"`
}

// ParseTransactionInfo reads the value of [TransactionInfoKey], "term#index".
func ParseTransactionInfo(value []byte) (TransactionInfo, error) {
	term, index, ok := strings.Cut(string(value), "#")
	t, errTerm := strconv.ParseInt(term, 10, 64)
	i, errIndex := strconv.ParseInt(index, 10, 64)
	if !ok || errTerm != nil || errIndex != nil {
		return TransactionInfo{}, fmt.Errorf("transactionInfoTable: %q is not term#index", value)
	}
	return TransactionInfo{Term: t, Index: i}, nil
}

// String is the form that is stored.
func (t TransactionInfo) String() string { return fmt.Sprintf("%d#%d", t.Term, t.Index) }

// Compare orders by term, then by index.
func (t TransactionInfo) Compare(u TransactionInfo) int {
	return cmp.Or(cmp.Compare(t.Term, u.Term), cmp.Compare(t.Index, u.Index))
}
