#pragma once

/// @file
/// Prompts: text with a place for the image, as token ids.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/unicode.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Stands among token ids where the rows of the image go (LLaVA's IMAGE_TOKEN_INDEX).
inline constexpr std::int32_t kImageToken = -200;

/// A tokenized prompt.
struct PromptTokens {
  std::vector<std::int32_t> ids;  ///< bos first; kImageToken once
  std::size_t image_position;     ///< of kImageToken in `ids`
};

/// A prompt such as "USER: <image>What is in the photo? ASSISTANT:" or "<image>{initial}": "<image>" is where the image
/// goes, each "{initial}" is replaced by the initial caption.
class PromptTemplate {
 public:
  /// @param where begins the message of the error, for example "config.json: prompts.initial".
  /// @throws Error kConfig unless "<image>" is in `text` exactly once.
  explicit PromptTemplate(const std::string& text, const std::string& where = "prompt") {
    const std::size_t image = text.find(kImage);
    require(image != text.npos && text.find(kImage, image + kImage.size()) == text.npos, ErrorCode::kConfig, where,
            ": expected ", kImage, " once, actual ", image == text.npos ? "never" : "more often", " in ",
            in_quotes(text));
    before_ = text.substr(0, image);
    after_ = text.substr(image + kImage.size());
  }

  /// Whether the template has a place for the initial caption.
  bool uses_initial() const noexcept {
    return before_.find(kInitial) != before_.npos || after_.find(kInitial) != after_.npos;
  }

  /// The ids of the prompt: bos, the text before the image, kImageToken, the text after it. The two texts are tokenized
  /// apart, as LLaVA's tokenizer_image_token does. `initial` (stripped first) and template are data, not markup:
  /// neither
  /// "<image>" nor "</s>" in a caption is anything but text.
  PromptTokens tokenize(const BpeTokenizer& tokenizer, std::string_view initial = {}) const {
    PromptTokens prompt;
    prompt.ids = tokenizer.encode(filled(before_, strip(initial)), {true, false});
    prompt.image_position = prompt.ids.size();
    prompt.ids.push_back(kImageToken);
    const auto after = tokenizer.encode(filled(after_, strip(initial)), {false, false});
    prompt.ids.insert(prompt.ids.end(), after.begin(), after.end());
    return prompt;
  }

 private:
  static constexpr std::string_view kImage = "<image>";
  static constexpr std::string_view kInitial = "{initial}";

  static std::string filled(const std::string& text, std::string_view initial) {
    std::string result;
    std::size_t begin = 0;
    for (std::size_t at; (at = text.find(kInitial, begin)) != text.npos; begin = at + kInitial.size()) {
      result.append(text, begin, at - begin).append(initial);
    }
    return result.append(text, begin);
  }

  std::string before_, after_;
};

SHARPEYE_NAMESPACE_END
