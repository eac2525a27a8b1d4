// The table of the kernels of one instruction set.

inline KernelTable table(Isa isa) noexcept {
  return {isa,
          pack_rows,
          pack_columns,
          gemm_block,
          gemv_block,
          quantize_rows,
          integer_block,
          attention_head,
          cached_attention_head<float>,
          cached_attention_head<float16>,
          to_halves,
          layer_norm,
          log_sum_exp,
          activate_row,
          activation_gradient,
          softmax_row,
          softmax_gradient,
          layer_norm_gradient,
          rms_norm,
          rms_norm_gradient,
          rotate,
          multiply};
}
