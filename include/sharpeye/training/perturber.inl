#pragma once

/// @file
/// Bodies of perturber.hpp.

#include "sharpeye/training/perturber.hpp"

#include <algorithm>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/json.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY bool takes_an(std::string_view word) noexcept {
  const auto starts = [word](std::string_view start) { return word.substr(0, start.size()) == start; };
  for (const std::string_view start : {"uni", "use", "usu", "ute", "eu", "one", "once"}) {
    if (starts(start)) return starts("unin") || starts("unim");
  }
  for (const std::string_view start : {"hour", "honest", "honor", "honour", "heir"}) {
    if (starts(start)) return true;
  }
  return !word.empty() && std::string_view("aeiou").find(word.front()) != std::string_view::npos;
}

SHARPEYE_BODY Perturber::Perturber(const Lexicon& lexicon, PerturberOptions options, const ConfusionCounts* confusions)
    : lexicon_(lexicon), options_(std::move(options)), confusions_(confusions) {
  double sum = 0;
  for (const double weight : options_.edit_weights) {
    require(weight >= 0 && weight <= 1e9, ErrorCode::kInvalidArgument, "edit_weights: expected numbers in [0, 1e9], ",
            "actual ", weight);
    sum += weight;
  }
  require(sum > 0, ErrorCode::kInvalidArgument, "edit_weights: expected one above 0, actual none");
  require(options_.confusion_share >= 0 && options_.confusion_share <= 1, ErrorCode::kInvalidArgument,
          "confusion_share: expected a number in [0, 1], actual ", options_.confusion_share);
}

SHARPEYE_BODY PseudoCaption Perturber::perturb(const std::string& caption, Random& random) const {
  const std::vector<CaptionWord> words = caption_words(caption);
  std::vector<LexiconMatch> left = lexicon_.find(words);
  std::vector<bool> is_element(words.size());
  for (const LexiconMatch& match : left) {
    std::fill_n(is_element.begin() + static_cast<std::ptrdiff_t>(match.first_word), match.num_words, true);
  }
  std::vector<Exchange> exchanges;
  for (std::size_t edits = random.weighted(options_.edit_weights); edits > 0 && !left.empty(); --edits) {
    const bool is_confused = confusions_ != nullptr && random.uniform() < options_.confusion_share;
    const auto [index, alternative] = is_confused ? draw_confused(left, random) : draw_uniform(left, random);
    const auto& synonyms = group_of(left[index]).alternatives[alternative];
    exchanges.push_back({left[index], &synonyms[random.below(synonyms.size())]});
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(index));
  }
  std::sort(exchanges.begin(), exchanges.end(),
            [](const Exchange& a, const Exchange& b) { return a.match.first_word < b.match.first_word; });
  return apply(caption, words, is_element, exchanges);
}

SHARPEYE_BODY Perturber::Draw Perturber::draw_uniform(const std::vector<LexiconMatch>& elements, Random& random) const {
  std::vector<std::vector<std::size_t>> of_kind;  // only of kinds that are there
  for (const ElementKind kind : kElementKinds) {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (group_of(elements[i]).kind == kind) indices.push_back(i);
    }
    if (!indices.empty()) of_kind.push_back(std::move(indices));
  }
  const auto& indices = of_kind[random.below(of_kind.size())];
  const std::size_t index = indices[random.below(indices.size())];
  const std::size_t other = random.below(group_of(elements[index]).alternatives.size() - 1);
  return {index, other + (other >= elements[index].alternative ? 1 : 0)};
}

SHARPEYE_BODY Perturber::Draw Perturber::draw_confused(const std::vector<LexiconMatch>& elements,
                                                       Random& random) const {
  std::vector<Draw> draws;
  std::vector<double> weights;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    for (std::size_t said = 0; said < group_of(elements[i]).alternatives.size(); ++said) {
      if (said == elements[i].alternative) continue;
      draws.emplace_back(i, said);
      weights.push_back(confusions_->probability(elements[i].group, elements[i].alternative, said));
    }
  }
  return draws[random.weighted(weights)];
}

SHARPEYE_BODY PseudoCaption Perturber::apply(const std::string& caption, const std::vector<CaptionWord>& words,
                                             const std::vector<bool>& is_element,
                                             const std::vector<Exchange>& exchanges) const {
  PseudoCaption pseudo;
  std::size_t copied = 0;
  const auto replace = [&](std::size_t begin, std::size_t end, std::string text) {
    const char first = caption[begin];
    if (first >= 'A' && first <= 'Z' && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
    pseudo.text.append(caption, copied, begin - copied).append(text);
    copied = end;
  };
  for (const Exchange& exchange : exchanges) {
    const std::size_t first = exchange.match.first_word, last = first + exchange.match.num_words - 1;
    if (first > 0 && !is_element[first - 1] && !words[first].begins_phrase) {
      const CaptionWord& article = words[first - 1];
      if (article.text == "a" || article.text == "an") {
        replace(article.begin, article.end, takes_an(*exchange.to) ? "an" : "a");
      }
    }
    std::string from;
    for (std::size_t i = first; i <= last; ++i) from += (i > first ? " " : "") + words[i].text;
    replace(words[first].begin, words[last].end, *exchange.to);
    const LexiconGroup& group = group_of(exchange.match);
    pseudo.edits.push_back({group.kind, group.name, from, *exchange.to, first});
  }
  pseudo.text.append(caption, copied, caption.npos);
  return pseudo;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
