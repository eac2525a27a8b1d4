#pragma once

/// @file
/// Which words a captioner confuses with which.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/io/json.hpp"
#include "sharpeye/training/lexicon.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// For each alternative of each group of a lexicon: how often a draft had it right, and which other one it said.
class ConfusionCounts {
 public:
  /// @param lexicon must outlive this object
  explicit ConfusionCounts(const Lexicon& lexicon);

  /// Counts one draft. Both texts are aligned element by element, and word by word between them (synonyms are equal);
  /// where an element of the reference stands for one of the same group, that pair is counted.
  void add(std::string_view reference, std::string_view draft);

  /// How often alternative `said` stood for alternative `truth` of this group.
  std::int64_t count(std::size_t group, std::size_t truth, std::size_t said) const;

  /// The probability that `said` stands for `truth`, with one count added to each alternative: uniform where nothing
  /// was counted.
  double probability(std::size_t group, std::size_t truth, std::size_t said) const;

  /// {"group": [[counts of what was said for the first alternative], ...]}, for a file beside a checkpoint.
  Json to_json() const;

  /// The counts that to_json() wrote. @throws Error kConfig unless they are of this lexicon's size and not negative.
  static ConfusionCounts from_json(const Lexicon& lexicon, const Json& json, const std::string& where = "confusions");

 private:
  static constexpr std::size_t kNoGroup = ~std::size_t{0};

  struct Unit {
    std::size_t group, alternative;
    std::string word;  // of what is no element
    bool operator==(const Unit& other) const {
      return std::tie(group, alternative, word) == std::tie(other.group, other.alternative, other.word);
    }
  };

  std::vector<Unit> units(std::string_view caption) const;

  const Lexicon* lexicon_;
  std::vector<std::vector<std::vector<std::int64_t>>> counts_;  // [group][truth][said]
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/confusion_counts.inl"
#endif
