// The vector type of NEON (ARMv8-A, 64 bits): eight lanes in two registers, so that 16 of them fill the register file
// as AVX2's do, and every reduction runs in the same order as there. Included by kernels.hpp inside a namespace of its
// own; once more, with SHARPEYE_NEON_DOT, inside a target region that has the dot product of bytes.

inline constexpr Index kLanes = 8;
inline constexpr int kRegisters = 16;

struct Vec {
  float32x4_t low, high;
};

inline Vec broadcast(float x) noexcept {
  return {vdupq_n_f32(x), vdupq_n_f32(x)};
}
inline Vec load(const float* p) noexcept {
  return {vld1q_f32(p), vld1q_f32(p + 4)};
}
inline Vec load(const float16* p) noexcept {
  const uint16x8_t words = vld1q_u16(reinterpret_cast<const std::uint16_t*>(p));
  return {vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(words))),
          vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(words)))};
}
inline Vec load(const bfloat16* p) noexcept {
  const uint16x8_t words = vld1q_u16(reinterpret_cast<const std::uint16_t*>(p));
  return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(words), 16)),
          vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(words), 16))};
}
inline void store(float* p, Vec x) noexcept {
  vst1q_f32(p, x.low);
  vst1q_f32(p + 4, x.high);
}
inline Vec add(Vec a, Vec b) noexcept {
  return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}
inline Vec sub(Vec a, Vec b) noexcept {
  return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}
inline Vec mul(Vec a, Vec b) noexcept {
  return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}
inline Vec div(Vec a, Vec b) noexcept {
  return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
}
/// a * b + c
inline Vec fma(Vec a, Vec b, Vec c) noexcept {
  return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}
/// a * b + c, rounded once on every instruction set
inline Vec fused(Vec a, Vec b, Vec c) noexcept {
  return fma(a, b, c);
}
/// The larger of each pair; b where either is NaN (NEON's own maximum is NaN there).
inline Vec max(Vec a, Vec b) noexcept {
  return {vbslq_f32(vcgtq_f32(a.low, b.low), a.low, b.low), vbslq_f32(vcgtq_f32(a.high, b.high), a.high, b.high)};
}
inline Vec min(Vec a, Vec b) noexcept {
  return {vbslq_f32(vcltq_f32(a.low, b.low), a.low, b.low), vbslq_f32(vcltq_f32(a.high, b.high), a.high, b.high)};
}
inline Vec abs(Vec a) noexcept {
  return {vabsq_f32(a.low), vabsq_f32(a.high)};
}
inline Vec copysign(Vec magnitude, Vec sign) noexcept {
  const uint32x4_t bit = vdupq_n_u32(0x80000000);
  return {vbslq_f32(bit, sign.low, magnitude.low), vbslq_f32(bit, sign.high, magnitude.high)};
}
inline Vec round(Vec a) noexcept {
  return {vrndnq_f32(a.low), vrndnq_f32(a.high)};
}
/// 2^n of integers n in [-126, 127]; 1 for NaN
inline Vec exp2_integer(Vec n) noexcept {
  const int32x4_t bias = vdupq_n_s32(127);
  return {vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n.low), bias), 23)),
          vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n.high), bias), 23))};
}

inline float reduce_add(Vec a) noexcept {
  const float32x4_t four = vaddq_f32(a.low, a.high);
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
inline float reduce_max(Vec a) noexcept {
  const Vec swapped{a.high, a.low};
  const float32x4_t four = max(a, swapped).low;
  float lane[4];
  vst1q_f32(lane, four);
  float result = lane[0];
  for (int i = 1; i < 4; ++i) result = lane[i] > result ? lane[i] : result;
  return result;
}

/// Stores the kTileRows x kLanes matrix of these rows column by column. Two neighbours of a column travel as one
/// double; a store that interleaves three registers writes two whole columns.
inline void store_columns(const Vec (&rows)[kTileRows], float* p) noexcept {
  const auto columns = [&](float32x4_t(&row)[kTileRows], float* target) {
    float64x2x3_t first, second;
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) {
      first.val[i] = vreinterpretq_f64_f32(vzip1q_f32(row[2 * i], row[2 * i + 1]));
      second.val[i] = vreinterpretq_f64_f32(vzip2q_f32(row[2 * i], row[2 * i + 1]));
    }
    vst3q_f64(reinterpret_cast<double*>(target), first);
    vst3q_f64(reinterpret_cast<double*>(target + 2 * kTileRows), second);
  };
  float32x4_t low[kTileRows], high[kTileRows];
#pragma GCC unroll 6
  for (Index r = 0; r < kTileRows; ++r) {
    low[r] = rows[r].low;
    high[r] = rows[r].high;
  }
  columns(low, p);
  columns(high, p + 4 * kTileRows);
}

