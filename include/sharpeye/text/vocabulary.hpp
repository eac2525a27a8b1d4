#pragma once

/// @file
/// The tokens of a byte-level BPE, read from vocab.json.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Tokens as the bytes that they stand for, by id from 0 to size() - 1. Immutable; one allocation for all the bytes.
class Vocabulary {
 public:
  /// Reads vocab.json: an object of spelling and id.
  /// @param where names the file in errors.
  /// @throws Error kFormat, naming the token, unless ids are exactly 0 to size - 1, each once, tokens come once and
  /// are written in the byte alphabet, and each of the 256 bytes is a token; kLimit beyond kVocabularyLimit.
  Vocabulary(std::string_view json, const std::string& where);

  std::size_t size() const noexcept { return ends_.size() - 1; }

  /// The bytes of a token; valid while the vocabulary lives. `id` must be in [0, size()).
  std::string_view bytes(std::int32_t id) const noexcept {
    const auto i = static_cast<std::size_t>(id);
    return std::string_view(bytes_).substr(ends_[i], ends_[i + 1] - ends_[i]);
  }

  /// The token of exactly these bytes.
  std::optional<std::int32_t> find(std::string_view bytes) const noexcept;

  /// The token of a single byte: the alphabet that every merge starts from.
  std::int32_t byte_token(unsigned char byte) const noexcept { return byte_tokens_[byte]; }

 private:
  // Order among tokens: eight bytes as one number decide nearly always, without a look at the text.
  struct Entry {
    std::uint64_t prefix;
    std::int32_t id;
  };
  using Key = std::pair<std::uint64_t, std::string_view>;

  static std::uint64_t prefix(std::string_view bytes) noexcept;
  Key key(const Entry& entry) const noexcept;

  void store(const std::vector<const std::string*>& spellings, const std::string& where);
  void index(const std::string& where);

  std::string bytes_;                // of all tokens, by id
  std::vector<std::uint32_t> ends_;  // of each token in bytes_; 0 in front
  std::vector<Entry> sorted_;        // by their bytes
  std::int32_t byte_tokens_[256] = {};
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/vocabulary.inl"
#endif
