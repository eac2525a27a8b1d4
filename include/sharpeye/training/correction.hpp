#pragma once

/// @file
/// How much of a draft a second glance puts right, and how much it spoils.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sharpeye/training/lexicon.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// Whether each word of `reference` is in `caption`, at its place by align_words().
std::vector<bool> right_words(const std::vector<std::string>& reference, const std::vector<std::string>& caption);

/// The reference that takes the fewest word edits to become `caption`, the first of equals; as its index.
/// @throws Error kInvalidArgument when there is none.
std::size_t nearest_reference(const std::vector<std::string>& references, const std::string& caption);

/// The share of the words of the nearest reference that are right in `caption`; 1 for a reference without words.
/// @throws Error kInvalidArgument without references.
double word_accuracy(const std::vector<std::string>& references, const std::string& caption);

/// Whether `caption` has the words of a reference, all and no others.
bool is_exact(const std::vector<std::string>& references, const std::string& caption);

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

  WordFates& operator+=(const WordFates& other) noexcept;

 private:
  static double share(std::int64_t part, std::int64_t whole) noexcept;
};

/// Adds up WordFates over captions, by kind of word. A refinement that copies its draft has correction and damage 0.
class CorrectionRates {
 public:
  /// @param lexicon tells the kinds and must outlive this object; without one all words are ElementKind::kOther
  explicit CorrectionRates(const Lexicon* lexicon = nullptr) : lexicon_(lexicon) {}

  /// Counts one caption. Words are those of the reference that is nearest to the draft; draft and refined caption are
  /// each aligned with it.
  /// @throws Error kInvalidArgument without references.
  void add(const std::vector<std::string>& references, const std::string& draft, const std::string& refined);

  const WordFates& of(ElementKind kind) const { return by_kind_[static_cast<std::size_t>(kind)]; }
  /// Over all kinds.
  WordFates all() const noexcept;

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

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/correction.inl"
#endif
