// What a finished micro-tile goes through before C is left alone: bias, activation, residual.

/// The epilogue over one finished micro-tile; `residual` may be null.
template <class Kind>
inline void finish_tile_as(Index rows, Index columns, float* c, Index ldc, const float* bias, const float* residual,
                           Index ld_residual) noexcept {
  for (Index r = 0; r < rows; ++r) {
    for (Index j = 0; j < columns; j += kLanes) {
      Vec x = load(c + r * ldc + j);
      if (bias != nullptr) x = add(x, load(bias + j));
      x = Kind::value(x);
      if (residual != nullptr) x = add(x, load(residual + r * ld_residual + j));
      store(c + r * ldc + j, x);
    }
  }
}

inline void finish_tile(Activation activation, Index rows, Index columns, float* c, Index ldc, const float* bias,
                        const float* residual, Index ld_residual) noexcept {
  if (activation == Activation::kNone && bias == nullptr && residual == nullptr) return;
  with_activation(activation, [&](auto kind) {
    finish_tile_as<decltype(kind)>(rows, columns, c, ldc, bias, residual, ld_residual);
  });
}

inline void copy_columns(Index rows, Index columns, const float* from, Index ld_from, float* to, Index ld_to) noexcept {
  const std::size_t bytes = static_cast<std::size_t>(columns) * sizeof(float);
  for (Index r = 0; r < rows; ++r) std::memcpy(to + r * ld_to, from + r * ld_from, bytes);
}
