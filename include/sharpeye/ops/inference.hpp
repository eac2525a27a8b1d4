#pragma once

/// @file
/// The ops policy that runs models: the SIMD kernels, a thread pool and an arena, all passed in.

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <numeric>
#include <type_traits>
#include <vector>

#include "sharpeye/core/arena.hpp"
#include "sharpeye/core/tensor.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/formats/packed_matrix.hpp"
#include "sharpeye/ops/attention_observer.hpp"
#include "sharpeye/ops/ops.hpp"
#include "sharpeye/simd/attention.hpp"
#include "sharpeye/simd/gemm.hpp"
#include "sharpeye/simd/integer_gemm.hpp"
#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/pack.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// One call's execution context. Activations are float; weights keep the file's precision (F32, F16, BF16, or quantized
/// to 8 or 4 bits, for which activations are quantized as they are read), packed once when a model is constructed.
/// See ops.hpp for what each primitive means. Tensors must not outlive the arena.
template <class S>
class Inference {
  static_assert(std::is_same_v<S, float>, "the kernels compute in float; use Naive<double> for a wider check");

 public:
  using Scalar = S;
  static constexpr bool kReadsHalves = true;

  /// Rows of an arena buffer; slices share it.
  class Tensor {
   public:
    Tensor() = default;
    Index rows() const noexcept { return rows_; }
    Index columns() const noexcept { return columns_; }
    /// Elements between the beginnings of two rows.
    Index stride() const noexcept { return stride_; }
    const S* data() const noexcept { return static_cast<const S*>(buffer_.data()) + offset_; }

   private:
    friend class Inference;
    S* mutable_data() const noexcept { return static_cast<S*>(buffer_.data()) + offset_; }

    ArenaBuffer buffer_;
    Index rows_ = 0, columns_ = 0, stride_ = 0, offset_ = 0;
    bool is_rounded_ = false;  // a product with integer weights, for which its factors were rounded to 8 bits
  };

  /// A weight [out, in] packed for the kernels, or taken as it is from a file of packed ones. Copies share the
  /// elements.
  class Matrix {
   public:
    Matrix() = default;
    explicit Matrix(const WeightTensor& tensor) : matrix_(tensor) {}
    Index rows() const noexcept { return matrix_.weights.n; }
    bool is_integer() const noexcept { return matrix_.weights.is_integer(); }
    const simd::PackedWeights& packed() const noexcept { return matrix_.weights; }

   private:
    PackedMatrix matrix_;
  };

  /// A weight [n], as floats filled up with zeros to whole panels.
  class Vector {
   public:
    Vector() = default;
    explicit Vector(const WeightTensor& tensor)
        : values_(static_cast<std::size_t>(simd::round_up(tensor.size(), simd::kNR)), S{0}) {
      tensor.copy_to(values_.data());
    }
    const S* data() const noexcept { return values_.data(); }

   private:
    std::vector<S> values_;
  };

  /// @param pool the threads to use. @param arena where activations live; both must outlive this and its tensors.
  /// @throws Error kInvalidArgument when SHARPEYE_ISA is wrong.
  Inference(ThreadPool& pool, Arena& arena) : pool_(pool), arena_(arena), kernels_(simd::kernels()) {}

  /// From now on `observer` sees the inputs of each attention; nullptr: nobody does. It must outlive its use.
  void observe(AttentionObserver* observer) { observer_ = observer; }

  Tensor linear(const Tensor& x, const Matrix& weight, const LinearEpilogue<Inference>& epilogue = {}) {
    return linears<1>(x, {{{&weight, epilogue}}})[0];
  }

