// The vector type of the scalar kernels: the same eight lanes in plain C++, so that every reduction runs in the same
// order as with AVX2. Included inside a namespace of its own.

inline constexpr Index kLanes = 8;
inline constexpr int kRegisters = 16;
/// Sixteen vectors of four numbers hold a micro-tile of few rows: three of floats, one of integers. More are taken in
/// turns, and one or two kernels of each kind are compiled instead of six.
inline constexpr bool kFewRows = true;

/// Four numbers in the vectors that GCC and clang offer on every CPU: quick to compile, and as fast as the CPU's base
/// instructions allow.
using Floats = float __attribute__((vector_size(16)));
using Words = std::uint32_t __attribute__((vector_size(16)));

struct Vec {
  Floats half[2];

  float operator[](int i) const noexcept { return half[i / 4][i % 4]; }
};

#define SHARPEYE_LANES(expression)                                           \
  Vec result;                                                                \
  for (int i = 0; i < kLanes; ++i) result.half[i / 4][i % 4] = (expression); \
  return result

inline Vec broadcast(float x) noexcept {
  const Floats all{x, x, x, x};
  return {{all, all}};
}
inline Vec load(const float* p) noexcept {
  Vec x;
  std::memcpy(&x, p, sizeof x);
  return x;
}
/// Four numbers of 16 bits, one in each word.
inline Words load_halves(const void* p) noexcept {
  std::uint16_t __attribute__((vector_size(8))) halves;
  std::memcpy(&halves, p, sizeof halves);
  return __builtin_convertvector(halves, Words);
}
inline Floats widen(const float16* p) noexcept {
  using Ints = std::int32_t __attribute__((vector_size(16)));
  const Words x = load_halves(p), sign = (x & 0x8000) << 16, magnitude = x & 0x7fff, shifted = magnitude << 13;
  // A subnormal is magnitude * 2^-24, exact in float.
  const Floats small = __builtin_convertvector(reinterpret_cast<Ints>(magnitude), Floats) * 0x1p-24f;
  const Words finite = magnitude < 0x400 ? reinterpret_cast<Words>(small) : shifted + 0x38000000;
  return reinterpret_cast<Floats>(sign | (magnitude < 0x7c00 ? finite : shifted | 0x7f800000));
}
inline Floats widen(const bfloat16* p) noexcept {
  return reinterpret_cast<Floats>(load_halves(p) << 16);
}
inline Vec load(const float16* p) noexcept {
  return {{widen(p), widen(p + 4)}};
}
inline Vec load(const bfloat16* p) noexcept {
  return {{widen(p), widen(p + 4)}};
}
inline void store(float* p, Vec x) noexcept {
  std::memcpy(p, &x, sizeof x);
}
inline void store(float16* p, Vec x) noexcept {
  for (int i = 0; i < kLanes; ++i) p[i] = float16(x[i]);
}
inline Vec add(Vec a, Vec b) noexcept {
  return {{a.half[0] + b.half[0], a.half[1] + b.half[1]}};
}
inline Vec sub(Vec a, Vec b) noexcept {
  return {{a.half[0] - b.half[0], a.half[1] - b.half[1]}};
}
inline Vec mul(Vec a, Vec b) noexcept {
  return {{a.half[0] * b.half[0], a.half[1] * b.half[1]}};
}
inline Vec div(Vec a, Vec b) noexcept {
  return {{a.half[0] / b.half[0], a.half[1] / b.half[1]}};
}
/// a * b + c
inline Vec fma(Vec a, Vec b, Vec c) noexcept {
  return {{a.half[0] * b.half[0] + c.half[0], a.half[1] * b.half[1] + c.half[1]}};
}
/// a * b + c, rounded once on every instruction set (a call where the compiler has no instruction for it)
inline Vec fused(Vec a, Vec b, Vec c) noexcept {
  SHARPEYE_LANES(std::fma(a[i], b[i], c[i]));
}
/// The larger of each pair; b where either is NaN, as vmaxps does.
inline Vec max(Vec a, Vec b) noexcept {
  return {{a.half[0] > b.half[0] ? a.half[0] : b.half[0], a.half[1] > b.half[1] ? a.half[1] : b.half[1]}};
}
inline Vec min(Vec a, Vec b) noexcept {
  return {{a.half[0] < b.half[0] ? a.half[0] : b.half[0], a.half[1] < b.half[1] ? a.half[1] : b.half[1]}};
}
inline Vec abs(Vec a) noexcept {
  SHARPEYE_LANES(std::fabs(a[i]));
}
inline Vec copysign(Vec magnitude, Vec sign) noexcept {
  SHARPEYE_LANES(std::copysign(magnitude[i], sign[i]));
}
inline Vec round(Vec a) noexcept {
  SHARPEYE_LANES(std::nearbyint(a[i]));
}
/// a * 2^n, n an integer in [-126, 127]; a where n is NaN
inline Vec ldexp(Vec a, Vec n) noexcept {
  SHARPEYE_LANES(std::ldexp(a[i], n[i] == n[i] ? static_cast<int>(n[i]) : 0));
}

