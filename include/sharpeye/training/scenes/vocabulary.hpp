#pragma once

/// @file
/// What a scene can be made of, and the words for it: the one list that scenes, captions and lexicon share.

#include <array>
#include <cstddef>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN
/// A world to learn from: scenes of coloured things, their pictures and captions, all from one seed.
namespace training::scenes {

enum class Shape { kCircle, kOval, kRing, kSquare, kDiamond, kTriangle, kStar, kHeart, kHouse, kTree, kFish, kFace };
enum class Size { kSmall, kMedium, kLarge };
enum class Colour { kRed, kOrange, kYellow, kGreen, kCyan, kBlue, kPurple, kPink };
enum class Texture { kPlain, kStriped, kDotted, kCheckered };
/// What a thing does: houses and trees take the first three, fishes the next, faces the last; other shapes none.
enum class Action {
  kStanding,
  kLeaning,
  kLying,
  kSwimming,
  kJumping,
  kDiving,
  kSmiling,
  kFrowning,
  kSleeping,
  kNone  // clang-format off
};  // clang-format on
enum class GroundColour { kWhite, kGray, kBlack, kBrown, kBeige, kNavy };
enum class GroundKind { kFlat, kShaded, kTiled, kGrainy };
enum class Relation { kLeftOf, kRightOf, kAbove, kBelow, kInFrontOf, kBehind, kInside, kAround };
/// Of the size of one thing to that of another.
enum class Comparison { kSmaller, kEqual, kLarger };
/// Where in the picture, row by row.
enum class Place {
  kUpperLeft,
  kTop,
  kUpperRight,
  kLeft,
  kMiddle,
  kRight,
  kLowerLeft,
  kBottom,
  kLowerRight  // clang-format off
};  // clang-format on

/// One meaning in words: its usual name, and another word of the same meaning or nothing.
struct Term {
  std::string_view name;
  std::string_view synonym = {};
};

/// The words of an enumeration, in its order. No word stands in two of these tables, so a word tells its table.
template <std::size_t Count>
using Terms = std::array<Term, Count>;

inline constexpr Terms<12> kShapeTerms{{{"circle", "disc"},
                                        {"oval", "ellipse"},
                                        {"ring", "hoop"},
                                        {"square"},
                                        {"diamond", "rhombus"},
                                        {"triangle"},
                                        {"star"},
                                        {"heart"},
                                        {"house", "hut"},
                                        {"tree"},
                                        {"fish"},
                                        {"face"}}};
/// The shapes that come in groups: those without an action.
inline constexpr Terms<8> kPluralTerms{{{"circles", "discs"},
                                        {"ovals", "ellipses"},
                                        {"rings", "hoops"},
                                        {"squares"},
                                        {"diamonds", "rhombuses"},
                                        {"triangles"},
                                        {"stars"},
                                        {"hearts"}}};
inline constexpr Terms<3> kSizeTerms{{{"small", "little"}, {"medium"}, {"large", "big"}}};
inline constexpr Terms<8> kColourTerms{
    {{"red"}, {"orange"}, {"yellow"}, {"green"}, {"cyan"}, {"blue"}, {"purple", "violet"}, {"pink"}}};
inline constexpr Terms<4> kTextureTerms{
    {{"plain", "solid"}, {"striped"}, {"dotted", "spotted"}, {"checkered", "checked"}}};
inline constexpr Terms<3> kPoseTerms{{{"standing", "upright"}, {"leaning", "tilted"}, {"lying", "fallen"}}};
inline constexpr Terms<3> kSwimTerms{{{"swimming"}, {"jumping", "rising"}, {"diving"}}};
inline constexpr Terms<3> kMoodTerms{{{"smiling", "happy"}, {"frowning", "sad"}, {"sleeping"}}};
inline constexpr Terms<3> kCountTerms{{{"two"}, {"three"}, {"four"}}};
inline constexpr Terms<6> kGroundColourTerms{{{"white"}, {"gray"}, {"black"}, {"brown"}, {"beige"}, {"navy"}}};
inline constexpr Terms<4> kGroundKindTerms{{{"flat"}, {"shaded"}, {"tiled"}, {"grainy"}}};
inline constexpr Terms<8> kRelationTerms{{{"left of", "to the left of"},
                                          {"right of", "to the right of"},
                                          {"above"},
                                          {"below", "under"},
                                          {"in front of"},
                                          {"behind"},
                                          {"inside"},
                                          {"around"}}};
/// The relations after "a ring with a star ...".
inline constexpr Terms<8> kRelationToItTerms{{{"on its left", "to its left"},
                                              {"on its right", "to its right"},
                                              {"above it"},
                                              {"below it", "under it"},
                                              {"in front of it"},
                                              {"behind it"},
                                              {"inside it"},
                                              {"around it"}}};
/// Of the sizes of two things.
inline constexpr Terms<3> kComparisonTerms{
    {{"smaller than"}, {"as large as", "as big as"}, {"larger than", "bigger than"}}};
inline constexpr Terms<9> kPlaceTerms{{{"near the upper left corner"},
                                       {"near the top"},
                                       {"near the upper right corner"},
                                       {"near the left edge"},
                                       {"near the middle"},
                                       {"near the right edge"},
                                       {"near the lower left corner"},
                                       {"near the bottom"},
                                       {"near the lower right corner"}}};

/// The term of an enumerator: terms_of(Size::kSmall).name is "small".
inline constexpr const Term& term_of(Shape shape) {
  return kShapeTerms[static_cast<std::size_t>(shape)];
}
inline constexpr const Term& term_of(Size size) {
  return kSizeTerms[static_cast<std::size_t>(size)];
}
inline constexpr const Term& term_of(Colour colour) {
  return kColourTerms[static_cast<std::size_t>(colour)];
}
inline constexpr const Term& term_of(Texture texture) {
  return kTextureTerms[static_cast<std::size_t>(texture)];
}
inline constexpr const Term& term_of(GroundColour colour) {
  return kGroundColourTerms[static_cast<std::size_t>(colour)];
}
inline constexpr const Term& term_of(GroundKind kind) {
  return kGroundKindTerms[static_cast<std::size_t>(kind)];
}
inline constexpr const Term& term_of(Relation relation) {
  return kRelationTerms[static_cast<std::size_t>(relation)];
}
inline constexpr const Term& term_of(Place place) {
  return kPlaceTerms[static_cast<std::size_t>(place)];
}
inline constexpr const Term& term_of(Comparison comparison) {
  return kComparisonTerms[static_cast<std::size_t>(comparison)];
}
/// @param action not kNone
inline constexpr const Term& term_of(Action action) {
  const auto i = static_cast<std::size_t>(action);
  return i < 3 ? kPoseTerms[i] : i < 6 ? kSwimTerms[i - 3] : kMoodTerms[i - 6];
}

/// The first of the three actions that things of this shape take, or kNone.
inline constexpr Action first_action(Shape shape) {
  switch (shape) {
    case Shape::kHouse:
    case Shape::kTree: return Action::kStanding;
    case Shape::kFish: return Action::kSwimming;
    case Shape::kFace: return Action::kSmiling;
    default: return Action::kNone;
  }
}

/// What the second thing is to the first, where the first has this relation to the second.
inline constexpr Relation inverse(Relation relation) {
  return static_cast<Relation>(static_cast<int>(relation) ^ 1);  // the enumerators come in pairs
}

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END