  template <std::size_t N>
  std::array<Tensor, N> linears(const Tensor& x, const std::array<LinearTerm<Inference>, N>& terms) {
    std::array<Tensor, N> results;
    std::array<simd::Product, N> products;
    std::size_t floats = 0, integers = N;  // those of floats stand at the front, of integers at the back
    for (std::size_t i = 0; i < N; ++i) {
      const auto& [weight, epilogue] = terms[i];
      results[i] = allocate(x.rows(), weight->rows());
      results[i].is_rounded_ = weight->packed().is_integer();
      simd::Product& product = products[weight->packed().is_integer() ? --integers : floats++];
      product = {weight->packed(), results[i].mutable_data(), results[i].stride(), {}};
      product.epilogue.bias = epilogue.bias == nullptr ? nullptr : epilogue.bias->data();
      product.epilogue.activation = epilogue.activation;
      if (epilogue.residual != nullptr) {
        product.epilogue.residual = epilogue.residual->data();
        product.epilogue.ld_residual = epilogue.residual->stride();
      }
    }
    if (floats > 0) {
      simd::gemm(pool_, arena_, x.rows(), x.data(), x.stride(), products.data(), static_cast<Index>(floats));
    }
    if (integers < N) {
      const bool skips = std::any_of(products.begin() + static_cast<std::ptrdiff_t>(integers), products.end(),
                                     [](const auto& product) { return product.weights.format == WeightFormat::kInt8; });
      const simd::QuantizedMatrix a = simd::quantize(pool_, arena_, x.rows(), x.columns(), x.data(), x.stride(), skips);
      simd::integer_gemm(pool_, a.rows, products.data() + integers, static_cast<Index>(N - integers));
    }
    return results;
  }

  Tensor layer_norm(const Tensor& x, const Vector& gain, const Vector& bias, double epsilon) {
    Tensor y = allocate(x.rows(), x.columns());
    for_row_blocks(x.rows(), [&](Index begin, Index count) {
      kernels_.layer_norm(count, x.columns(), x.data() + begin * x.stride(), x.stride(), gain.data(), bias.data(),
                          static_cast<S>(epsilon), y.mutable_data() + begin * y.stride(), y.stride());
    });
    return y;
  }

  Tensor rms_norm(const Tensor& x, const Vector& gain, double epsilon) {
    Tensor y = allocate(x.rows(), x.columns());
    for_row_blocks(x.rows(), [&](Index begin, Index count) {
      kernels_.rms_norm(count, x.columns(), x.data() + begin * x.stride(), x.stride(), gain.data(),
                        static_cast<S>(epsilon), y.mutable_data() + begin * y.stride(), y.stride());
    });
    return y;
  }

  Tensor multiply(Tensor a, const Tensor& b) {
    Tensor y = for_result(a);
    for_row_blocks(y.rows(), [&](Index begin, Index count) {
      for (Index i = begin; i < begin + count; ++i) {
        kernels_.multiply(y.columns(), a.data() + i * a.stride(), b.data() + i * b.stride(),
                          y.mutable_data() + i * y.stride());
      }
    });
    return y;
  }

  Tensor rotary(Tensor x, Index num_heads, const RotaryTable& table, const std::vector<std::int32_t>& positions) {
    Tensor y = for_result(x);
    for_row_blocks(y.rows(), [&](Index begin, Index count) {
      for (Index i = begin; i < begin + count; ++i) {
        const Index position = positions[static_cast<std::size_t>(i)];
        kernels_.rotate(num_heads, table.half(), x.data() + i * x.stride(), table.cosines(position),
                        table.sines(position), 1.0f, y.mutable_data() + i * y.stride());
      }
    });
    return y;
  }

  Tensor add(const Tensor& a, const Tensor& b) {
    Tensor y = allocate(a.rows(), a.columns());
    for_row_blocks(y.rows(), [&](Index begin, Index count) {
      for (Index i = begin; i < begin + count; ++i) {
        const S* left = a.data() + i * a.stride();
        const S* right = b.data() + i * b.stride();
        S* out = y.mutable_data() + i * y.stride();
        for (Index j = 0; j < y.columns(); ++j) out[j] = left[j] + right[j];
      }
    });
    return y;
  }

