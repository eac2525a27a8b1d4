// The vector type of AVX2 with FMA and F16C. Included inside a target region and a namespace of its own.

inline constexpr Index kLanes = 8;
inline constexpr int kRegisters = 16;
inline constexpr bool kFewRows = false;

struct Vec {
  __m256 lane;
};

inline Vec broadcast(float x) noexcept {
  return {_mm256_set1_ps(x)};
}
inline Vec load(const float* p) noexcept {
  return {_mm256_loadu_ps(p)};
}
inline Vec load(const float16* p) noexcept {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline Vec load(const bfloat16* p) noexcept {
  const __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(words, 16))};
}
inline void store(float* p, Vec x) noexcept {
  _mm256_storeu_ps(p, x.lane);
}
inline void store(float16* p, Vec x) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x.lane, _MM_FROUND_TO_NEAREST_INT));
}
inline Vec add(Vec a, Vec b) noexcept {
  return {_mm256_add_ps(a.lane, b.lane)};
}
inline Vec sub(Vec a, Vec b) noexcept {
  return {_mm256_sub_ps(a.lane, b.lane)};
}
inline Vec mul(Vec a, Vec b) noexcept {
  return {_mm256_mul_ps(a.lane, b.lane)};
}
inline Vec div(Vec a, Vec b) noexcept {
  return {_mm256_div_ps(a.lane, b.lane)};
}
/// a * b + c
inline Vec fma(Vec a, Vec b, Vec c) noexcept {
  return {_mm256_fmadd_ps(a.lane, b.lane, c.lane)};
}
/// a * b + c, rounded once on every instruction set
inline Vec fused(Vec a, Vec b, Vec c) noexcept {
  return fma(a, b, c);
}
/// The larger of each pair; b where either is NaN.
inline Vec max(Vec a, Vec b) noexcept {
  return {_mm256_max_ps(a.lane, b.lane)};
}
inline Vec min(Vec a, Vec b) noexcept {
  return {_mm256_min_ps(a.lane, b.lane)};
}
inline Vec abs(Vec a) noexcept {
  return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.lane)};
}
inline Vec copysign(Vec magnitude, Vec sign) noexcept {
  const __m256 bit = _mm256_set1_ps(-0.0f);
  return {_mm256_or_ps(_mm256_andnot_ps(bit, magnitude.lane), _mm256_and_ps(bit, sign.lane))};
}
inline Vec round(Vec a) noexcept {
  return {_mm256_round_ps(a.lane, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
/// a * 2^n, n an integer in [-126, 127]
inline Vec ldexp(Vec a, Vec n) noexcept {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n.lane), _mm256_set1_epi32(127));
  return {_mm256_mul_ps(a.lane, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)))};
}

inline float reduce_add(Vec a) noexcept {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a.lane), _mm256_extractf128_ps(a.lane, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
inline float reduce_max(Vec a) noexcept {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a.lane), _mm256_extractf128_ps(a.lane, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}

/// Stores the kMR x kLanes matrix of these rows column by column. Two neighbours of a column travel as one
/// double; within 128 bits six of them become two whole columns, three stretches of four floats.
inline void store_columns(const Vec (&rows)[kMR], float* p) noexcept {
  __m256 parts[6];  // the stretches of columns 0, 1 | 4, 5 and of columns 2, 3 | 6, 7
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m256d pairs[3];
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) {
      const __m256 even = rows[2 * i].lane, odd = rows[2 * i + 1].lane;
      pairs[i] = _mm256_castps_pd(half == 0 ? _mm256_unpacklo_ps(even, odd) : _mm256_unpackhi_ps(even, odd));
    }
    parts[3 * half] = _mm256_castpd_ps(_mm256_unpacklo_pd(pairs[0], pairs[1]));
    parts[3 * half + 1] = _mm256_castpd_ps(_mm256_shuffle_pd(pairs[2], pairs[0], 0b1010));
    parts[3 * half + 2] = _mm256_castpd_ps(_mm256_unpackhi_pd(pairs[1], pairs[2]));
  }
#pragma GCC unroll 3
  for (int i = 0; i < 3; ++i) {
    _mm256_storeu_ps(p + 8 * i, _mm256_permute2f128_ps(parts[2 * i], parts[2 * i + 1], 0x20));
    _mm256_storeu_ps(p + 8 * i + 24, _mm256_permute2f128_ps(parts[2 * i], parts[2 * i + 1], 0x31));
  }
}

