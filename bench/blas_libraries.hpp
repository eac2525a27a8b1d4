#pragma once

/// @file
/// The f32 matrix products of libraries that happen to be installed: looked for at run time, so that nothing depends on
/// them. (Debian: libopenblas0-pthread, libblis4-pthread, libdnnl2.)

#include <dlfcn.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// C[m, n] = A[m, k] * W[n, k]^T, row-major.
using Product = std::function<void(long m, long n, long k, const float* a, const float* w, float* c)>;

struct BlasLibrary {
  std::string name;
  std::function<void(int)> set_threads;
  Product product;
};

namespace detail {

template <class Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(library == nullptr ? nullptr : ::dlsym(library, name));
}

// A library with the C interface of BLAS, whose integers have 32 bits.
inline void add_cblas(const std::string& name, const char* file, const char* threads,
                      std::vector<BlasLibrary>& libraries) {
  void* library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  const auto sgemm =
      symbol<void(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*, int)>(
          library, "cblas_sgemm");
  const auto set_threads = symbol<void(std::int64_t)>(library, threads);  // an int to OpenBLAS: the same register
  if (sgemm == nullptr || set_threads == nullptr) return;
  libraries.push_back({name, set_threads, [sgemm](long m, long n, long k, const float* a, const float* w, float* c) {
                         constexpr int kRowMajor = 101, kPlain = 111, kTransposed = 112;
                         sgemm(kRowMajor, kPlain, kTransposed, static_cast<int>(m), static_cast<int>(n),
                               static_cast<int>(k), 1, a, static_cast<int>(k), w, static_cast<int>(k), 0, c,
                               static_cast<int>(n));
                       }});
}

}  // namespace detail

/// Those that can be loaded.
inline std::vector<BlasLibrary> installed_blas_libraries() {
  std::vector<BlasLibrary> libraries;
  detail::add_cblas("openblas", "libopenblas.so.0", "openblas_set_num_threads", libraries);
  detail::add_cblas("blis", "libblis.so.4", "bli_thread_set_num_threads", libraries);
  void* onednn = ::dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
  using Size = std::int64_t;
  const auto sgemm = detail::symbol<int(char, char, Size, Size, Size, float, const float*, Size, const float*, Size,
                                        float, float*, Size)>(onednn, "dnnl_sgemm");
  void* openmp = ::dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);
  const auto set_threads = detail::symbol<void(int)>(openmp, "omp_set_num_threads");
  if (sgemm != nullptr && set_threads != nullptr) {
    libraries.push_back(
        {"onednn", set_threads, [sgemm](long m, long n, long k, const float* a, const float* w, float* c) {
           sgemm('N', 'T', m, n, k, 1, a, k, w, k, 0, c, n);
         }});
  }
  return libraries;
}

}  // namespace bench