  Tensor rows(const Matrix& table, const std::vector<std::int32_t>& ids) {
    const simd::PackedWeights& packed = table.packed();
    Tensor y = allocate(static_cast<Index>(ids.size()), packed.k);
    for (Index i = 0; i < y.rows(); ++i) {
      const Index id = ids[static_cast<std::size_t>(i)];
      S* out = y.mutable_data() + i * y.stride();
      if (packed.is_integer()) {
        simd::unpack_row(packed, id, out);
        continue;
      }
      const Index first = id / simd::kNR * simd::kNR * packed.k + id % simd::kNR;
      switch (packed.format) {
        case WeightFormat::kF16: gather(static_cast<const float16*>(packed.data) + first, packed.k, out); break;
        case WeightFormat::kBF16: gather(static_cast<const bfloat16*>(packed.data) + first, packed.k, out); break;
        default: gather(static_cast<const float*>(packed.data) + first, packed.k, out); break;
      }
    }
    return y;
  }

  Tensor mean_rows(const Tensor& x, const std::vector<std::vector<std::int32_t>>& groups) {
    Tensor y = allocate(static_cast<Index>(groups.size()), x.columns());
    for_row_blocks(y.rows(), [&](Index begin, Index count) {
      for (Index i = begin; i < begin + count; ++i) {
        const std::vector<std::int32_t>& group = groups[static_cast<std::size_t>(i)];
        S* out = y.mutable_data() + i * y.stride();
        std::copy_n(x.data() + group.front() * x.stride(), x.columns(), out);
        if (group.size() == 1) continue;
        for (std::size_t member = 1; member < group.size(); ++member) {
          const S* row = x.data() + group[member] * x.stride();
          for (Index j = 0; j < y.columns(); ++j) out[j] += row[j];
        }
        const S share = 1 / static_cast<S>(group.size());
        for (Index j = 0; j < y.columns(); ++j) out[j] *= share;
      }
    });
    return y;
  }

  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, Index num_heads, AttentionMask mask,
                   const float* key_bias = nullptr) {
    simd::AttentionHead head{};
    head.key_bias = key_bias;
    head.num_keys = k.rows();
    head.k = k.data();
    head.ldk = k.stride();
    head.v = v.data();
    head.ldv = v.stride();
    if (q.is_rounded_ && k.is_rounded_) head.integer_block = kernels_.integer_block;
    const Index head_dim = q.columns() / num_heads;
    return attention(q, head, k.columns() / head_dim, head_dim, num_heads, mask);
  }

  Tensor attention(const Tensor& q, const CachedRows<float16>& cache, Index num_keys, Index num_heads,
                   AttentionMask mask) {
    simd::AttentionHead head{};
    head.key_bias = cache.key_bias;
    head.num_keys = num_keys;
    head.half_k = cache.keys;
    head.half_v = cache.values;
    head.ldk = head.ldv = cache.places.row_stride;
    return attention(q, head, cache.num_heads, cache.places.head_stride, num_heads, mask);
  }

  template <class T = S>
  Tensor cached_attention(const Tensor& q, const CachedRows<T>& cache, Index num_heads,
                          const std::vector<RowSpan>& spans) {
    const Index head_dim = q.columns() / num_heads;
    if (observer_ != nullptr) {
      const Index longest = longest_of(spans);
      AttentionCall call{num_heads, head_dim, q.rows(), longest, num_heads / cache.num_heads, q.data(), q.stride()};
      if constexpr (std::is_same_v<T, float16>) {
        call.half_keys = cache.keys;
      } else {
        call.keys = cache.keys;
      }
      call.key_stride = cache.places.row_stride;
      call.key_head_stride = cache.places.head_stride;
      call.spans = spans.data();
      call.key_bias = cache.key_bias;
      observer_->attend(call);
    }
    return attend_rows(q, cache, num_heads, spans);
  }

  Tensor concat_rows(const std::vector<Tensor>& parts) {
    Index rows = 0;
    for (const Tensor& part : parts) rows += part.rows();
    Tensor y = allocate(rows, parts.front().columns());
    rows = 0;
    for (const Tensor& part : parts) {
      copy_out(part, y.mutable_data() + rows * y.stride(), y.stride());
      rows += part.rows();
    }
    return y;
  }

  Tensor concat_columns(const std::vector<Tensor>& parts) {
    Index columns = 0;
    for (const Tensor& part : parts) columns += part.columns();
    Tensor y = allocate(parts.front().rows(), columns);
    columns = 0;
    for (const Tensor& part : parts) {
      copy_out(part, y.mutable_data() + columns, y.stride());
      columns += part.columns();
    }
    return y;
  }

  Tensor slice_rows(const Tensor& x, Index begin, Index count) {
    Tensor y = x;
    y.offset_ += begin * x.stride();
    y.rows_ = count;
    return y;
  }

  Tensor constant(const sharpeye::Matrix<float>& values) {
    Tensor y = allocate(values.rows(), values.cols());
    std::copy_n(values.data(), values.size(), y.mutable_data());
    return y;
  }

  template <class T>
  void copy_out(const Tensor& x, T* destination, Index stride) const {
    for (Index i = 0; i < x.rows(); ++i) {
      std::copy_n(x.data() + i * x.stride(), x.columns(), destination + i * stride);
    }
  }

  template <class T>
  void copy_heads(const Tensor& x, Index num_heads, T* destination, const HeadPlaces& places) const {
    const Index head_dim = x.columns() / num_heads;
    for_row_blocks(x.rows(), [&](Index begin, Index count) {
      for (Index head = 0; head < num_heads; ++head) {
        for (Index i = begin; i < begin + count; ++i) {
          const S* from = x.data() + i * x.stride() + head * head_dim;
          T* to = destination + i * places.row_stride + head * places.head_stride;
          if constexpr (std::is_same_v<T, float16>) {
            kernels_.to_halves(head_dim, from, to);
          } else {
            std::copy_n(from, head_dim, to);
          }
        }
      }
    });
  }

 private:
  static Index longest_of(const std::vector<RowSpan>& spans) {
    Index longest = 0;
    for (const RowSpan& span : spans) longest = std::max(longest, span.count);
    return longest;
  }

  // How many rows all spans have at their beginning.
  static Index shared_by(const std::vector<RowSpan>& spans) {
    Index shared = spans.front().count;
    for (const RowSpan& span : spans) {
      shared = std::min(shared, span.count);
      if (span.rows == spans.front().rows) continue;
      shared = std::mismatch(span.rows, span.rows + shared, spans.front().rows).first - span.rows;
    }
    return shared;
  }

  template <class T>
  Tensor attend_rows(const Tensor& q, const CachedRows<T>& cache, Index num_heads, const std::vector<RowSpan>& spans) {
    Tensor y = allocate(q.rows(), q.columns());
    const Index head_dim = q.columns() / num_heads, longest = longest_of(spans);
    const Index shared = shared_by(spans), of_head = std::min(q.rows(), simd::kCachedQueries) * longest;
    const ArenaBuffer scores = arena_.acquire(static_cast<std::size_t>(num_heads * of_head) * sizeof(S));
    const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
    // A job takes one head of all queries: beams share most rows.
    const Index group = num_heads / cache.num_heads;  // query heads that share keys and values
    pool_.parallel_for(num_heads, [&](Index index) {
      const Index column = index * head_dim, kv_head = index / group * cache.places.head_stride;
      const simd::CachedAttentionHead<T> head{q.rows(),
                                              head_dim,
                                              q.data() + column,
                                              q.stride(),
                                              cache.keys + kv_head,
                                              cache.values + kv_head,
                                              cache.places.row_stride,
                                              spans.data(),
                                              shared,
                                              scale,
                                              y.mutable_data() + column,
                                              y.stride(),
                                              static_cast<S*>(scores.data()) + index * of_head,
                                              longest,
                                              cache.key_bias};
      if constexpr (std::is_same_v<T, float16>) {
        kernels_.half_cached_attention_head(head);
      } else {
        kernels_.cached_attention_head(head);
      }
    });
    return y;
  }

  // `head` has the keys and values of head 0 of `kv_heads`, those of the next one `head_stride` further.
  Tensor attention(const Tensor& q, simd::AttentionHead head, Index kv_heads, Index head_stride, Index num_heads,
                   AttentionMask mask) {
    head.head_dim = q.columns() / num_heads;
    head.num_queries = q.rows();
    head.q = q.data();
    head.ldq = q.stride();
    head.scale = 1.0f / std::sqrt(static_cast<float>(head.head_dim));
    head.causal = mask == AttentionMask::kCausal;
    if (observer_ != nullptr) {
      observer_->attend({num_heads, head.head_dim, q.rows(), head.num_keys, num_heads / kv_heads, q.data(), q.stride(),
                         head.k, head.half_k, head.ldk, head_stride, mask, nullptr, head.key_bias});
    }
    if (q.rows() <= simd::kMR && head.ldk == head.ldv) {  // too few to repay packing all keys
      const HeadPlaces places{head.ldk, head_stride};
      if (head.half_k != nullptr) {
        return attend_first<float16>(q, {head.half_k, head.half_v, kv_heads, places, head.key_bias}, head, num_heads);
      }
      return attend_first<S>(q, {head.k, head.v, kv_heads, places, head.key_bias}, head, num_heads);
    }
    Tensor y = allocate(q.rows(), q.columns());
    head.out = y.mutable_data();
    head.ldo = y.stride();
    simd::attention(pool_, arena_, num_heads, num_heads / kv_heads, head_stride, head);
    return y;
  }

  // The same, one query after the other over the first keys.
  template <class T>
  Tensor attend_first(const Tensor& q, const CachedRows<T>& keys, const simd::AttentionHead& head, Index num_heads) {
    std::vector<std::int32_t> rows(static_cast<std::size_t>(head.num_keys));
    std::iota(rows.begin(), rows.end(), 0);
    std::vector<RowSpan> spans;
    for (Index i = 0; i < q.rows(); ++i) {
      spans.push_back({rows.data(), head.causal ? head.num_keys - q.rows() + i + 1 : head.num_keys});
    }
    return attend_rows(q, keys, num_heads, spans);
  }

  Tensor allocate(Index rows, Index columns) {
    Tensor tensor;
    tensor.buffer_ = arena_.acquire(static_cast<std::size_t>(rows * columns) * sizeof(S));
    tensor.rows_ = rows;
    tensor.columns_ = tensor.stride_ = columns;
    return tensor;
  }

  // Where what replaces x goes: into its own memory, if nobody else holds that.
  Tensor for_result(const Tensor& x) { return x.buffer_.is_sole() ? x : allocate(x.rows(), x.columns()); }

  // Row-wise work in blocks; waking the threads would cost more than a decode step's few rows.
  template <class Body>
  void for_row_blocks(Index rows, const Body& body) const {
    constexpr Index kRows = 32;
    pool_.parallel_for(simd::ceil_div(rows, kRows),
                       [&](Index block) { body(block * kRows, std::min(kRows, rows - block * kRows)); });
  }

  template <class Weight>
  static void gather(const Weight* first, Index count, S* out) {
    for (Index i = 0; i < count; ++i) out[i] = static_cast<S>(first[i * simd::kNR]);
  }

  ThreadPool& pool_;
  Arena& arena_;
  const simd::KernelTable& kernels_;
  AttentionObserver* observer_ = nullptr;
};

SHARPEYE_NAMESPACE_END
