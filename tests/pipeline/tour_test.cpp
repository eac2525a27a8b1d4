// The table of shapes in include/sharpeye/README.md, against the model's own data flow at the paper's size.

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "sharpeye/core/file.hpp"
#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "sharpeye/vision/patches.hpp"

using namespace sharpeye;

namespace {

std::string text_of(const std::vector<Index>& shape) {
  std::string text;
  for (const Index size : shape) text += (text.empty() ? "[" : ", ") + std::to_string(size);
  return text + "]";
}
std::string shape_of(const Counting::Tensor& tensor) {
  return text_of({tensor.rows(), tensor.columns()});
}

// Counts as Counting does, and remembers what is inside: the widest product and the largest attention so far.
struct Recording : Counting {
  Tensor linear(const Tensor& x, const Matrix& weight, const LinearEpilogue<Recording>& = {}) {
    const Tensor y = Counting::linear(x, weight);
    if (y.columns() > widest.columns()) widest = y;
    return y;
  }
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, Index num_heads, AttentionMask mask,
                   const float* = nullptr) {
    if (weights.empty() || q.rows() >= weights[1]) weights = {num_heads, q.rows(), k.rows()};
    last_queries = q.rows();
    return Counting::attention(q, k, v, num_heads, mask);
  }
  Tensor cached_attention(const Tensor& q, const CachedRows<float>& cache, Index num_heads,
                          const std::vector<RowSpan>& spans) {
    FAIL("a prefill has no past");
    return Counting::cached_attention(q, cache, num_heads, spans);
  }

  Tensor widest;
  std::vector<Index> weights;
  Index last_queries = 0;
};

std::map<std::string, std::string> shapes_of_a_caption(Index caption_tokens) {
  std::map<std::string, std::string> shapes;
  Recording ops;
  const auto inside = [&](const std::string& part) {
    shapes[part + ": attention weights"] = text_of(ops.weights);
    shapes[part + ": feed-forward"] = shape_of(ops.widest);
    ops = {};
  };
  const BpeTokenizer tokenizer = TokenizerFiles::load("").tokenizer;
  const MmSerConfig config = make_preset("mm-ser-125m", tokenizer).config;
  DeclaringLoader loader;
  const MmSer<Recording> model(config, loader);
  const Index size = config.vision_config.image_size(), prefix = config.vision_config.num_prefix_tokens();
  const std::vector<float> pixel_values(static_cast<std::size_t>(3 * size * size));
  shapes["pixel_values"] = text_of({3, size, size});
  const Matrix<float> patches =
      extract_patches(pixel_values, size, config.vision_config.as<ClipVisionConfig>().patch_size);
  shapes["patches"] = text_of({patches.rows(), patches.cols()});

  const Sight<Recording> sight = model.look(ops, pixel_values, {true, true});
  inside("tower");
  REQUIRE(sight.all.size() == 24);
  shapes["hidden_states[0]"] = shape_of(sight.all.front());
  shapes["hidden_states[23]"] = shape_of(sight.all.back());

  shapes["first features"] = shape_of(gather_features(ops, sight.first, FeatureConcat::kChannel, prefix));
  const auto first = model.first_glance(ops, sight.first);
  shapes["first visual tokens"] = shape_of(first);

  const auto write = [&](const std::string& glance, const auto& visual, const PromptTokens& tokens,
                         const std::vector<std::int32_t>& caption) {
    ops = {};
    const auto prompt = model.prompt(ops, model.language_model(), tokens, visual, caption);
    shapes[glance + " prompt"] = shape_of(prompt);
    auto cache = model.language_model().make_cache(prompt.rows() + caption_tokens);
    const auto last = model.language_model().step(ops, prompt, cache, 1);
    CHECK(ops.last_queries == 1);  // in the last layer
    inside(glance + " prefill");
    shapes[glance + " logits"] = shape_of(model.language_model().logits(ops, last));
  };
  write("first", first, PromptTemplate(config.initial_prompt).tokenize(tokenizer), {});

  const auto features = model.second_features(ops, sight.second);
  shapes["second features"] = shape_of(features);
  const std::vector<std::int32_t> caption(static_cast<std::size_t>(caption_tokens), 7);
  std::vector<std::int32_t> ids{tokenizer.bos_id()};
  ids.insert(ids.end(), caption.begin(), caption.end());
  shapes["caption embeddings"] = shape_of(model.language_model().embed(ops, ids));
  ops = {};
  const auto second = model.second_glance(ops, features, ids);
  inside("SeR-Connector");
  shapes["second visual tokens"] = shape_of(second);
  write("second", second, PromptTemplate(config.refine_prompt).tokenize(tokenizer), caption);
  return shapes;
}

// Name and shape of each line "| stop | `name` | `[shape]` | ...".
std::map<std::string, std::string> table_of_the_page() {
  std::map<std::string, std::string> shapes;
  std::string text = read_file(SHARPEYE_SOURCE_DIR "/include/sharpeye/README.md", 1 << 20);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::vector<std::string> cells;
    std::string cell;
    for (std::size_t i = begin; i < end; ++i) {
      if (text[i] == '|') {
        cells.push_back(cell);
        cell.clear();
      } else if (text[i] != '`' && (text[i] != ' ' || (!cell.empty() && text[i + 1] != '|'))) {
        cell += text[i];
      }
    }
    if (cells.size() >= 4 && cells[3].rfind('[', 0) == 0) shapes[cells[2]] = cells[3];
    begin = end + 1;
  }
  return shapes;
}

}  // namespace

TEST_CASE("the tour's table says the shapes that the model has at the paper's size") {
  const auto actual = shapes_of_a_caption(20);
  const auto page = table_of_the_page();
  for (const auto& [name, shape] : actual) {
    CAPTURE(name);
    CHECK_MESSAGE(page.count(name) == 1, "the page does not say that it is ", shape);
    if (page.count(name) == 1) CHECK(page.at(name) == shape);
  }
  for (const auto& row : page) CHECK_MESSAGE(actual.count(row.first) == 1, "the page only: ", row.first);
}
