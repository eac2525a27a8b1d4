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
  std::vector<std::int32_t> ids;  ///< bos first, or behind the image; kImageToken once
  std::size_t image_position;     ///< of kImageToken in `ids`
};

/// How the text of a prompt is read.
enum class PromptText {
  kPlain,              ///< all of it is text
  kWithSpecialTokens,  ///< the spelling of a special token in the template means that token: chat markup
  kAfterImage,         ///< as kWithSpecialTokens, and the text begins behind the image, which comes first (GIT)
};

/// A prompt such as "USER: <image>What is in the photo? ASSISTANT:" or "<image>{initial}": "<image>" is where the image
/// goes, each "{initial}" is replaced by the initial caption.
class PromptTemplate {
 public:
  /// @param where begins the message of the error, for example "config.json: prompts.initial".
  /// @throws Error kConfig unless "<image>" is in `text` exactly once, and first where the text comes after it.
  explicit PromptTemplate(const std::string& text, const std::string& where = "prompt",
                          PromptText kind = PromptText::kPlain);

  /// Whether the template has a place for the initial caption.
  bool uses_initial() const noexcept;

  /// The ids of the prompt: bos, the text before the image, kImageToken, the text after it; with kAfterImage
  /// kImageToken, bos, the text. The two texts are tokenized apart, as LLaVA's tokenizer_image_token does. White space
  /// around `initial` is removed. The caption is plain text:
  /// "</s>" or "<image>" in it is not a special token. So is a template of kind kPlain; one with special tokens is
  /// tokenized in parts, before and after each caption.
  PromptTokens tokenize(const Tokenizer& tokenizer, std::string_view initial = {}) const;

 private:
  void append(const Tokenizer& tokenizer, const std::string& text, std::string_view caption, bool add_bos,
              std::vector<std::int32_t>& ids) const;

  std::string before_, after_;  // the image
  PromptText kind_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/prompt.inl"
#endif
