#pragma once

/// @file
/// How several products of one A become one list of jobs.

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// `body(product, part)` for each of the `parts(weights)` parts of each product, in one loop: threads wait for each
/// other once and not after each product.
template <class Parts, class Body>
void for_each_part(ThreadPool& pool, const Product* products, Index count, const Parts& parts, const Body& body) {
  Index total = 0;
  for (Index i = 0; i < count; ++i) total += parts(products[i].weights);
  pool.parallel_for(total, [&](Index part) {
    const Product* product = products;
    for (; part >= parts(product->weights); ++product) part -= parts(product->weights);
    body(*product, part);
  });
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
