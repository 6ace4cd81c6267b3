package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// grouped writes a number with a comma between thousands.
func grouped[T ~int | ~int64 | ~uint64](n T) string {
	text := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// millisText writes a time of a run as a person would say it: 420 ms, 8.94 s,
// 2 min 05 s, 1 h 02 min.
func millisText(millis float64) string {
	switch {
	case math.IsNaN(millis) || math.IsInf(millis, 0):
		return "?"
	case millis < 0:
		return "−" + millisText(-millis)
	case millis < 1:
		return trimZeros(millis, 3) + " ms"
	case millis < 999.5:
		return trimZeros(millis, 0) + " ms"
	case millis < 59_995:
		return trimZeros(millis/1000, 2) + " s"
	case millis < 3_599_500:
		seconds := int64(math.Round(millis / 1000))
		return fmt.Sprintf("%d min %02d s", seconds/60, seconds%60)
	default:
		minutes := int64(math.Round(millis / 60_000))
		return fmt.Sprintf("%s h %02d min", grouped(minutes/60), minutes%60)
	}
}

// microsText writes a latency: 840 µs, 1.27 ms, 2.05 s.
func microsText(micros int64) string {
	switch {
	case micros < 1000:
		return grouped(micros) + " µs"
	case micros < 1_000_000:
		return significant(float64(micros)/1000) + " ms"
	default:
		return significant(float64(micros)/1_000_000) + " s"
	}
}

// secondsText writes a duration of the real machine.
func secondsText(seconds float64) string { return millisText(seconds * 1000) }

// bytesText writes a size with a binary unit.
func bytesText(size int64) string {
	if size < 1024 {
		return grouped(size) + " B"
	}
	value, unit := float64(size)/1024, "KiB"
	for _, next := range []string{"MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	return significant(value) + " " + unit
}

// significant writes three significant digits, or all digits before the point.
func significant(value float64) string {
	switch {
	case value < 10:
		return trimZeros(value, 2)
	case value < 100:
		return trimZeros(value, 1)
	default:
		return trimZeros(value, 0)
	}
}

func trimZeros(value float64, digits int) string {
	text := strconv.FormatFloat(value, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// plural writes a count and its noun: 1 rebuild, 2 rebuilds.
func plural[T ~int | ~int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return grouped(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return grouped(n) + " " + noun + "s"
}

// listed joins words as a sentence does: a, b and c.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// shortened cuts a text to at most limit runes and says so with an ellipsis.
func shortened(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:max(limit-1, 0)]) + "…"
}
