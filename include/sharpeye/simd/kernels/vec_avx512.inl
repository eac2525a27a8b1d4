// The vector type of AVX-512 (F, BW, DQ and VL). Included inside a target region and a namespace of its
// own.

inline constexpr Index kLanes = 16;
inline constexpr int kRegisters = 32;
inline constexpr bool kFewRows = false;

// Some intrinsics take this mask where a plain form exists: GCC 12 warns of the uninitialised vector in its own plain
// forms, and compiles both to the same instruction.
inline constexpr __mmask16 kAll = 0xffff;

struct Vec {
  __m512 lane;
};

inline Vec broadcast(float x) noexcept {
  return {_mm512_set1_ps(x)};
}
inline Vec load(const float* p) noexcept {
  return {_mm512_loadu_ps(p)};
}
inline Vec load(const float16* p) noexcept {
  return {_mm512_maskz_cvtph_ps(kAll, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
inline Vec load(const bfloat16* p) noexcept {
  const __m512i words = _mm512_maskz_cvtepu16_epi32(kAll, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return {_mm512_castsi512_ps(_mm512_maskz_slli_epi32(kAll, words, 16))};
}
inline void store(float* p, Vec x) noexcept {
  _mm512_storeu_ps(p, x.lane);
}
inline void store(float16* p, Vec x) noexcept {
  const __m256i halves = _mm512_maskz_cvtps_ph(kAll, x.lane, _MM_FROUND_TO_NEAREST_INT);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), halves);
}
inline Vec add(Vec a, Vec b) noexcept {
  return {_mm512_add_ps(a.lane, b.lane)};
}
inline Vec sub(Vec a, Vec b) noexcept {
  return {_mm512_sub_ps(a.lane, b.lane)};
}
inline Vec mul(Vec a, Vec b) noexcept {
  return {_mm512_mul_ps(a.lane, b.lane)};
}
inline Vec div(Vec a, Vec b) noexcept {
  return {_mm512_div_ps(a.lane, b.lane)};
}
/// a * b + c
inline Vec fma(Vec a, Vec b, Vec c) noexcept {
  return {_mm512_fmadd_ps(a.lane, b.lane, c.lane)};
}
/// a * b + c, rounded once on every instruction set
inline Vec fused(Vec a, Vec b, Vec c) noexcept {
  return fma(a, b, c);
}
/// The larger of each pair; b where either is NaN.
inline Vec max(Vec a, Vec b) noexcept {
  return {_mm512_maskz_max_ps(kAll, a.lane, b.lane)};
}
inline Vec min(Vec a, Vec b) noexcept {
  return {_mm512_maskz_min_ps(kAll, a.lane, b.lane)};
}
inline Vec abs(Vec a) noexcept {
  return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.lane)};
}
inline Vec copysign(Vec magnitude, Vec sign) noexcept {
  const __m512 bit = _mm512_set1_ps(-0.0f);
  return {_mm512_or_ps(_mm512_andnot_ps(bit, magnitude.lane), _mm512_and_ps(bit, sign.lane))};
}
inline Vec round(Vec a) noexcept {
  return {_mm512_maskz_roundscale_ps(kAll, a.lane, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
/// a * 2^n, n an integer in [-126, 127]
inline Vec ldexp(Vec a, Vec n) noexcept {
  return {_mm512_maskz_scalef_ps(kAll, a.lane, n.lane)};
}

/// Eight of the lanes: the first (0) or the second half (1).
template <int kHalf>
inline __m256 half(Vec a) noexcept {
  return _mm512_maskz_extractf32x8_ps(0xff, a.lane, kHalf);
}

inline float reduce_add(Vec a) noexcept {
  const __m256 y = _mm256_add_ps(half<0>(a), half<1>(a));
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
inline float reduce_max(Vec a) noexcept {
  const __m256 y = _mm256_max_ps(half<0>(a), half<1>(a));
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}

/// Stores the kMR x kLanes matrix of these rows column by column. Two neighbours of a column travel as one
/// double, eight columns at a time; of their 24 doubles each store takes eight, from all three pairs of rows.
inline void store_columns(const Vec (&rows)[kMR], float* p) noexcept {
  // Doubles of pairs 0, 1, 2 are numbered by column; 8 and above mean the second source.
  const __m512i first[3] = {_mm512_setr_epi64(0, 8, 0, 1, 9, 0, 2, 10),     // p0 q0 .  p1 q1 .  p2 q2
                            _mm512_setr_epi64(0, 3, 11, 0, 4, 12, 0, 5),    // .  p3 q3 .  p4 q4 .  p5
                            _mm512_setr_epi64(13, 0, 6, 14, 0, 7, 15, 0)};  // q5 .  p6 q6 .  p7 q7 .
  const __m512i second[3] = {_mm512_setr_epi64(0, 1, 8, 3, 4, 9, 6, 7), _mm512_setr_epi64(10, 1, 2, 11, 4, 5, 12, 7),
                             _mm512_setr_epi64(0, 13, 2, 3, 14, 5, 6, 15)};
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_or_epi32(low, _mm512_set1_epi32(8));
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m512d pairs[3];
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) {
      pairs[i] =
          _mm512_castps_pd(_mm512_permutex2var_ps(rows[2 * i].lane, half == 0 ? low : high, rows[2 * i + 1].lane));
    }
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) {
      const __m512d two = _mm512_permutex2var_pd(pairs[0], first[i], pairs[1]);
      _mm512_storeu_pd(p + 48 * half + 16 * i, _mm512_permutex2var_pd(two, second[i], pairs[2]));
    }
  }
}

/// Integers, one a lane, or four bytes a lane.
/// (Not __m512i, whose lanes are of 64 bits: GCC 12 then keeps each sum twice.)
using IntVec = std::int32_t __attribute__((vector_size(64)));

SHARPEYE_INLINE IntVec broadcast_int(std::int32_t x) noexcept {
  return reinterpret_cast<IntVec>(_mm512_set1_epi32(x));
}
SHARPEYE_INLINE IntVec add(IntVec a, IntVec b) noexcept {
  return a + b;
}
SHARPEYE_INLINE IntVec load_bytes(const std::uint8_t* p) noexcept {
  return reinterpret_cast<IntVec>(_mm512_loadu_si512(p));
}
/// The same four bytes in each lane.
SHARPEYE_INLINE IntVec broadcast_bytes(const std::int8_t* p) noexcept {
  std::int32_t word;
  std::memcpy(&word, p, sizeof word);
  return reinterpret_cast<IntVec>(_mm512_set1_epi32(word));
}
/// sum + u . s in each lane, of four unsigned and four signed bytes; u0 s0 + u1 s1 must fit into 16 bits.
SHARPEYE_INLINE IntVec dot_bytes(IntVec sum, IntVec u, IntVec s) noexcept {
#if defined(SHARPEYE_VNNI)
  using Raw = __m512i;
  return reinterpret_cast<IntVec>(
      _mm512_dpbusd_epi32(reinterpret_cast<Raw>(sum), reinterpret_cast<Raw>(u), reinterpret_cast<Raw>(s)));
#else
  const __m512i pairs = _mm512_maddubs_epi16(reinterpret_cast<__m512i>(u), reinterpret_cast<__m512i>(s));
  return sum + reinterpret_cast<IntVec>(_mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
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
  const __m512i pairs = _mm512_maddubs_epi16(reinterpret_cast<__m512i>(u), reinterpret_cast<__m512i>(s));
  return reinterpret_cast<IntVec>(_mm512_add_epi16(reinterpret_cast<__m512i>(sum), pairs));
}
SHARPEYE_INLINE IntVec widen_sum(IntVec sum) noexcept {
  return reinterpret_cast<IntVec>(_mm512_madd_epi16(reinterpret_cast<__m512i>(sum), _mm512_set1_epi16(1)));
}
#endif
/// The lower, or upper, half of each byte.
SHARPEYE_INLINE IntVec low_nibbles(IntVec x) noexcept {
  return reinterpret_cast<IntVec>(_mm512_and_si512(reinterpret_cast<__m512i>(x), _mm512_set1_epi8(0x0f)));
}
SHARPEYE_INLINE IntVec high_nibbles(IntVec x) noexcept {
  return reinterpret_cast<IntVec>(
      _mm512_and_si512(_mm512_srli_epi16(reinterpret_cast<__m512i>(x), 4), _mm512_set1_epi8(0x0f)));
}
SHARPEYE_INLINE Vec to_float(IntVec x) noexcept {
  return {_mm512_maskz_cvtepi32_ps(kAll, reinterpret_cast<__m512i>(x))};
}
/// Integers in [-128, 127] as bytes.
inline void store_bytes(std::int8_t* p, Vec x) noexcept {
  const __m512i words = _mm512_maskz_cvtps_epi32(kAll, x.lane);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(kAll, words));
}

#if defined(SHARPEYE_BF16)
/// Two numbers of 16 bits (bfloat16) in the place of a float: two steps of k.
struct Pair {
  std::uint16_t bits[2];
};
struct Pairs {
  __m512 lane;
};
inline Pairs load(const Pair* p) noexcept {
  return {_mm512_loadu_ps(p)};
}
/// a1 * b1 + a2 * b2 + c for the pairs a (as the floats that their bits would be) and b
inline Vec fma(Vec a, Pairs b, Vec c) noexcept {
  return {_mm512_dpbf16_ps(c.lane, (__m512bh)a.lane, (__m512bh)b.lane)};
}
/// Pairs of neighbours: of `first`, then of `second`.
inline Vec pairs_of_neighbours(Vec first, Vec second) noexcept {
  return {(__m512)_mm512_cvtne2ps_pbh(second.lane, first.lane)};
}
/// (a[i], b[i]) in each lane.
inline Vec zip_pairs(Vec a, Vec b) noexcept {
  const __m512i low_first = (__m512i)pairs_of_neighbours(a, b).lane;
  const __m512i order =
      _mm512_add_epi32(_mm512_set1_epi32(0x00100000),
                       _mm512_mullo_epi32(_mm512_set1_epi32(0x00010001),
                                          _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
  return {(__m512)_mm512_permutexvar_epi16(order, low_first)};
}
#endif
