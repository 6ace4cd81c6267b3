package sched

import "github.com/cespare/xxhash/v2"

// points are the names of places seen in a run, each hashed once.
type points struct {
	seed  uint64
	known []knownPoint
	ids   map[string]int32
	waits map[string]int32 // by the parker's name
}

type knownPoint struct {
	name string
	hash uint64
}

func (p *points) init(seed uint64) {
	p.seed = mix(seed ^ 0x9e3779b97f4a7c15)
	p.ids, p.waits = map[string]int32{}, map[string]int32{}
}

func (p *points) id(name string) int32 {
	id, ok := p.ids[name]
	if !ok {
		id = int32(len(p.known))
		p.ids[name] = id
		p.known = append(p.known, knownPoint{name: name, hash: xxhash.Sum64String(name)})
	}
	return id
}

// wait is the id of the place where one waits on a parker of that name.
func (p *points) wait(name string) int32 {
	id, ok := p.waits[name]
	if !ok {
		id = p.id("wait/" + name)
		p.waits[name] = id
	}
	return id
}

// key is the hash of (seed, actor, point, ordinal), from the word of the last
// three.
func (p *points) key(word uint64) uint64 { return mix(word ^ p.seed) }

// mix spreads the bits of x over all others: the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