/// Integers, one a lane, or four bytes a lane.
struct IntVec {
  int32x4_t low, high;
};

SHARPEYE_INLINE IntVec broadcast_int(std::int32_t x) noexcept {
  return {vdupq_n_s32(x), vdupq_n_s32(x)};
}
SHARPEYE_INLINE IntVec add(IntVec a, IntVec b) noexcept {
  return {vaddq_s32(a.low, b.low), vaddq_s32(a.high, b.high)};
}
SHARPEYE_INLINE IntVec load_bytes(const std::uint8_t* p) noexcept {
  return {vreinterpretq_s32_u8(vld1q_u8(p)), vreinterpretq_s32_u8(vld1q_u8(p + 16))};
}
/// The same four bytes in each lane.
SHARPEYE_INLINE IntVec broadcast_bytes(const std::int8_t* p) noexcept {
  std::int32_t word;
  std::memcpy(&word, p, sizeof word);
  return broadcast_int(word);
}
/// sum + u . s in each lane of one register, of four bytes in [0, 127] and four signed ones. (Numbers of seven bits are
/// the same with and without a sign, and ARMv8.2's dot product takes two signed ones.)
SHARPEYE_INLINE int32x4_t dot_bytes(int32x4_t sum, int32x4_t u, int32x4_t s) noexcept {
  const int8x16_t a = vreinterpretq_s8_s32(u), b = vreinterpretq_s8_s32(s);
#if defined(SHARPEYE_NEON_DOT) && defined(__clang__)
  // (clang declares the intrinsic only where the whole program may use the instruction.)
  __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(a), "w"(b));
  return sum;
#elif defined(SHARPEYE_NEON_DOT)
  return vdotq_s32(sum, a, b);
#else
  const int32x4_t first = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)));
  const int32x4_t second = vpaddlq_s16(vmull_high_s8(a, b));
  return vaddq_s32(sum, vpaddq_s32(first, second));
#endif
}
SHARPEYE_INLINE IntVec dot_bytes(IntVec sum, IntVec u, IntVec s) noexcept {
  return {dot_bytes(sum.low, u.low, s.low), dot_bytes(sum.high, u.high, s.high)};
}
/// The lower, or upper, half of each byte.
SHARPEYE_INLINE IntVec low_nibbles(IntVec x) noexcept {
  const int32x4_t mask = vdupq_n_s32(0x0f0f0f0f);
  return {vandq_s32(x.low, mask), vandq_s32(x.high, mask)};
}
SHARPEYE_INLINE IntVec high_nibbles(IntVec x) noexcept {
  return {vreinterpretq_s32_u8(vshrq_n_u8(vreinterpretq_u8_s32(x.low), 4)),
          vreinterpretq_s32_u8(vshrq_n_u8(vreinterpretq_u8_s32(x.high), 4))};
}
SHARPEYE_INLINE Vec to_float(IntVec x) noexcept {
  return {vcvtq_f32_s32(x.low), vcvtq_f32_s32(x.high)};
}
/// Integers in [-128, 127] as bytes.
inline void store_bytes(std::int8_t* p, Vec x) noexcept {
  const int16x8_t words = vcombine_s16(vqmovn_s32(vcvtq_s32_f32(x.low)), vqmovn_s32(vcvtq_s32_f32(x.high)));
  vst1_s8(p, vqmovn_s16(words));
}
