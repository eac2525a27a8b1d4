#pragma once

/// @file
/// The words that captions confuse: which ones can replace each other, and which mean the same.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/training/caption_words.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// The kinds of element that the paper edits, after DSG (appendix G); kOther are the words of no lexicon.
enum class ElementKind { kEntity, kAttribute, kRelation, kAction, kOther };

inline constexpr std::array<ElementKind, 5> kElementKinds{
    ElementKind::kEntity, ElementKind::kAttribute, ElementKind::kRelation, ElementKind::kAction, ElementKind::kOther};

/// "entity", "attribute", "relation", "action", "other".
const char* to_string(ElementKind kind) noexcept;

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
  explicit Lexicon(const Json& json, const std::string& where = "lexicon");

  const std::vector<LexiconGroup>& groups() const noexcept { return groups_; }

  /// The elements of a caption from left to right, none within another: at each word the longest one. An element does
  /// not go beyond punctuation.
  std::vector<LexiconMatch> find(const std::vector<CaptionWord>& words) const;

  /// The kind of each word of a caption.
  std::vector<ElementKind> kinds(const std::vector<CaptionWord>& words) const;

 private:
  using Place = std::pair<std::size_t, std::size_t>;  // group, alternative

  static const Json& list(const JsonReader& reader, const Json& json, const char* key, std::size_t least);

  void add_alternative(const Json& words, const std::string& place);

  std::optional<LexiconMatch> longest_at(const std::vector<CaptionWord>& words, std::size_t first) const;

  std::vector<LexiconGroup> groups_;
  std::unordered_map<std::string, Place> places_;
  std::size_t longest_ = 0;  // words of an element
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/lexicon.inl"
#endif
