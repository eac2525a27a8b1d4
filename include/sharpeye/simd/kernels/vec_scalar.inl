// The vector type of the scalar kernels: the same eight lanes in plain C++, so that every reduction runs in the same
// order as with AVX2. Included inside a namespace of its own.

inline constexpr Index kLanes = 8;
inline constexpr int kRegisters = 16;

struct Vec {
  float lane[kLanes];
};

#define SHARPEYE_LANES(expression)                                \
  Vec result;                                                     \
  for (int i = 0; i < kLanes; ++i) result.lane[i] = (expression); \
  return result

inline Vec broadcast(float x) noexcept {
  SHARPEYE_LANES(x);
}
inline Vec load(const float* p) noexcept {
  SHARPEYE_LANES(p[i]);
}
inline Vec load(const float16* p) noexcept {
  SHARPEYE_LANES(static_cast<float>(p[i]));
}
inline Vec load(const bfloat16* p) noexcept {
  SHARPEYE_LANES(static_cast<float>(p[i]));
}
inline void store(float* p, Vec x) noexcept {
  for (int i = 0; i < kLanes; ++i) p[i] = x.lane[i];
}
inline Vec add(Vec a, Vec b) noexcept {
  SHARPEYE_LANES(a.lane[i] + b.lane[i]);
}
inline Vec sub(Vec a, Vec b) noexcept {
  SHARPEYE_LANES(a.lane[i] - b.lane[i]);
}
inline Vec mul(Vec a, Vec b) noexcept {
  SHARPEYE_LANES(a.lane[i] * b.lane[i]);
}
inline Vec div(Vec a, Vec b) noexcept {
  SHARPEYE_LANES(a.lane[i] / b.lane[i]);
}
/// a * b + c
inline Vec fma(Vec a, Vec b, Vec c) noexcept {
  SHARPEYE_LANES(a.lane[i] * b.lane[i] + c.lane[i]);
}
/// a * b + c, rounded once on every instruction set (a call where the compiler has no instruction for it)
inline Vec fused(Vec a, Vec b, Vec c) noexcept {
  SHARPEYE_LANES(std::fma(a.lane[i], b.lane[i], c.lane[i]));
}
/// The larger of each pair; b where either is NaN, as vmaxps does.
inline Vec max(Vec a, Vec b) noexcept {
  SHARPEYE_LANES(a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
}
inline Vec min(Vec a, Vec b) noexcept {
  SHARPEYE_LANES(a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}
inline Vec abs(Vec a) noexcept {
  SHARPEYE_LANES(std::fabs(a.lane[i]));
}
inline Vec copysign(Vec magnitude, Vec sign) noexcept {
  SHARPEYE_LANES(std::copysign(magnitude.lane[i], sign.lane[i]));
}
inline Vec round(Vec a) noexcept {
  SHARPEYE_LANES(std::nearbyint(a.lane[i]));
}
/// a * 2^n, n an integer in [-126, 127]; a where n is NaN
inline Vec ldexp(Vec a, Vec n) noexcept {
  SHARPEYE_LANES(std::ldexp(a.lane[i], n.lane[i] == n.lane[i] ? static_cast<int>(n.lane[i]) : 0));
}

inline float reduce_add(Vec a) noexcept {
  const float* x = a.lane;
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}
inline float reduce_max(Vec a) noexcept {
  float result = a.lane[0];
  for (int i = 1; i < kLanes; ++i) result = a.lane[i] > result ? a.lane[i] : result;
  return result;
}

/// Stores the kMR x kLanes matrix of these rows column by column.
inline void store_columns(const Vec (&rows)[kMR], float* p) noexcept {
  for (int i = 0; i < kLanes; ++i) {
    for (int r = 0; r < kMR; ++r) p[i * kMR + r] = rows[r].lane[i];
  }
}

/// Integers, one a lane, or four bytes a lane.
struct IntVec {
  std::int32_t lane[kLanes];
};

/// Modulo 2^32, as the instructions add: sums of rows so long that they overflow on the way.
SHARPEYE_INLINE std::int32_t wrapping_add(std::int32_t a, std::int32_t b) noexcept {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}
SHARPEYE_INLINE IntVec broadcast_int(std::int32_t x) noexcept {
  IntVec result;
  for (std::int32_t& lane : result.lane) lane = x;
  return result;
}
SHARPEYE_INLINE IntVec add(IntVec a, IntVec b) noexcept {
  for (int i = 0; i < kLanes; ++i) a.lane[i] = wrapping_add(a.lane[i], b.lane[i]);
  return a;
}
SHARPEYE_INLINE IntVec load_bytes(const std::uint8_t* p) noexcept {
  IntVec result;
  std::memcpy(result.lane, p, sizeof result.lane);
  return result;
}
/// The same four bytes in each lane.
SHARPEYE_INLINE IntVec broadcast_bytes(const std::int8_t* p) noexcept {
  std::int32_t word;
  std::memcpy(&word, p, sizeof word);
  return broadcast_int(word);
}
/// sum + u . s in each lane, of four unsigned and four signed bytes.
SHARPEYE_INLINE IntVec dot_bytes(IntVec sum, IntVec u, IntVec s) noexcept {
  for (int i = 0; i < kLanes; ++i) {
    std::uint8_t a[4];
    std::int8_t b[4];
    std::memcpy(a, &u.lane[i], sizeof a);
    std::memcpy(b, &s.lane[i], sizeof b);
    for (int j = 0; j < 4; ++j) sum.lane[i] = wrapping_add(sum.lane[i], a[j] * b[j]);
  }
  return sum;
}
/// The lower, or upper, half of each byte.
SHARPEYE_INLINE IntVec low_nibbles(IntVec x) noexcept {
  for (std::int32_t& lane : x.lane) lane &= 0x0f0f0f0f;
  return x;
}
SHARPEYE_INLINE IntVec high_nibbles(IntVec x) noexcept {
  for (std::int32_t& lane : x.lane)
    lane = static_cast<std::int32_t>(static_cast<std::uint32_t>(lane) >> 4) & 0x0f0f0f0f;
  return x;
}
SHARPEYE_INLINE Vec to_float(IntVec x) noexcept {
  SHARPEYE_LANES(static_cast<float>(x.lane[i]));
}
/// Integers in [-128, 127] as bytes.
inline void store_bytes(std::int8_t* p, Vec x) noexcept {
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<std::int8_t>(x.lane[i]);
}

#undef SHARPEYE_LANES
