#pragma once

/// @file
/// Pseudo-initial captions: true captions with a few elements exchanged, to learn to correct them.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/random.hpp"
#include "sharpeye/training/confusion_counts.hpp"
#include "sharpeye/training/lexicon.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// One element that was exchanged.
struct CaptionEdit {
  ElementKind kind;
  std::string group;       ///< the name of its group
  std::string from, to;    ///< in lower case
  std::size_t first_word;  ///< of `from` among caption_words() of the true caption
};

/// A perturbed caption and how it came about, from left to right.
struct PseudoCaption {
  std::string text;
  std::vector<CaptionEdit> edits;
};

struct PerturberOptions {
  /// The weight of 0, 1, 2, ... edits. The paper edits 0 to 3 elements; how often each is not known.
  std::vector<double> edit_weights = {1, 1, 1, 1};
  /// The share of edits that follow the confusions, where there are any; the others are uniform.
  double confusion_share = 1;
};

/// Whether "an" stands before this word rather than "a": by its letters, with the usual exceptions.
bool takes_an(std::string_view word) noexcept;

/// Exchanges elements of captions (paper, appendix G, by a lexicon instead of a language model). Immutable.
///
/// An element becomes a word of another alternative of its group. Uniform: the kind of element is drawn, then the
/// element, the other alternative, and its synonym. Along confusions (ours): element and alternative are drawn together
/// with the probability that the captioner says this for that.
class Perturber {
 public:
  /// @param lexicon, confusions must outlive this object; without confusions all edits are uniform
  /// @throws Error kInvalidArgument for weights or a share out of range.
  explicit Perturber(const Lexicon& lexicon, PerturberOptions options = {},
                     const ConfusionCounts* confusions = nullptr);

  /// A draft of this caption; the same for the same state of `random`. Where fewer elements are found than edits were
  /// drawn, all of them are exchanged. "a" and "an" before an exchanged element follow it, and so does its capital.
  PseudoCaption perturb(const std::string& caption, Random& random) const;

 private:
  struct Exchange {
    LexiconMatch match;
    const std::string* to;
  };
  using Draw = std::pair<std::size_t, std::size_t>;  // index into the elements that are left, alternative

  const LexiconGroup& group_of(const LexiconMatch& match) const { return lexicon_.groups()[match.group]; }

  Draw draw_uniform(const std::vector<LexiconMatch>& elements, Random& random) const;

  Draw draw_confused(const std::vector<LexiconMatch>& elements, Random& random) const;

  PseudoCaption apply(const std::string& caption, const std::vector<CaptionWord>& words,
                      const std::vector<bool>& is_element, const std::vector<Exchange>& exchanges) const;

  const Lexicon& lexicon_;
  PerturberOptions options_;
  const ConfusionCounts* confusions_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/perturber.inl"
#endif
