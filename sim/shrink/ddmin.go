package shrink

import "slices"

// complements lists items without the last of n chunks of nearly equal length,
// without the last but one, and so on.
func complements(items []int, n int) [][]int {
	parts := make([][]int, 0, n)
	for i := n - 1; i >= 0; i-- {
		from, to := i*len(items)/n, (i+1)*len(items)/n
		parts = append(parts, slices.Concat(items[:from], items[to:]))
	}
	return parts
}

// ddmin finds a small part of the items 0 to n-1 that still fails, such that it
// fails no more without any one of them. first tries several parts and returns
// the place of the first one that fails, or -1.
func ddmin(n int, first func(parts [][]int) (int, error)) ([]int, error) {
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	for chunks := 1; len(items) > 0; {
		chunks = min(chunks, len(items))
		parts := complements(items, chunks)
		failed, err := first(parts)
		switch {
		case err != nil:
			return items, err
		case failed >= 0:
			items = parts[failed]
			chunks = max(chunks-1, 1)
		case chunks == len(items):
			return items, nil
		default:
			chunks *= 2
		}
	}
	return items, nil
}
