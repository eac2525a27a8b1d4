#pragma once

/// @file
/// Bodies of verify.hpp.

#include "sharpeye/pipeline/verify.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>

#include "sharpeye/core/error.hpp"
#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/io/tensor_source.hpp"
#include "sharpeye/pipeline/captioner.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A stage of one tile as that of a whole image: "tiles.3.pixel_values" is "pixel_values".
inline std::string without_tile(const std::string& stage) {
  if (stage.compare(0, 6, "tiles.") != 0) return stage;
  const std::size_t dot = stage.find('.', 6);
  return dot == stage.npos ? stage : stage.substr(dot + 1);
}

/// How much a stage of numbers may differ, relative to the norm.
inline double allowed_difference(const std::string& stage) {
  if (without_tile(stage) == "pixel_values") return 0;
  return stage.find("logits") != std::string::npos ? 1e-3 : 1e-4;
}

/// Where a stage stands in the network.
inline int stage_place(const std::string& stage) {
  const char* const order[] = {"image", "pixel_values", "vision.", "connector.", "pass1.input_ids", "pass1.", "ids."};
  int place = 0;
  for (const char* beginning : order) {
    if (without_tile(stage).compare(0, std::strlen(beginning), beginning) == 0) break;
    ++place;
  }
  return place;
}

inline std::vector<float> floats_of(const StoredTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.size()));
  tensor.copy_to(values.data());
  return values;
}

inline StageCheck begin_check(const std::string& stage, const std::vector<Index>& shape) {
  StageCheck check;
  check.stage = stage;
  check.shape = shape;
  return check;
}

inline void mark(StageCheck& check, std::size_t at, const std::string& expected, const std::string& actual) {
  if (check.first >= 0) return;
  check.first = static_cast<Index>(at);
  check.explanation = concat("at ", at, ": expected ", expected, ", actual ", actual);
}

inline void refuse_stage(StageCheck& check, const std::string& explanation) {
  check.difference = std::numeric_limits<double>::infinity();
  check.explanation = explanation;
}

/// Texts, samples, ids: all must be equal.
template <class Value>
StageCheck check_equal(const std::string& stage, const std::vector<Index>& shape, const std::vector<Value>& expected,
                       const std::vector<Value>& actual) {
  StageCheck check = begin_check(stage, shape);
  const std::size_t shared = std::min(expected.size(), actual.size());
  for (std::size_t i = 0; i < shared; ++i) {
    if (expected[i] == actual[i]) continue;
    ++check.differing;
    mark(check, i, concat(+expected[i]), concat(+actual[i]));
  }
  if (expected.size() != actual.size()) {
    check.differing += static_cast<Index>(std::max(expected.size(), actual.size()) - shared);
    mark(check, shared, concat(expected.size(), " in all"), concat(actual.size()));
  }
  check.difference = static_cast<double>(check.differing);
  return check;
}

/// Numbers: the last ones of `actual` stand against all of `expected`.
inline StageCheck check_numbers(const std::string& stage, const std::vector<Index>& shape,
                                const std::vector<float>& expected, const std::vector<float>& all) {
  StageCheck check = begin_check(stage, shape);
  check.allowed = allowed_difference(stage);
  if (all.size() < expected.size()) {
    refuse_stage(check, concat("expected at least ", expected.size(), " numbers, actual ", all.size()));
    return check;
  }
  const float* actual = all.data() + (all.size() - expected.size());
  double error = 0, norm = 0, largest = 0;
  for (const float x : expected) largest = std::max(largest, std::fabs(static_cast<double>(x)));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double distance = static_cast<double>(actual[i]) - expected[i];
    error += distance * distance;
    norm += static_cast<double>(expected[i]) * expected[i];
    check.differing += actual[i] == expected[i] ? 0 : 1;
    if (!(std::fabs(distance) <= check.allowed * largest)) mark(check, i, concat(expected[i]), concat(actual[i]));
  }
  check.difference = error == 0 ? 0 : std::sqrt(error) / std::max(1e-300, std::sqrt(norm));
  if (!std::isfinite(check.difference)) check.difference = std::numeric_limits<double>::infinity();
  if (check.is_right()) check.explanation.clear();
  return check;
}

