#pragma once

/// @file
/// How much of a draft a second glance puts right, and how much it spoils.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/training/lexicon.hpp"
#include "sharpeye/training/word_alignment.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Whether each word of `reference` is in `caption`, at its place by align_words().
inline std::vector<bool> right_words(const std::vector<std::string>& reference,
                                     const std::vector<std::string>& caption) {
  const WordAlignment alignment = align_words(reference, caption);
  std::vector<bool> right(reference.size());
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const Index partner = alignment.partner[i];
    right[i] = partner != WordAlignment::kMissing && caption[static_cast<std::size_t>(partner)] == reference[i];
  }
  return right;
}

/// The reference that takes the fewest word edits to become `caption`, the first of equals; as its index.
/// @throws Error kInvalidArgument when there is none.
inline std::size_t nearest_reference(const std::vector<std::string>& references, const std::string& caption) {
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

/// The share of the words of the nearest reference that are right in `caption`; 1 for a reference without words.
/// @throws Error kInvalidArgument without references.
inline double word_accuracy(const std::vector<std::string>& references, const std::string& caption) {
  const std::string& reference = references[nearest_reference(references, caption)];
  const auto right = right_words(word_texts(caption_words(reference)), word_texts(caption_words(caption)));
  const auto count = static_cast<double>(std::count(right.begin(), right.end(), true));
  return right.empty() ? 1 : count / static_cast<double>(right.size());
}

/// Whether `caption` has the words of a reference, all and no others.
inline bool is_exact(const std::vector<std::string>& references, const std::string& caption) {
  const std::vector<std::string> words = word_texts(caption_words(caption));
  return std::any_of(references.begin(), references.end(),
                     [&](const std::string& reference) { return word_texts(caption_words(reference)) == words; });
}

/// What became of the words of references, from draft to refined caption.
struct WordFates {
  std::int64_t corrected = 0;   ///< wrong or missing in the draft, right in the refined caption
  std::int64_t left_wrong = 0;  ///< wrong or missing in both
  std::int64_t damaged = 0;     ///< right in the draft only
  std::int64_t kept = 0;        ///< right in both

  std::int64_t total() const noexcept { return corrected + left_wrong + damaged + kept; }
  /// corrected / (corrected + left_wrong): of the wrong words, the share put right. 0 where none was wrong.
  double correction() const noexcept { return share(corrected, corrected + left_wrong); }
  /// damaged / (damaged + kept): of the right words, the share spoiled. 0 where none was right.
  double damage() const noexcept { return share(damaged, damaged + kept); }
  /// The share of right words in the drafts, and in the refined captions.
  double draft_accuracy() const noexcept { return share(damaged + kept, total()); }
  double refined_accuracy() const noexcept { return share(corrected + kept, total()); }

  WordFates& operator+=(const WordFates& other) noexcept {
    corrected += other.corrected;
    left_wrong += other.left_wrong;
    damaged += other.damaged;
    kept += other.kept;
    return *this;
  }

 private:
  static double share(std::int64_t part, std::int64_t whole) noexcept {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

/// Adds up WordFates over captions, by kind of word. A refinement that copies its draft has correction and damage 0.
class CorrectionRates {
 public:
  /// @param lexicon tells the kinds and must outlive this object; without one all words are ElementKind::kOther
  explicit CorrectionRates(const Lexicon* lexicon = nullptr) : lexicon_(lexicon) {}

  /// Counts one caption. Words are those of the reference that is nearest to the draft; draft and refined caption are
  /// each aligned with it.
  /// @throws Error kInvalidArgument without references.
  void add(const std::vector<std::string>& references, const std::string& draft, const std::string& refined) {
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

  const WordFates& of(ElementKind kind) const { return by_kind_[static_cast<std::size_t>(kind)]; }
  /// Over all kinds.
  WordFates all() const noexcept {
    WordFates sum;
    for (const WordFates& fates : by_kind_) sum += fates;
    return sum;
  }

  std::int64_t captions() const noexcept { return captions_; }
  /// Refined captions whose words are not the draft's.
  std::int64_t changed() const noexcept { return changed_; }
  /// Drafts, and refined captions, that are exactly one of their references.
  std::int64_t draft_exact() const noexcept { return draft_exact_; }
  std::int64_t refined_exact() const noexcept { return refined_exact_; }

 private:
  const Lexicon* lexicon_;
  std::array<WordFates, kElementKinds.size()> by_kind_{};
  std::int64_t captions_ = 0, changed_ = 0, draft_exact_ = 0, refined_exact_ = 0;
};

SHARPEYE_NAMESPACE_END
