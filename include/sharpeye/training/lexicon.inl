#pragma once

/// @file
/// Bodies of lexicon.hpp.

#include "sharpeye/training/lexicon.hpp"

#include <algorithm>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY const char* to_string(ElementKind kind) noexcept {
  constexpr std::array<const char*, 5> kNames{"entity", "attribute", "relation", "action", "other"};
  return kNames[static_cast<std::size_t>(kind)];
}

SHARPEYE_BODY Lexicon::Lexicon(const Json& json, const std::string& where) {
  for (const Json& entry : list(JsonReader(json, where), json, "groups", 1)) {
    const std::string place = concat(where, ": groups[", groups_.size(), "]");
    const JsonReader reader(entry, place);
    LexiconGroup group;
    const std::string kind = reader.one_of("kind", {"entity", "attribute", "relation", "action"});
    while (kind != to_string(group.kind)) group.kind = static_cast<ElementKind>(static_cast<int>(group.kind) + 1);
    group.name = reader.text("name");
    for (const LexiconGroup& other : groups_) {
      require(group.name != other.name, ErrorCode::kConfig, place, ": expected a name of its own, actual ",
              in_quotes(group.name), " is also that of an earlier group");
    }
    groups_.push_back(std::move(group));
    for (const Json& words : list(reader, entry, "words", 2)) add_alternative(words, place);
  }
}

SHARPEYE_BODY std::vector<LexiconMatch> Lexicon::find(const std::vector<CaptionWord>& words) const {
  std::vector<LexiconMatch> matches;
  for (std::size_t i = 0; i < words.size();) {
    const auto match = longest_at(words, i);
    if (match) matches.push_back(*match);
    i += match ? match->num_words : 1;
  }
  return matches;
}

SHARPEYE_BODY std::vector<ElementKind> Lexicon::kinds(const std::vector<CaptionWord>& words) const {
  std::vector<ElementKind> kinds(words.size(), ElementKind::kOther);
  for (const LexiconMatch& match : find(words)) {
    for (std::size_t i = 0; i < match.num_words; ++i) kinds[match.first_word + i] = groups_[match.group].kind;
  }
  return kinds;
}

SHARPEYE_BODY const Json& Lexicon::list(const JsonReader& reader, const Json& json, const char* key,
                                        std::size_t least) {
  const bool is_list = reader.is_list(key) && json[key].size() >= least;
  require(is_list, ErrorCode::kConfig, reader.where(key), ": expected a list of ", least, " or more");
  return json[key];
}

SHARPEYE_BODY void Lexicon::add_alternative(const Json& words, const std::string& place) {
  LexiconGroup& group = groups_.back();
  const std::string where = concat(place, ": words[", group.alternatives.size(), "]");
  require(words.is_list() && words.size() > 0, ErrorCode::kConfig, where, ": expected a list of one word or more");
  group.alternatives.emplace_back();
  for (const Json& word : words) {
    require(word.is_text(), ErrorCode::kConfig, where, ": expected texts");
    const auto& text = word.get<std::string>();
    const auto parts = caption_words(text);
    std::string joined;
    for (const CaptionWord& part : parts) joined += (joined.empty() ? "" : " ") + part.text;
    require(!text.empty() && joined == text, ErrorCode::kConfig, where,
            ": expected words in lower case with single spaces, without punctuation, actual ", in_quotes(text));
    const Place here{groups_.size() - 1, group.alternatives.size() - 1};
    require(places_.emplace(text, here).second, ErrorCode::kConfig, where,
            ": expected a word that stands in one place, actual ", in_quotes(text), " has come before");
    longest_ = std::max(longest_, parts.size());
    group.alternatives.back().push_back(text);
  }
}

SHARPEYE_BODY std::optional<LexiconMatch> Lexicon::longest_at(const std::vector<CaptionWord>& words,
                                                              std::size_t first) const {
  std::optional<LexiconMatch> match;
  std::string text;
  for (std::size_t count = 1; count <= longest_ && first + count <= words.size(); ++count) {
    const CaptionWord& word = words[first + count - 1];
    if (count > 1 && word.begins_phrase) break;
    text += (count > 1 ? " " : "") + word.text;
    const auto place = places_.find(text);
    if (place != places_.end()) match = LexiconMatch{place->second.first, place->second.second, first, count};
  }
  return match;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
