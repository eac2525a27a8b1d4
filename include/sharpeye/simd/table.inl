// The table of the kernels of one instruction set. Included once per instruction set, after all bodies.

inline KernelTable table(Isa isa) noexcept {
  return {isa, pack_rows, gemm_block, gemv_block, attention_head, cached_attention_head, layer_norm, log_sum_exp};
}
