#pragma once

/// @file
/// Prompts: text with a place for the image, as token ids.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/text/tokenizer.hpp"

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
  explicit PromptTemplate(const std::string& text, const std::string& where = "prompt");

  /// Whether the template has a place for the initial caption.
  bool uses_initial() const noexcept;

  /// The ids of the prompt: bos, the text before the image, kImageToken, the text after it. The two texts are tokenized
  /// apart, as LLaVA's tokenizer_image_token does. White space around `initial` is removed. Template and caption are
  /// plain text: "</s>" in them, or "<image>" in a caption, is not a special token.
  PromptTokens tokenize(const Tokenizer& tokenizer, std::string_view initial = {}) const;

 private:
  std::string before_, after_;  // the image
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/prompt.inl"
#endif
