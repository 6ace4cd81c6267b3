package rocksdb

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// xxh3 returns the 64-bit XXH3 hash of b with seed 0 and the default secret,
// the checksum of RocksDB's kXXH3 (the xxHash specification, "XXH3 algorithm
// description"; no module among ours provides it).
func xxh3(b []byte) uint64 {
	switch n := len(b); {
	case n == 0:
		return xxh64Avalanche(secret64(56) ^ secret64(64))
	case n <= 3:
		return xxh3Len1to3(b)
	case n <= 8:
		return xxh3Len4to8(b)
	case n <= 16:
		return xxh3Len9to16(b)
	case n <= 128:
		return xxh3Len17to128(b)
	case n <= 240:
		return xxh3Len129to240(b)
	}
	return xxh3Long(b)
}

const (
	prime32x1 = 0x9E3779B1
	prime32x2 = 0x85EBCA77
	prime32x3 = 0xC2B2AE3D
	prime64x1 = 0x9E3779B185EBCA87
	prime64x2 = 0xC2B2AE3D27D4EB4F
	prime64x3 = 0x165667B19E3779F9
	prime64x4 = 0x85EBCA77C2B2AE63
	prime64x5 = 0x27D4EB2F165667C5
	primeMX1  = 0x165667919E3779F9
	primeMX2  = 0x9FB21C651E98DF25
)

// xxh3Secret is the default secret of the specification.
var xxh3Secret = func() []byte {
	b, err := hex.DecodeString("" +
		"b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f" +
		"cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c" +
		"3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8" +
		"a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364" +
		"eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e" +
		"2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
	if err != nil {
		panic(err) // a constant of this file
	}
	return b
}()

func le32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func le64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
func secret64(at int) uint64       { return le64(xxh3Secret, at) }

func xxh64Avalanche(h uint64) uint64 {
	h = (h ^ h>>33) * prime64x2
	h = (h ^ h>>29) * prime64x3
	return h ^ h>>32
}

func xxh3Avalanche(h uint64) uint64 {
	h = (h ^ h>>37) * primeMX1
	return h ^ h>>32
}

func mul128Fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func xxh3Len1to3(b []byte) uint64 {
	n := len(b)
	combined := uint32(b[0])<<16 | uint32(b[n>>1])<<24 | uint32(b[n-1]) | uint32(n)<<8
	flip := le32(xxh3Secret, 0) ^ le32(xxh3Secret, 4)
	return xxh64Avalanche(uint64(combined) ^ uint64(flip))
}

func xxh3Len4to8(b []byte) uint64 {
	n := len(b)
	flip := secret64(8) ^ secret64(16)
	h := (uint64(le32(b, n-4)) + uint64(le32(b, 0))<<32) ^ flip
	h ^= bits.RotateLeft64(h, 49) ^ bits.RotateLeft64(h, 24)
	h *= primeMX2
	h ^= h>>35 + uint64(n)
	h *= primeMX2
	return h ^ h>>28
}

func xxh3Len9to16(b []byte) uint64 {
	n := len(b)
	lo := le64(b, 0) ^ secret64(24) ^ secret64(32)
	hi := le64(b, n-8) ^ secret64(40) ^ secret64(48)
	return xxh3Avalanche(uint64(n) + bits.ReverseBytes64(lo) + hi + mul128Fold(lo, hi))
}

func xxh3Mix16(b []byte, at, secretAt int) uint64 {
	return mul128Fold(le64(b, at)^secret64(secretAt), le64(b, at+8)^secret64(secretAt+8))
}

func xxh3Len17to128(b []byte) uint64 {
	n := len(b)
	acc := uint64(n) * prime64x1
	for i := (n - 1) / 32; i >= 0; i-- {
		acc += xxh3Mix16(b, 16*i, 32*i)
		acc += xxh3Mix16(b, n-16*(i+1), 32*i+16)
	}
	return xxh3Avalanche(acc)
}

func xxh3Len129to240(b []byte) uint64 {
	n := len(b)
	acc := uint64(n) * prime64x1
	for i := range 8 {
		acc += xxh3Mix16(b, 16*i, 16*i)
	}
	acc = xxh3Avalanche(acc)
	for i := 8; i < n/16; i++ {
		acc += xxh3Mix16(b, 16*i, 16*(i-8)+3)
	}
	acc += xxh3Mix16(b, n-16, 136-17)
	return xxh3Avalanche(acc)
}

const (
	xxh3Stripe    = 64
	xxh3SecretLen = 192
	// xxh3Block is the input consumed between two scrambles: one stripe for each
	// eight bytes of secret behind the first stripe's.
	xxh3Block = (xxh3SecretLen - xxh3Stripe) / 8 * xxh3Stripe
)

func xxh3Long(b []byte) uint64 {
	acc := [8]uint64{prime32x3, prime64x1, prime64x2, prime64x3, prime64x4, prime32x2, prime64x5, prime32x1}
	rest := b
	for len(rest) > xxh3Block {
		for at := 0; at < xxh3Block; at += xxh3Stripe {
			xxh3Accumulate(&acc, rest[at:], at/8)
		}
		for i := range acc {
			acc[i] = (acc[i] ^ acc[i]>>47 ^ secret64(xxh3SecretLen-xxh3Stripe+8*i)) * prime32x1
		}
		rest = rest[xxh3Block:]
	}
	at := 0
	for ; at < (len(rest)-1)/xxh3Stripe*xxh3Stripe; at += xxh3Stripe {
		xxh3Accumulate(&acc, rest[at:], at/8)
	}
	xxh3Accumulate(&acc, b[len(b)-xxh3Stripe:], xxh3SecretLen-xxh3Stripe-7)
	h := uint64(len(b)) * prime64x1
	for i := 0; i < 8; i += 2 {
		h += mul128Fold(acc[i]^secret64(11+8*i), acc[i+1]^secret64(19+8*i))
	}
	return xxh3Avalanche(h)
}

func xxh3Accumulate(acc *[8]uint64, stripe []byte, secretAt int) {
	stripe = stripe[:xxh3Stripe]
	secret := xxh3Secret[secretAt : secretAt+xxh3Stripe]
	for i := range acc {
		v := binary.LittleEndian.Uint64(stripe[8*i:])
		keyed := v ^ binary.LittleEndian.Uint64(secret[8*i:])
		acc[i^1] += v
		acc[i] += (keyed & 0xffffffff) * (keyed >> 32)
	}
}