/// Integers, one a lane, or four bytes a lane.
/// (Not __m256i, whose lanes are of 64 bits: GCC 12 then keeps each sum twice.)
using IntVec = std::int32_t __attribute__((vector_size(32)));

SHARPEYE_INLINE IntVec broadcast_int(std::int32_t x) noexcept {
  return reinterpret_cast<IntVec>(_mm256_set1_epi32(x));
}
SHARPEYE_INLINE IntVec add(IntVec a, IntVec b) noexcept {
  return a + b;
}
SHARPEYE_INLINE IntVec load_bytes(const std::uint8_t* p) noexcept {
  return reinterpret_cast<IntVec>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
/// The same four bytes in each lane.
SHARPEYE_INLINE IntVec broadcast_bytes(const std::int8_t* p) noexcept {
  std::int32_t word;
  std::memcpy(&word, p, sizeof word);
  return reinterpret_cast<IntVec>(_mm256_set1_epi32(word));
}
/// sum + u . s in each lane, of four unsigned and four signed bytes; u0 s0 + u1 s1 must fit into 16 bits.
SHARPEYE_INLINE IntVec dot_bytes(IntVec sum, IntVec u, IntVec s) noexcept {
#if defined(SHARPEYE_VNNI)
  using Raw = __m256i;
  return reinterpret_cast<IntVec>(
      _mm256_dpbusd_avx_epi32(reinterpret_cast<Raw>(sum), reinterpret_cast<Raw>(u), reinterpret_cast<Raw>(s)));
#else
  const __m256i pairs = _mm256_maddubs_epi16(reinterpret_cast<__m256i>(u), reinterpret_cast<__m256i>(s));
  return sum + reinterpret_cast<IntVec>(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
#endif
}
/// As dot_bytes, but of 4 unsigned bits: the sum of one group, which widen_sum() completes. Without VNNI it is kept in
/// 16 bits, each the sum of two of the four products.
#if defined(SHARPEYE_VNNI)
inline constexpr bool kNarrowSums = false;
SHARPEYE_INLINE IntVec dot_nibbles(IntVec sum, IntVec u, IntVec s) noexcept {
  return dot_bytes(sum, u, s);
}
SHARPEYE_INLINE IntVec widen_sum(IntVec sum) noexcept {
  return sum;
}
#else
inline constexpr bool kNarrowSums = true;
SHARPEYE_INLINE IntVec dot_nibbles(IntVec sum, IntVec u, IntVec s) noexcept {
  const __m256i pairs = _mm256_maddubs_epi16(reinterpret_cast<__m256i>(u), reinterpret_cast<__m256i>(s));
  return reinterpret_cast<IntVec>(_mm256_add_epi16(reinterpret_cast<__m256i>(sum), pairs));
}
SHARPEYE_INLINE IntVec widen_sum(IntVec sum) noexcept {
  return reinterpret_cast<IntVec>(_mm256_madd_epi16(reinterpret_cast<__m256i>(sum), _mm256_set1_epi16(1)));
}
#endif
/// The lower, or upper, half of each byte.
SHARPEYE_INLINE IntVec low_nibbles(IntVec x) noexcept {
  return reinterpret_cast<IntVec>(_mm256_and_si256(reinterpret_cast<__m256i>(x), _mm256_set1_epi8(0x0f)));
}
SHARPEYE_INLINE IntVec high_nibbles(IntVec x) noexcept {
  return reinterpret_cast<IntVec>(
      _mm256_and_si256(_mm256_srli_epi16(reinterpret_cast<__m256i>(x), 4), _mm256_set1_epi8(0x0f)));
}
SHARPEYE_INLINE Vec to_float(IntVec x) noexcept {
  return {_mm256_cvtepi32_ps(reinterpret_cast<__m256i>(x))};
}
/// Integers in [-128, 127] as bytes.
inline void store_bytes(std::int8_t* p, Vec x) noexcept {
  const __m256i words = _mm256_cvtps_epi32(x.lane);
  const __m128i halves = _mm_packs_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(halves, halves));
}
