#pragma once

/// @file
/// A small lexicon with every kind of element.

#include "sharpeye/training/lexicon.hpp"

namespace test {

inline const sharpeye::training::Lexicon& small_lexicon() {
  static const sharpeye::training::Lexicon lexicon(sharpeye::parse_json(R"({"groups": [
      {"kind": "entity", "name": "shape", "words": [["circle", "disc"], ["square"], ["oval"], ["ring"]]},
      {"kind": "attribute", "name": "colour", "words": [["red"], ["orange"], ["blue"]]},
      {"kind": "attribute", "name": "size", "words": [["small"], ["big", "large"]]},
      {"kind": "relation", "name": "relation", "words": [["left of", "to the left of"], ["above"], ["behind"]]},
      {"kind": "action", "name": "pose", "words": [["standing", "upright"], ["lying"]]}]})",
                                                                        "test"));
  return lexicon;
}

}  // namespace test