inline float reduce_add(Vec x) noexcept {
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}
inline float reduce_max(Vec a) noexcept {
  float result = a[0];
  for (int i = 1; i < kLanes; ++i) result = a[i] > result ? a[i] : result;
  return result;
}

/// Stores the kMR x kLanes matrix of these rows column by column.
inline void store_columns(const Vec (&rows)[kMR], float* p) noexcept {
  for (int i = 0; i < kLanes; ++i) {
    for (int r = 0; r < kMR; ++r) p[i * kMR + r] = rows[r][i];
  }
}

/// Integers, one a lane, or four bytes a lane.
struct IntVec {
  Words half[2];
};

SHARPEYE_INLINE IntVec broadcast_int(std::int32_t x) noexcept {
  const auto word = static_cast<std::uint32_t>(x);
  const Words all{word, word, word, word};
  return {{all, all}};
}
/// Modulo 2^32, as the instructions add: sums of rows so long that they overflow on the way.
SHARPEYE_INLINE IntVec add(IntVec a, IntVec b) noexcept {
  return {{a.half[0] + b.half[0], a.half[1] + b.half[1]}};
}
SHARPEYE_INLINE IntVec load_bytes(const std::uint8_t* p) noexcept {
  IntVec result;
  std::memcpy(&result, p, sizeof result);
  return result;
}
/// The same four bytes in each lane.
SHARPEYE_INLINE IntVec broadcast_bytes(const std::int8_t* p) noexcept {
  std::int32_t word;
  std::memcpy(&word, p, sizeof word);
  return broadcast_int(word);
}
/// sum + u . s in each lane, of four unsigned and four signed bytes; two products fit into 16 bits (kByteLimit).
SHARPEYE_INLINE IntVec dot_bytes(IntVec sum, IntVec u, IntVec s) noexcept {
  using Shorts = std::int16_t __attribute__((vector_size(16)));
  using Ints = std::int32_t __attribute__((vector_size(16)));
  for (int h = 0; h < 2; ++h) {
    const auto a = reinterpret_cast<Shorts>(u.half[h]), b = reinterpret_cast<Shorts>(s.half[h]);
    const auto pairs = reinterpret_cast<Ints>((a & 0xff) * (b << 8 >> 8) + (a >> 8 & 0xff) * (b >> 8));
    sum.half[h] += reinterpret_cast<Words>((pairs << 16 >> 16) + (pairs >> 16));
  }
  return sum;
}
/// As dot_bytes, of 4 unsigned bits. (Other instruction sets keep the sums of a group in 16 bits: see vec_avx2.inl.)
inline constexpr bool kNarrowSums = false;
SHARPEYE_INLINE IntVec dot_nibbles(IntVec sum, IntVec u, IntVec s) noexcept {
  return dot_bytes(sum, u, s);
}
SHARPEYE_INLINE IntVec widen_sum(IntVec sum) noexcept {
  return sum;
}
/// The lower, or upper, half of each byte.
SHARPEYE_INLINE IntVec low_nibbles(IntVec x) noexcept {
  return {{x.half[0] & 0x0f0f0f0fu, x.half[1] & 0x0f0f0f0fu}};
}
SHARPEYE_INLINE IntVec high_nibbles(IntVec x) noexcept {
  return {{x.half[0] >> 4 & 0x0f0f0f0fu, x.half[1] >> 4 & 0x0f0f0f0fu}};
}
SHARPEYE_INLINE Vec to_float(IntVec x) noexcept {
  SHARPEYE_LANES(static_cast<float>(static_cast<std::int32_t>(x.half[i / 4][i % 4])));
}
/// Integers in [-128, 127] as bytes.
inline void store_bytes(std::int8_t* p, Vec x) noexcept {
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<std::int8_t>(x[i]);
}

#undef SHARPEYE_LANES
