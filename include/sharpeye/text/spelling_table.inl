#pragma once

/// @file
/// Bodies of spelling_table.hpp.

#include "sharpeye/text/spelling_table.hpp"

#include <algorithm>

#include "sharpeye/core/words.hpp"
#include "sharpeye/text/vocab_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY SpellingTable::SpellingTable(const std::vector<std::pair<std::string, std::uint64_t>>& entries,
                                           const std::string& where) {
  std::size_t total = 0;
  std::uint64_t last = 0;
  for (const auto& [spelling, id] : entries) {
    if (id >= kVocabularyLimit) {
      fail(ErrorCode::kFormat, where, ": token ", in_quotes(spelling), ": expected an id below ", kVocabularyLimit,
           ", actual ", id);
    }
    total += spelling.size();
    last = std::max(last, id + 1);
    longest_ = std::max(longest_, spelling.size());
  }
  bytes_.reserve(total);
  sorted_.reserve(entries.size());
  by_id_.assign(static_cast<std::size_t>(last), {0, 0});
  std::vector<bool> taken(by_id_.size());
  for (const auto& [spelling, id] : entries) {
    const auto begin = static_cast<std::uint32_t>(bytes_.size());
    const auto size = static_cast<std::uint32_t>(spelling.size());
    const auto index = static_cast<std::size_t>(id);
    bytes_ += spelling;
    if (taken[index]) {
      fail(ErrorCode::kFormat, where, ": token ", in_quotes(spelling), ": expected an id of its own, actual ", id,
           " is also the id of ", in_quotes(this->spelling(static_cast<std::int32_t>(id))));
    }
    taken[index] = true;
    by_id_[index] = {begin, size};
    sorted_.push_back({prefix(spelling), begin, size, static_cast<std::int32_t>(id)});
  }
  std::sort(sorted_.begin(), sorted_.end(), [&](const Entry& a, const Entry& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : text(a) < text(b);
  });
  const auto twice = std::adjacent_find(sorted_.begin(), sorted_.end(),
                                        [&](const Entry& a, const Entry& b) { return text(a) == text(b); });
  if (twice != sorted_.end()) {
    fail(ErrorCode::kFormat, where, ": token ", in_quotes(text(*twice)), ": expected once, actual twice");
  }
}

SHARPEYE_BODY std::optional<std::int32_t> SpellingTable::find(std::string_view spelling) const noexcept {
  const std::uint64_t wanted = prefix(spelling);
  const auto found = std::lower_bound(
      sorted_.begin(), sorted_.end(), spelling,
      [&](const Entry& a, std::string_view b) { return a.prefix != wanted ? a.prefix < wanted : text(a) < b; });
  if (found == sorted_.end() || text(*found) != spelling) return std::nullopt;
  return found->id;
}

SHARPEYE_BODY std::string_view SpellingTable::spelling(std::int32_t id) const noexcept {
  if (id < 0 || static_cast<std::size_t>(id) >= by_id_.size()) return {};
  const auto [begin, size] = by_id_[static_cast<std::size_t>(id)];
  return std::string_view(bytes_).substr(begin, size);
}

SHARPEYE_BODY std::uint64_t SpellingTable::prefix(std::string_view spelling) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i)
    value = value << 8 | (i < spelling.size() ? static_cast<unsigned char>(spelling[i]) : 0);
  return value;
}

SHARPEYE_NAMESPACE_END
