#pragma once

/// @file
/// The words that a caption's mistakes are made of: which can stand in each other's place, and which mean the same.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/training/caption_words.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The kinds of element that the paper edits, after DSG (appendix G); kOther are the words of no lexicon.
enum class ElementKind { kEntity, kAttribute, kRelation, kAction, kOther };

inline constexpr std::array<ElementKind, 5> kElementKinds{
    ElementKind::kEntity, ElementKind::kAttribute, ElementKind::kRelation, ElementKind::kAction, ElementKind::kOther};

/// "entity", "attribute", "relation", "action", "other".
inline const char* to_string(ElementKind kind) noexcept {
  constexpr std::array<const char*, 5> kNames{"entity", "attribute", "relation", "action", "other"};
  return kNames[static_cast<std::size_t>(kind)];
}

/// Words of which exactly one is true of a thing, for example the colours.
struct LexiconGroup {
  ElementKind kind = ElementKind::kEntity;
  std::string name;
  std::vector<std::vector<std::string>> alternatives;  ///< each with its synonyms, of one or more words
};

/// A place of a caption where an element of the lexicon stands.
struct LexiconMatch {
  std::size_t group;
  std::size_t alternative;
  std::size_t first_word;  ///< of the caption's words
  std::size_t num_words;
};

/// Groups of words. Immutable.
class Lexicon {
 public:
  static constexpr std::uint64_t kFileLimit = std::uint64_t{16} << 20;

  /// Reads {"groups": [{"kind": "attribute", "name": "size", "words": [["small"], ["big", "large"]]}]}; `kind` is
  /// entity, attribute, relation or action, a word may be several ("to the left of").
  /// @throws Error as read_json_file() and the constructor.
  static Lexicon load(const std::string& path) { return Lexicon(read_json_file(path, kFileLimit), path); }

  /// @param where names the value in errors.
  /// @throws Error kConfig, by place, unless there is a group, each has a name of its own and two alternatives or more,
  /// each alternative a word, words are in lower case with single spaces and without punctuation at their ends, and no
  /// word stands in two places.
  explicit Lexicon(const Json& json, const std::string& where = "lexicon") {
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

  const std::vector<LexiconGroup>& groups() const noexcept { return groups_; }

  /// The elements of a caption from left to right, none within another: at each word the longest one. An element does
  /// not go beyond punctuation.
  std::vector<LexiconMatch> find(const std::vector<CaptionWord>& words) const {
    std::vector<LexiconMatch> matches;
    for (std::size_t i = 0; i < words.size();) {
      const auto match = longest_at(words, i);
      if (match) matches.push_back(*match);
      i += match ? match->num_words : 1;
    }
    return matches;
  }

  /// The kind of each word of a caption.
  std::vector<ElementKind> kinds(const std::vector<CaptionWord>& words) const {
    std::vector<ElementKind> kinds(words.size(), ElementKind::kOther);
    for (const LexiconMatch& match : find(words)) {
      for (std::size_t i = 0; i < match.num_words; ++i) kinds[match.first_word + i] = groups_[match.group].kind;
    }
    return kinds;
  }

 private:
  using Place = std::pair<std::size_t, std::size_t>;  // group, alternative

  static const Json& list(const JsonReader& reader, const Json& json, const char* key, std::size_t least) {
    const bool is_list = reader.is_list(key) && json[key].size() >= least;
    require(is_list, ErrorCode::kConfig, reader.where(key), ": expected a list of ", least, " or more");
    return json[key];
  }

  void add_alternative(const Json& words, const std::string& place) {
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

  std::optional<LexiconMatch> longest_at(const std::vector<CaptionWord>& words, std::size_t first) const {
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

  std::vector<LexiconGroup> groups_;
  std::unordered_map<std::string, Place> places_;
  std::size_t longest_ = 0;  // words of an element
};

SHARPEYE_NAMESPACE_END
