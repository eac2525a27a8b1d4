#pragma once

/// @file
/// Bodies of captions.hpp.

#include "sharpeye/training/scenes/captions.hpp"

#include <algorithm>
#include <initializer_list>

#include "sharpeye/core/random.hpp"
SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

SHARPEYE_BODY Index count_words(const std::string& text) {
  return 1 + static_cast<Index>(std::count(text.begin(), text.end(), ' '));
}

namespace detail {

class Narrator {
 public:
  explicit Narrator(const Scene& scene) : scene_(scene), random_(scene.caption_seed) {}

  Captions captions() {
    constexpr std::size_t kReferences = 5;
    constexpr Index kLongest = 16;
    Captions captions;
    if (scene_.objects.size() == 1) {
      captions.single = lone_single(scene_.objects[0]);
      captions.detailed = lone_detailed(scene_.objects[0]);
    }
    while (captions.single.size() < kReferences) add(captions.single, single(), kLongest);
    while (captions.detailed.size() < kReferences) add(captions.detailed, detailed(), kLongest * 4);
    captions.coarse = {shapes(), colours_and_shapes()};
    if (scene_.objects.size() == 1) captions.coarse.push_back(lone_texture(scene_.objects[0]));
    return captions;
  }

 private:
  using Text = std::string;

  /// Short captions are preferred to long ones by drawing again; the same one never comes twice.
  static void add(std::vector<Text>& captions, Text text, Index longest) {
    const bool is_new = std::find(captions.begin(), captions.end(), text) == captions.end();
    if (is_new && count_words(text) <= longest) captions.push_back(std::move(text));
  }

  bool chance(double probability) { return random_.uniform() < probability; }

  Text word(const Term& term) {
    constexpr double kSynonym = 0.12;
    return Text(!term.synonym.empty() && chance(kSynonym) ? term.synonym : term.name);
  }

  static bool is_group(const Object& object) { return object.count() > 1; }
  static const char* verb(const Object& object) { return is_group(object) ? "are" : "is"; }

  Text noun(const Object& object) {
    return word(is_group(object) ? kPluralTerms[static_cast<std::size_t>(object.shape)] : term_of(object.shape));
  }

  /// The parts with blanks between them. A list in braces is evaluated from left to right, the operands of + in any
  /// order: with those, another compiler would draw other words.
  static Text join(std::initializer_list<Text> parts) {
    Text text;
    for (const Text& part : parts) text += (text.empty() || part.empty() ? "" : " ") + part;
    return text;
  }
  static Text sentence(std::initializer_list<Text> parts) { return join(parts) + "."; }

  /// "a small smiling yellow face", "three large striped red rings".
  Text phrase(const Object& object) {
    const Text front =
        join({is_group(object) ? word(kCountTerms[static_cast<std::size_t>(object.count() - 2)]) : "a",
              word(term_of(object.size)), object.action == Action::kNone ? "" : word(term_of(object.action))});
    const Text colour = word(term_of(object.colour));
    if (object.shape == Shape::kFace) return join({front, colour, noun(object)});
    const Text texture = word(term_of(object.texture));
    return chance(0.88) ? join({front, texture, colour, noun(object)}) : join({front, colour, texture, noun(object)});
  }

  /// "the red ring"; no two things of a scene have the same colour.
  Text mention(const Object& object) { return join({"the", word(term_of(object.colour)), noun(object)}); }

  Text ground() { return join({word(term_of(scene_.ground_kind)), word(term_of(scene_.ground_colour))}); }
  Text on_ground() { return join({"on a", ground(), "background"}); }

  /// The two things in the order of telling, mostly the larger or left or upper one first.
  struct Pair {
    const Object& first;
    const Object& second;
    Relation relation;
  };
  Pair pair() {
    constexpr double kUsualOrder = 0.8;
    const Object &a = scene_.objects[0], &b = scene_.objects[1];
    const bool a_is_usual = a.size != b.size
                                ? a.size > b.size
                                : scene_.relation != Relation::kRightOf && scene_.relation != Relation::kBelow;
    if (a_is_usual == chance(kUsualOrder)) return {a, b, scene_.relation};
    return {b, a, inverse(scene_.relation)};
  }

