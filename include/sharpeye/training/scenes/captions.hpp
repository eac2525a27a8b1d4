#pragma once

/// @file
/// Captions of a scene, from a grammar. All of them are true; a caption's words are those of vocabulary.hpp and a few
/// function words, so that the lexicon knows every word that carries meaning.

#include <string>
#include <vector>

#include "sharpeye/training/scenes/scene.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

/// What is said of one scene. Lower case, plain ASCII, each sentence ends with a full stop.
struct Captions {
  std::vector<std::string> single;    ///< five sentences of 8 to 16 words: both things with all attributes, relation
  std::vector<std::string> detailed;  ///< five texts of 2 or 3 sentences: everything, and the background
  /// For contrastive training: a list of the shapes, and one of colours and shapes; of one thing also its texture
  /// alone.
  std::vector<std::string> coarse;
};

/// Words of a caption, split at spaces.
Index count_words(const std::string& text);

/// The captions of a scene; always the same for the same scene.
Captions make_captions(const Scene& scene);

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/scenes/captions.inl"
#endif
