#pragma once

/// @file
/// What a captioner says instead of what.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/training/lexicon.hpp"
#include "sharpeye/training/word_alignment.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// For each alternative of each group of a lexicon: how often a draft had it right, and which other one it said.
class ConfusionCounts {
 public:
  /// @param lexicon must outlive this object
  explicit ConfusionCounts(const Lexicon& lexicon) : lexicon_(&lexicon) {
    for (const LexiconGroup& group : lexicon.groups()) {
      counts_.emplace_back(group.alternatives.size(), std::vector<std::int64_t>(group.alternatives.size()));
    }
  }

  /// Counts one draft. Both texts are aligned element by element, and word by word between them (synonyms are equal);
  /// where an element of the reference stands for one of the same group, that pair is counted.
  void add(std::string_view reference, std::string_view draft) {
    const std::vector<Unit> truth = units(reference), said = units(draft);
    const WordAlignment alignment = align_words(truth, said);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      if (truth[i].group == kNoGroup || alignment.partner[i] == WordAlignment::kMissing) continue;
      const Unit& partner = said[static_cast<std::size_t>(alignment.partner[i])];
      if (partner.group == truth[i].group) ++counts_[truth[i].group][truth[i].alternative][partner.alternative];
    }
  }

  /// How often alternative `said` stood for alternative `truth` of this group.
  std::int64_t count(std::size_t group, std::size_t truth, std::size_t said) const {
    return counts_.at(group).at(truth).at(said);
  }

  /// The probability that `said` stands for `truth`, with one count added to each alternative: uniform where nothing
  /// was counted.
  double probability(std::size_t group, std::size_t truth, std::size_t said) const {
    const std::vector<std::int64_t>& row = counts_.at(group).at(truth);
    double total = 0;
    for (const std::int64_t value : row) total += static_cast<double>(value) + 1;
    return (static_cast<double>(row.at(said)) + 1) / total;
  }

  /// {"group": [[counts of what was said for the first alternative], ...]}, for a file beside a checkpoint.
  Json to_json() const {
    Json json = Json::object();
    for (std::size_t g = 0; g < counts_.size(); ++g) json[lexicon_->groups()[g].name] = counts_[g];
    return json;
  }

  /// The counts that to_json() wrote. @throws Error kConfig unless they are of this lexicon's size and not negative.
  static ConfusionCounts from_json(const Lexicon& lexicon, const Json& json, const std::string& where = "confusions") {
    ConfusionCounts confusions(lexicon);
    const JsonReader reader(json, where);
    for (std::size_t g = 0; g < confusions.counts_.size(); ++g) {
      const std::string& name = lexicon.groups()[g].name;
      const std::size_t size = lexicon.groups()[g].alternatives.size();
      require(reader.is_list(name) && json[name].size() == size, ErrorCode::kConfig, reader.where(name),
              ": expected a list of ", size, " lists");
      for (std::size_t truth = 0; truth < size; ++truth) {
        const JsonReader row(Json{{"counts", json[name][truth]}}, concat(reader.where(name), "[", truth, "]"));
        const auto length = static_cast<Index>(size);
        const std::vector<Index> values = row.integers("counts", 0, Index{1} << 48, length, length);
        confusions.counts_[g][truth].assign(values.begin(), values.end());
      }
    }
    return confusions;
  }

 private:
  static constexpr std::size_t kNoGroup = ~std::size_t{0};

  struct Unit {
    std::size_t group, alternative;
    std::string word;  // of what is no element
    bool operator==(const Unit& other) const {
      return std::tie(group, alternative, word) == std::tie(other.group, other.alternative, other.word);
    }
  };

  std::vector<Unit> units(std::string_view caption) const {
    const std::vector<CaptionWord> words = caption_words(caption);
    std::vector<Unit> units;
    std::size_t next = 0;
    const auto add_words_before = [&](std::size_t end) {
      for (; next < end; ++next) units.push_back({kNoGroup, 0, words[next].text});
    };
    for (const LexiconMatch& match : lexicon_->find(words)) {
      add_words_before(match.first_word);
      units.push_back({match.group, match.alternative, {}});
      next += match.num_words;
    }
    add_words_before(words.size());
    return units;
  }

  const Lexicon* lexicon_;
  std::vector<std::vector<std::vector<std::int64_t>>> counts_;  // [group][truth][said]
};

SHARPEYE_NAMESPACE_END
