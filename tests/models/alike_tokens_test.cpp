// Fewer visual tokens: which become one, where they stand, and that tokens which are the same lose nothing.

#include "sharpeye/models/alike_tokens.hpp"

#include <doctest/doctest.h>

#include <set>

#include "models/small_models.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/ops/naive.hpp"

using namespace sharpeye;
using Groups = std::vector<std::vector<std::int32_t>>;
using Ids = std::vector<std::int32_t>;

namespace {

Matrix<float> column(const std::vector<float>& values) {
  return Eigen::Map<const Matrix<float>>(values.data(), static_cast<Index>(values.size()), 1);
}

template <class Ops>
Matrix<double> logits_of(Ops& ops, const CausalLm<Ops>& lm, const Ids& ids, const nn::PlacedTokens& placed,
                         const std::vector<Index>& steps) {
  auto cache = lm.make_cache(64);
  if (!placed.positions.empty()) cache.place(placed);
  typename Ops::Tensor last;
  auto next = ids.begin();
  for (const Index step : steps) {
    last = lm.step(ops, lm.embed(ops, {next, next + step}), cache);
    next += step;
  }
  const auto logits = lm.logits(ops, ops.slice_rows(last, last.rows() - 1, 1));
  Matrix<typename Ops::Scalar> values(1, logits.columns());
  ops.copy_out(logits, values.data(), values.cols());
  return values.template cast<double>();
}

}  // namespace

TEST_CASE("neighbours stand beside and below each other, and in two levels at one place") {
  const NeighbouringTokens one = grid_neighbours(3, 1), two = grid_neighbours(3, 2);
  CHECK(one.size() == 12);
  CHECK(two.size() == 2 * 12 + 9);
  const std::set<std::pair<std::int32_t, std::int32_t>> links(two.begin(), two.end());
  CHECK(links.size() == two.size());
  CHECK(links.count({0, 1}) == 1);
  CHECK(links.count({2, 3}) == 0);  // the end of a row and the beginning of the next
  CHECK(links.count({6, 9}) == 0);  // the last row of a level and the first of the next
  CHECK(links.count({0, 3}) == 1);
  CHECK(links.count({4, 13}) == 1);
  CHECK(all_neighbours(4).size() == 6);
  CHECK(grid_neighbours(1, 1).empty());
}

TEST_CASE("neighbours that are alike become one, at the place of the member that is most like all") {
  // 3 x 3: the left column is flat, the rest is not
  const Matrix<float> grid = column({1, 5, 90, 1.5f, 40, 70, 1.2f, 8, 20});
  const NeighbouringTokens links = grid_neighbours(3, 1);
  MergedTokens merged = merge_alike(grid, links, 8);
  CHECK(merged.groups == Groups{{0}, {1}, {2}, {3, 6}, {4}, {5}, {7}, {8}});
  merged = merge_alike(grid, links, 7);
  CHECK(merged.groups == Groups{{1}, {2}, {4}, {5}, {0, 3, 6}, {7}, {8}});
  CHECK(merged.places == Ids{1, 2, 4, 5, 6, 7, 8});  // 1.2 is the nearest to the mean, 1.23
  // Two that are the same become one only as neighbours.
  CHECK(merge_alike(column({1, 50, 1, 60}), {{0, 1}, {1, 2}, {2, 3}}, 3).groups == Groups{{0, 1}, {2}, {3}});
  CHECK(merge_alike(column({1, 50, 1, 60}), all_neighbours(4), 3).groups == Groups{{0, 2}, {1}, {3}});
  // Ward: a large group costs more to add to. |0 - 4|^2 * 3 / 4 = 12 of three and one, |20 - 24.5|^2 / 2 = 10.1.
  merged = merge_alike(column({0, 0, 0, 4, 20, 24.5f}), {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}}, 3);
  CHECK(merged.groups == Groups{{0, 1, 2}, {3}, {4, 5}});
}

TEST_CASE("each token is in one group, for every count") {
  const Index side = 5, levels = 2, all = levels * side * side;
  Matrix<float> tokens(all, 7);
  for (Index i = 0; i < tokens.size(); ++i) tokens.data()[i] = static_cast<float>((i * 7919) % 101);
  for (const Index count : {Index{1}, Index{2}, Index{13}, all - 1, all, all + 9}) {
    CAPTURE(count);
    const MergedTokens merged = merge_alike(tokens, grid_neighbours(side, levels), count);
    CHECK(static_cast<Index>(merged.groups.size()) == std::min(count, all));
    std::set<std::int32_t> seen;
    for (std::size_t i = 0; i < merged.groups.size(); ++i) {
      const std::set<std::int32_t> group(merged.groups[i].begin(), merged.groups[i].end());
      CHECK(group.count(merged.places[i]) == 1);
      if (i > 0) CHECK(merged.places[i - 1] < merged.places[i]);
      for (const std::int32_t member : group) CHECK(seen.insert(member).second);
    }
    CHECK(static_cast<Index>(seen.size()) == all);
  }
}

TEST_CASE("a prompt's tokens keep their positions, however they are read") {
  ThreadPool pool(2);
  Arena arena;
  Inference<float> fast(pool, arena);
  Naive<double> exact;
  const Ids ids{2, 9, 33, 4, 50, 12, 7, 8};
  const nn::PlacedTokens usual{{0, 1, 2, 3, 4}, {0, 0, 0, 0, 0}};
  const nn::PlacedTokens merged{{0, 2, 3, 7, 9}, {0, 0.7f, 0, 1.4f, 0}};
  for (const MmSerConfig& config : {test::opt_config(), test::llama_config()}) {
    const auto model = test::random_model<Inference<float>>(config, "f32");
    const auto oracle = test::random_model<Naive<double>>(config, "f32");
    const auto run = [&](const nn::PlacedTokens& placed, const std::vector<Index>& steps) {
      const Matrix<double> expected = logits_of(exact, oracle.language_model(), ids, placed, {8});
      const Matrix<double> actual = logits_of(fast, model.language_model(), ids, placed, steps);
      CHECK((actual - expected).norm() < 1e-5 * expected.norm());
      return actual;
    };
    const Matrix<double> plain = run({}, {8});
    CHECK(run(usual, {8}) == plain);
    CHECK((run(merged, {8}) - plain).norm() > 1e-3 * plain.norm());
    run(merged, {5, 1, 1, 1});
    run(merged, {5, 3});
    auto cache = model.language_model().make_cache(64);
    cache.place(merged);
    CHECK(cache.position(3) == 7);
    CHECK(cache.position(6) == 11);
    model.language_model().step(fast, model.language_model().embed(fast, ids), cache);
    CHECK_THROWS_WITH_AS(cache.place(usual), doctest::Contains("of an empty one"), Error);
    auto short_cache = model.language_model().make_cache(4);
    CHECK_THROWS_AS(short_cache.place(usual), Error);
    // Positions end where the table does, not where the tokens do.
    auto far_cache = model.language_model().make_cache(64);
    const Index positions = model.language_model().limits().max_position_embeddings;
    far_cache.place({{0, static_cast<std::int32_t>(positions - 1)}, {0, 0}});
    CHECK_THROWS_WITH_AS(model.language_model().step(fast, model.language_model().embed(fast, {2, 3, 4}), far_cache),
                         doctest::Contains("max_position_embeddings"), Error);
  }
}
