#pragma once

/// @file
/// Bodies of confusion_counts.hpp.

#include "sharpeye/training/confusion_counts.hpp"

#include <tuple>
#include <utility>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/training/word_alignment.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY ConfusionCounts::ConfusionCounts(const Lexicon& lexicon) : lexicon_(&lexicon) {
  for (const LexiconGroup& group : lexicon.groups()) {
    counts_.emplace_back(group.alternatives.size(), std::vector<std::int64_t>(group.alternatives.size()));
  }
}

SHARPEYE_BODY void ConfusionCounts::add(std::string_view reference, std::string_view draft) {
  const std::vector<Unit> truth = units(reference), said = units(draft);
  const WordAlignment alignment = align_words(truth, said);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i].group == kNoGroup || alignment.partner[i] == WordAlignment::kMissing) continue;
    const Unit& partner = said[static_cast<std::size_t>(alignment.partner[i])];
    if (partner.group == truth[i].group) ++counts_[truth[i].group][truth[i].alternative][partner.alternative];
  }
}

SHARPEYE_BODY std::int64_t ConfusionCounts::count(std::size_t group, std::size_t truth, std::size_t said) const {
  return counts_.at(group).at(truth).at(said);
}

SHARPEYE_BODY double ConfusionCounts::probability(std::size_t group, std::size_t truth, std::size_t said) const {
  const std::vector<std::int64_t>& row = counts_.at(group).at(truth);
  double total = 0;
  for (const std::int64_t value : row) total += static_cast<double>(value) + 1;
  return (static_cast<double>(row.at(said)) + 1) / total;
}

SHARPEYE_BODY Json ConfusionCounts::to_json() const {
  Json json = Json::object();
  for (std::size_t g = 0; g < counts_.size(); ++g) json[lexicon_->groups()[g].name] = counts_[g];
  return json;
}

SHARPEYE_BODY ConfusionCounts ConfusionCounts::from_json(const Lexicon& lexicon, const Json& json,
                                                         const std::string& where) {
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

SHARPEYE_BODY std::vector<ConfusionCounts::Unit> ConfusionCounts::units(std::string_view caption) const {
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

}  // namespace training
SHARPEYE_NAMESPACE_END
