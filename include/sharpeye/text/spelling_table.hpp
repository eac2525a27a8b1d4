#pragma once

/// @file
/// The ids of spellings, sorted: what a subword model looks its tokens up in.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Spellings and ids, each of them once; ids may have gaps. Immutable; one allocation for all the bytes. A sorted list,
/// since no choice of spellings in a hostile file can make it slow, as it could a hash table.
class SpellingTable {
 public:
  /// @param where names the list in errors.
  /// @throws Error kFormat, naming the token, when a spelling or an id comes twice or an id is not below
  /// kVocabularyLimit.
  SpellingTable(const std::vector<std::pair<std::string, std::uint64_t>>& entries, const std::string& where);

  /// The id of exactly this spelling.
  std::optional<std::int32_t> find(std::string_view spelling) const noexcept;
  /// The spelling of an id; empty for an id that no spelling has.
  std::string_view spelling(std::int32_t id) const noexcept;
  /// The largest id and 1.
  std::size_t id_count() const noexcept { return by_id_.size(); }
  std::size_t size() const noexcept { return sorted_.size(); }
  /// Bytes of the longest spelling.
  std::size_t longest() const noexcept { return longest_; }

 private:
  struct Entry {
    std::uint64_t prefix;  // eight bytes as one number decide nearly always
    std::uint32_t begin, size;
    std::int32_t id;
  };

  static std::uint64_t prefix(std::string_view spelling) noexcept;
  std::string_view text(const Entry& entry) const noexcept {
    return std::string_view(bytes_).substr(entry.begin, entry.size);
  }

  std::string bytes_;
  std::vector<Entry> sorted_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_id_;  // begin and size in bytes_
  std::size_t longest_ = 0;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/spelling_table.inl"
#endif
