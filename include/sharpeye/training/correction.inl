#pragma once

/// @file
/// Bodies of correction.hpp.

#include "sharpeye/training/correction.hpp"

#include <algorithm>

#include "sharpeye/core/error.hpp"
#include "sharpeye/training/word_alignment.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY std::vector<bool> right_words(const std::vector<std::string>& reference,
                                            const std::vector<std::string>& caption) {
  const WordAlignment alignment = align_words(reference, caption);
  std::vector<bool> right(reference.size());
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const Index partner = alignment.partner[i];
    right[i] = partner != WordAlignment::kMissing && caption[static_cast<std::size_t>(partner)] == reference[i];
  }
  return right;
}

SHARPEYE_BODY std::size_t nearest_reference(const std::vector<std::string>& references, const std::string& caption) {
  require(!references.empty(), ErrorCode::kInvalidArgument, "references: expected one or more, actual none");
  const std::vector<std::string> words = word_texts(caption_words(caption));
  std::size_t nearest = 0;
  Index fewest = 0;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const Index edits = align_words(word_texts(caption_words(references[i])), words).edits;
    if (i > 0 && edits >= fewest) continue;
    nearest = i;
    fewest = edits;
  }
  return nearest;
}

SHARPEYE_BODY double word_accuracy(const std::vector<std::string>& references, const std::string& caption) {
  const std::string& reference = references[nearest_reference(references, caption)];
  const auto right = right_words(word_texts(caption_words(reference)), word_texts(caption_words(caption)));
  const auto count = static_cast<double>(std::count(right.begin(), right.end(), true));
  return right.empty() ? 1 : count / static_cast<double>(right.size());
}

SHARPEYE_BODY bool is_exact(const std::vector<std::string>& references, const std::string& caption) {
  const std::vector<std::string> words = word_texts(caption_words(caption));
  return std::any_of(references.begin(), references.end(),
                     [&](const std::string& reference) { return word_texts(caption_words(reference)) == words; });
}

SHARPEYE_BODY WordFates& WordFates::operator+=(const WordFates& other) noexcept {
  corrected += other.corrected;
  left_wrong += other.left_wrong;
  damaged += other.damaged;
  kept += other.kept;
  return *this;
}

SHARPEYE_BODY double WordFates::share(std::int64_t part, std::int64_t whole) noexcept {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

SHARPEYE_BODY void CorrectionRates::add(const std::vector<std::string>& references, const std::string& draft,
                                        const std::string& refined) {
  const auto reference = caption_words(references[nearest_reference(references, draft)]);
  const auto texts = word_texts(reference), draft_texts = word_texts(caption_words(draft)),
             refined_texts = word_texts(caption_words(refined));
  const std::vector<bool> before = right_words(texts, draft_texts), after = right_words(texts, refined_texts);
  const auto kinds = lexicon_ != nullptr ? lexicon_->kinds(reference)
                                         : std::vector<ElementKind>(reference.size(), ElementKind::kOther);
  for (std::size_t i = 0; i < reference.size(); ++i) {
    WordFates& fates = by_kind_[static_cast<std::size_t>(kinds[i])];
    ++(before[i] ? (after[i] ? fates.kept : fates.damaged) : (after[i] ? fates.corrected : fates.left_wrong));
  }
  ++captions_;
  changed_ += draft_texts != refined_texts ? 1 : 0;
  draft_exact_ += is_exact(references, draft) ? 1 : 0;
  refined_exact_ += is_exact(references, refined) ? 1 : 0;
}

SHARPEYE_BODY WordFates CorrectionRates::all() const noexcept {
  WordFates sum;
  for (const WordFates& fates : by_kind_) sum += fates;
  return sum;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
