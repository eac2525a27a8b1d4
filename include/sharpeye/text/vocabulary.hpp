#pragma once

/// @file
/// The tokens of a byte-level BPE, read from vocab.json.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/text/byte_alphabet.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A vocabulary may have this many tokens (ids need 21 bits).
inline constexpr std::size_t kVocabularyLimit = std::size_t{1} << 21;

/// Tokens as the bytes that they stand for, by id from 0 to size() - 1. Immutable; one allocation for all the bytes.
class Vocabulary {
 public:
  /// Reads vocab.json: an object of spelling and id.
  /// @param where names the file in errors.
  /// @throws Error kFormat, naming the token, unless ids are exactly 0 to size - 1, each once, every token is written
  /// in the byte alphabet, and each of the 256 bytes is a token; kLimit beyond kVocabularyLimit.
  Vocabulary(std::string_view json, const std::string& where) {
    const Json entries = parse_json(json, where);
    require(entries.is_object(), ErrorCode::kFormat, where, ": expected an object of tokens and ids, actual ",
            entries.type_name());
    require(entries.size() <= kVocabularyLimit, ErrorCode::kLimit, where, ": expected at most ", kVocabularyLimit,
            " tokens, actual ", entries.size());
    std::vector<const std::string*> spellings(entries.size());
    for (const auto& [spelling, id] : entries.items()) {
      require(id.is_number_unsigned() && id.get<std::uint64_t>() < entries.size(), ErrorCode::kFormat, where,
              ": token ", in_quotes(spelling), ": expected an id from 0 to ", entries.size() - 1, ", actual ",
              in_quotes(id.dump()));
      const std::string*& place = spellings[id.get<std::size_t>()];
      require(place == nullptr, ErrorCode::kFormat, where, ": token ", in_quotes(spelling),
              ": expected an id of its own, ", "actual ", id.dump(), " is also the id of ",
              place == nullptr ? "" : in_quotes(*place));
      place = &spelling;
    }
    store(spellings, where);
  }

  std::size_t size() const noexcept { return ends_.size() - 1; }

  /// The bytes of a token; valid while the vocabulary lives. `id` must be in [0, size()).
  std::string_view bytes(std::int32_t id) const noexcept {
    const auto i = static_cast<std::size_t>(id);
    return std::string_view(bytes_).substr(ends_[i], ends_[i + 1] - ends_[i]);
  }

  /// The token of exactly these bytes.
  std::optional<std::int32_t> find(std::string_view bytes) const noexcept {
    const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), bytes,
                                        [&](std::int32_t id, std::string_view b) { return this->bytes(id) < b; });
    if (found == sorted_.end() || this->bytes(*found) != bytes) return std::nullopt;
    return *found;
  }

  /// The token of a single byte: the alphabet that every merge starts from.
  std::int32_t byte_token(unsigned char byte) const noexcept { return byte_tokens_[byte]; }

 private:
  void store(const std::vector<const std::string*>& spellings, const std::string& where) {
    ends_.push_back(0);
    for (const std::string* spelling : spellings) {
      const auto token = unspell(*spelling);
      require(token.has_value() && !token->empty(), ErrorCode::kFormat, where, ": token ", in_quotes(*spelling),
              ": expected one or more characters of the byte alphabet");
      bytes_ += *token;
      ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    }
    sorted_.resize(size());
    std::iota(sorted_.begin(), sorted_.end(), 0);
    std::sort(sorted_.begin(), sorted_.end(), [&](std::int32_t a, std::int32_t b) { return bytes(a) < bytes(b); });
    for (unsigned byte = 0; byte < 256; ++byte) {
      const char text = static_cast<char>(byte);
      const auto id = find({&text, 1});
      require(id.has_value(), ErrorCode::kFormat, where,
              ": expected a token for each byte, actual there is none for byte ", byte, ", spelled ",
              in_quotes(spell({&text, 1})));
      byte_tokens_[byte] = *id;
    }
  }

  std::string bytes_;                 // of all tokens, by id
  std::vector<std::uint32_t> ends_;   // of each token in bytes_; 0 in front
  std::vector<std::int32_t> sorted_;  // ids by their bytes
  std::int32_t byte_tokens_[256] = {};
};

SHARPEYE_NAMESPACE_END