  Text single() {
    const auto [a, b, relation] = pair();
    const Text first = phrase(a), second = phrase(b), how = word(term_of(relation));
    const double draw = random_.uniform();
    if (draw < 0.35) return sentence({first, how, second});
    if (draw < 0.60) return sentence({first, verb(a), how, second});
    if (draw < 0.70) return sentence({"there", verb(a), first, how, second});
    if (draw < 0.78) return sentence({how, second, verb(a), first});
    if (draw < 0.88 && !is_group(b)) {
      return sentence({second, "with", first, word(kRelationToItTerms[static_cast<std::size_t>(relation)])});
    }
    return sentence({first, how, second, "on", word(term_of(scene_.ground_colour))});
  }

  Text detailed() {
    const auto [a, b, relation] = pair();
    const Text first = phrase(a), second = phrase(b), how = word(term_of(relation));
    const double draw = random_.uniform();
    if (draw < 0.45) {
      return join({sentence({first, verb(a), how, second}), sentence({"the background is", ground()}), rest(a, b)});
    }
    if (draw < 0.75) return join({on_ground() + ",", sentence({first, verb(a), how, second}), rest(a, b)});
    return join(
        {sentence({first, "and", second, on_ground()}), sentence({mention(a), verb(a), how, mention(b)}), rest(a, b)});
  }

  /// One sentence more: the third thing, else where one of the two is, else how their sizes compare.
  Text rest(const Object& a, const Object& b) {
    if (scene_.objects.size() > 2) {
      const Object& third = scene_.objects[2];
      if (const auto anchor = anchor_of_third(scene_)) {
        return sentence(
            {phrase(third), "is", word(term_of(anchor->relation)), mention(scene_.objects[anchor->object])});
      }
    }
    for (const Object* object : {&a, &b}) {
      const auto place = place_of(object->centre);
      if (place && chance(0.7)) return sentence({mention(*object), verb(*object), word(term_of(*place))});
    }
    return sentence({mention(a), verb(a), word(term_of(compare(a.size, b.size))), mention(b)});
  }

  /// Five sentences of one thing.
  std::vector<Text> lone_single(const Object& thing) {
    const Text what = phrase(thing), ground_colour = word(term_of(scene_.ground_colour));
    return {sentence({what}), sentence({"there", verb(thing), what}), sentence({what, "on", ground_colour}),
            sentence({what, on_ground()}), sentence({on_ground(), "there", verb(thing), what})};
  }

  /// Five texts of two or three sentences of one thing: where it is as far as that is clear.
  std::vector<Text> lone_detailed(const Object& thing) {
    const Text what = phrase(thing), there = sentence({"there", verb(thing), what});
    const Text background = sentence({"the background is", ground()});
    const auto place = place_of(thing.centre);
    const Text where = place ? sentence({mention(thing), verb(thing), word(term_of(*place))}) : "";
    return {join({there, background, where}), join({background, there, where}),
            join({sentence({what}), background, where}), join({sentence({what, on_ground()}), where}),
            join({sentence({on_ground(), "there", verb(thing), what}), where})};
  }

  /// "something striped."
  Text lone_texture(const Object& thing) { return sentence({"something", Text(term_of(thing.texture).name)}); }

  /// "hearts, an oval and a ring.": in the alphabet's order, so that the same shapes make the same caption.
  Text shapes() {
    std::vector<Text> nouns;
    for (const Object& object : scene_.objects) {
      const Term& name =
          is_group(object) ? kPluralTerms[static_cast<std::size_t>(object.shape)] : term_of(object.shape);
      nouns.push_back(with_article(object, Text(name.name)));
    }
    std::sort(nouns.begin(), nouns.end());
    return list(nouns);
  }

  /// "an orange ring, blue squares and a red star.", in any order.
  Text colours_and_shapes() {
    std::vector<Text> parts;
    for (const Object& object : scene_.objects)
      parts.push_back(with_article(object, join({word(term_of(object.colour)), noun(object)})));
    random_.shuffle(parts);
    return list(parts);
  }

  static Text with_article(const Object& object, const Text& name) {
    return join({is_group(object) ? "" : name.front() == 'o' || name.front() == 'e' ? "an" : "a", name});
  }

  static Text list(const std::vector<Text>& parts) {
    Text text;
    for (std::size_t i = 0; i < parts.size(); ++i)
      text += (i == 0 ? "" : i + 1 < parts.size() ? ", " : " and ") + parts[i];
    return text + ".";
  }

  const Scene& scene_;
  Random random_;
};

}  // namespace detail

SHARPEYE_BODY Captions make_captions(const Scene& scene) {
  return detail::Narrator(scene).captions();
}

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END
