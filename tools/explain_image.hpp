#pragma once

/// @file
/// What `sharpeye explain` finds out about one image, before it is written anywhere.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/pipeline/attention_map.hpp"
#include "sharpeye/pipeline/caption_explainer.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "tools/session.hpp"

namespace tool {

/// A part of the image that somebody asks about.
struct Region {
  std::string name;
  PixelBox box;

  /// "dog=10,20,30,40" or "10,20,30,40": left, top, width, height in pixels. @param number of a region without a name
  /// @throws Error kInvalidArgument
  static Region parse(const std::string& text, std::size_t number);
};

/// What to do with the image.
struct ExplainOptions {
  std::vector<Region> regions;
  std::optional<Index> beams, rounds;
  std::optional<std::string> prompt;
  double first_share = 0;  ///< CaptionOptions::first_share
  Index alternatives = 5;  ///< of each token
  Index runs = 3;          ///< captions to take the times of
};

/// One glance: its attention, its words, and where in the image its visual tokens stand.
struct ExplainedGlance {
  GlanceExplanation found;
  std::string caption;
  std::vector<WordProbability> words;  ///< their tokens without those of punctuation alone at their ends
  std::vector<PixelBox> boxes;
};

/// A stage of captioning. @see CaptionTimings
struct StageCost {
  std::string name;
  double milliseconds, flops;
};

/// A word of the initial caption and the one that stands for it in the refined one; -1: none does.
struct WordPair {
  Index initial, refined;
};

/// All that is known of one image.
struct ExplainedImage {
  std::string name;
  Image image;  ///< as the model sees it: upright, unless the model does not turn images
  Caption caption;
  std::vector<ExplainedGlance> glances;
  std::vector<ConnectorExplanation> connectors;
  std::vector<WordPair> pairs;  ///< of the first and the last glance, in the order of the captions
  std::vector<Region> regions;
  std::vector<StageCost> stages;  ///< the median of all runs
  std::vector<std::pair<std::string, std::vector<Index>>> shapes;
  std::string model;  ///< what it is
  Index runs = 0;
  int threads = 1;
  PixelBox square{};  ///< where the square lies that the second glance looks at

  const ExplainedGlance& first() const { return glances.front(); }
  const ExplainedGlance& last() const { return glances.back(); }
};

/// Captions an image and looks into it. @throws Error also for a region that lies outside of the image
ExplainedImage explain_image(Session& session, const std::string& name, const ExplainOptions& options);

/// The text of one token; a special one as it is spelt.
std::string token_text(const Tokenizer& tokenizer, std::int32_t id);

}  // namespace tool
