package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// delimiter is a byte that no key contains: with koanf's usual "." a key that
// is both a leaf and a prefix would be refiled.
const delimiter = "\x1f"

// Layer is one source of values; later layers win.
type Layer struct {
	// Source names the layer in errors, such as a file or "scenario".
	Source string
	Values map[string]string
}

// Config is the checked configuration.
type Config struct {
	values  *koanf.Koanf
	sources map[string]string
}

// Load lays layers over the defaults. The error joins every mistake: an
// unknown key (with the nearest known one) and a value of the wrong kind.
func Load(layers ...Layer) (*Config, error) {
	c := &Config{values: koanf.New(delimiter), sources: map[string]string{}}
	defaults := map[string]any{}
	for _, k := range Keys() {
		defaults[k.Name] = k.Default
	}
	if err := c.values.Load(confmap.Provider(defaults, ""), nil); err != nil {
		return nil, fmt.Errorf("defaults: %w", err)
	}
	var mistakes []error
	for _, layer := range layers {
		good := map[string]any{}
		names := make([]string, 0, len(layer.Values))
		for name := range layer.Values {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if err := check(name, layer.Values[name]); err != nil {
				mistakes = append(mistakes, fmt.Errorf("%s: %w", layer.Source, err))
				continue
			}
			good[name] = layer.Values[name]
			c.sources[name] = layer.Source
		}
		if err := c.values.Load(confmap.Provider(good, ""), nil); err != nil {
			return nil, fmt.Errorf("%s: %w", layer.Source, err)
		}
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return c, nil
}

func check(name, value string) error {
	keys := Keys()
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return fmt.Errorf("unknown key %q", name)
	}
	if err := checkKind(keys[i].Kind, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch name {
	case StagingThreadPoolSize, StagingMaxRetryAttempts, DeltaUpdateLimit, EventBufferCapacity, NSSummaryFlushThreshold, SnapshotTransferMaxBytes:
		if n, _ := strconv.ParseInt(value, 10, 64); n < 1 {
			return fmt.Errorf("%s: %q must be at least 1", name, value)
		}
	case StagingMemoryFactor:
		if f, _ := strconv.ParseFloat(value, 64); f <= 0 || f > 1 {
			return fmt.Errorf("%s: %q must be above 0 and at most 1", name, value)
		}
	case StagingBatchMultiplier:
		if f, _ := strconv.ParseFloat(value, 64); f <= 0 {
			return fmt.Errorf("%s: %q must be above 0", name, value)
		}
	}
	return nil
}

func checkKind(kind Kind, value string) error {
	switch kind {
	case Bool:
		if value != "true" && value != "false" {
			return fmt.Errorf("%q is not true or false", value)
		}
	case Int:
		if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < 0 {
			return fmt.Errorf("%q is not a whole number of 0 or more", value)
		}
	case Decimal, Minutes, Hours, Seconds:
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || f < 0 || math.IsInf(f, 0) || math.IsNaN(f) || f > 1e6 {
			return fmt.Errorf("%q is not a number from 0 to 1000000", value)
		}
	case Duration:
		if _, err := parseDuration(value); err != nil {
			return err
		}
	case Text:
	}
	return nil
}

// parseDuration reads Ozone's time values: a number with ms, s, m, h or d, or
// a plain number of milliseconds.
func parseDuration(value string) (time.Duration, error) {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 && n < math.MaxInt64/int64(time.Millisecond) {
		return time.Duration(n) * time.Millisecond, nil
	}
	if days, ok := strings.CutSuffix(value, "d"); ok {
		if n, err := strconv.ParseInt(days, 10, 32); err == nil && n >= 0 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time such as 200ms, 5s, 1m or 2h", value)
	}
	return d, nil
}

// Bool is the value of a key of kind Bool.
func (c *Config) Bool(name string) bool { return c.values.String(name) == "true" }

// Text is a value as written.
func (c *Config) Text(name string) string { return c.values.String(name) }

// Int is the value of a key of kind Int.
func (c *Config) Int(name string) int64 {
	n, _ := strconv.ParseInt(c.values.String(name), 10, 64)
	return n
}

// Decimal is the value of a key of kind Decimal.
func (c *Config) Decimal(name string) float64 {
	f, _ := strconv.ParseFloat(c.values.String(name), 64)
	return f
}

// Duration is the value of a key of kind Duration, Minutes, Hours or Seconds.
func (c *Config) Duration(name string) time.Duration {
	value := c.values.String(name)
	for _, k := range Keys() {
		if k.Name != name {
			continue
		}
		f, _ := strconv.ParseFloat(value, 64)
		switch k.Kind {
		case Minutes:
			return time.Duration(f * float64(time.Minute))
		case Hours:
			return time.Duration(f * float64(time.Hour))
		case Seconds:
			return time.Duration(f * float64(time.Second))
		default:
			d, _ := parseDuration(value)
			return d
		}
	}
	return 0
}

// Source says which layer set a key, "default" if none did.
func (c *Config) Source(name string) string {
	if s, ok := c.sources[name]; ok {
		return s
	}
	return "default"
}