/// The decoded samples.
inline StageCheck check_samples(const StoredTensor& expected, const ImageView& image) {
  if (expected.shape != std::vector<Index>{image.height, image.width, 3} || expected.dtype != DType::kU8) {
    StageCheck check = begin_check("image", expected.shape);
    refuse_stage(check, concat("expected ", shape_text(expected.shape), " of ", to_string(expected.dtype),
                               ", actual image ", shape_text({image.height, image.width, 3})));
    return check;
  }
  std::vector<std::uint8_t> theirs(static_cast<std::size_t>(expected.size())), ours;
  std::memcpy(theirs.data(), expected.data, theirs.size());
  for (Index y = 0; y < image.height; ++y) ours.insert(ours.end(), image.row(y), image.row(y) + 3 * image.width);
  return check_equal("image", expected.shape, theirs, ours);
}

inline std::vector<std::int32_t> ids_of(const StoredTensor& tensor) {
  require(tensor.dtype == DType::kI32 && tensor.shape.size() == 1, ErrorCode::kFormat, tensor.name,
          ": expected a list of I32, actual ", to_string(tensor.dtype), " ", shape_text(tensor.shape));
  std::vector<std::int32_t> ids(static_cast<std::size_t>(tensor.size()));
  std::memcpy(ids.data(), tensor.data, ids.size() * sizeof(std::int32_t));
  return ids;
}

}  // namespace detail

SHARPEYE_BODY std::vector<StageCheck> verify_image(Captioner& captioner, const ImageView& image,
                                                   const TensorSource& golden, Index number, const std::string& prompt,
                                                   Index max_new_tokens) {
  const std::string beginning = concat(number, ".");
  std::map<std::string, std::string> stored;  // by stage
  for (const std::string& name : golden.names()) {
    if (name.compare(0, beginning.size(), beginning) == 0) stored[name.substr(beginning.size())] = name;
  }
  require(!stored.empty(), ErrorCode::kMissingTensor, golden.where(), ": ", beginning, "*: expected tensors of image ",
          number, ", actual none");

  std::map<std::string, std::vector<float>> numbers;
  std::map<std::string, std::vector<std::int32_t>> ids;
  const auto write = [&](Index beams, bool traces) {
    CaptionOptions options;
    options.rounds = 0;
    GenerationConfig generation;
    generation.num_beams = beams;
    generation.max_new_tokens = max_new_tokens;
    generation.length_penalty = 1;
    generation.early_stopping = EarlyStopping::kFalse;
    generation.eos_token_ids = captioner.model().generation().eos_token_ids;
    generation.num_tokens = captioner.model().generation().num_tokens;
    options.generation = generation;
    if (!prompt.empty()) options.prompt = prompt;
    if (traces) {
      options.on_tensor = [&](const std::string& name, const TensorView& values) {
        if (stored.count(name) != 0) numbers[name].assign(values.data, values.data + values.size());
      };
      options.on_ids = [&](const std::string& name, const std::vector<std::int32_t>& prompt_ids) {
        ids[name] = prompt_ids;
      };
    }
    std::vector<std::int32_t> written = captioner(image, options).initial_ids;
    if (!written.empty() && generation.is_eos(written.back())) written.pop_back();
    return written;
  };
  const std::vector<std::int32_t> greedy = write(1, true);

  std::vector<StageCheck> checks;
  for (const auto& [stage, name] : stored) {
    const StoredTensor tensor = golden.read(name);
    if (stage == "image") {
      checks.push_back(detail::check_samples(tensor, image));
    } else if (stage.compare(0, 4, "ids.") == 0) {
      const Index beams = std::strtol(stage.c_str() + 4, nullptr, 10);
      require(beams >= 1 && beams <= 64, ErrorCode::kFormat, golden.where(), ": ", name,
              ": expected a number of beams from 1 to 64");
      checks.push_back(
          detail::check_equal(stage, tensor.shape, detail::ids_of(tensor), beams == 1 ? greedy : write(beams, false)));
    } else if (ids.count(stage) != 0) {
      checks.push_back(detail::check_equal(stage, tensor.shape, detail::ids_of(tensor), ids.at(stage)));
    } else {
      const auto ours = numbers.find(stage);
      if (ours == numbers.end()) {
        checks.push_back(detail::begin_check(stage, tensor.shape));
        detail::refuse_stage(checks.back(), "a stage that this model does not have");
      } else {
        checks.push_back(detail::check_numbers(stage, tensor.shape, detail::floats_of(tensor), ours->second));
      }
    }
  }
  std::stable_sort(checks.begin(), checks.end(), [](const StageCheck& a, const StageCheck& b) {
    const int left = detail::stage_place(a.stage), right = detail::stage_place(b.stage);
    return left != right ? left < right : a.stage.size() < b.stage.size();
  });
  return checks;
}

SHARPEYE_NAMESPACE_END
