// Captions are read back with the lexicon alone and held against their scenes.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <map>
#include <set>
#include <sstream>

#include "sharpeye/training/scenes/captions.hpp"
#include "sharpeye/training/scenes/make_scene.hpp"
#include "sharpeye/training/scenes/scene_json.hpp"

using namespace sharpeye;
using namespace sharpeye::training;
using namespace sharpeye::training::scenes;

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The words of a text without punctuation.
std::vector<std::string> plain_words_of(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '.' || c == ','; }), text.end());
  return words_of(text);
}

std::vector<std::string> sentences_of(const std::string& text) {
  std::vector<std::string> sentences;
  std::size_t start = 0;
  for (std::size_t stop; (stop = text.find('.', start)) != text.npos; start = stop + 1)
    sentences.push_back(text.substr(start, stop - start));
  CHECK(start == text.size());
  return sentences;
}

// A run of words that the lexicon knows.
struct Match {
  std::string group;
  std::string name;  // the alternative's first words
};

class Lexicon {
 public:
  Lexicon() {
    const Json json = lexicon();
    for (const Json& group : json["groups"])
      for (const Json& alternative : group["words"])
        for (const Json& text : alternative)
          CHECK(terms_
                    .emplace(plain_words_of(text.get<std::string>()),
                             Match{group["name"].get<std::string>(), alternative[0].get<std::string>()})
                    .second);  // one meaning only
  }

  // The matches in a sentence, longest first; other words must be function words.
  std::vector<Match> read(const std::string& sentence) const {
    static const std::set<std::string> kFunctionWords{"a",     "an", "the", "is",   "are",
                                                      "there", "on", "and", "with", "background"};
    const std::vector<std::string> words = plain_words_of(sentence);
    std::vector<Match> matches;
    for (std::size_t i = 0; i < words.size();) {
      std::size_t length = std::min<std::size_t>(6, words.size() - i);
      const auto begin = words.begin() + static_cast<std::ptrdiff_t>(i);
      const auto run = [&] { return std::vector<std::string>(begin, begin + static_cast<std::ptrdiff_t>(length)); };
      while (length > 0 && terms_.count(run()) == 0) --length;
      if (length > 0) matches.push_back(terms_.at(run()));
      if (length == 0) CHECK_MESSAGE(kFunctionWords.count(words[i]) == 1, words[i]);
      i += length > 0 ? length : 1;
    }
    return matches;
  }

 private:
  std::map<std::vector<std::string>, Match> terms_;
};

// Reads one caption after another and checks every claim against the ground truth as JSON.
class Reader {
 public:
  explicit Reader(const Scene& scene) : truth_(to_json(scene, 64)) {}

  struct Found {
    std::vector<std::size_t> mentions;  // objects, by their numbers, in order
    std::size_t attributes = 0;
    std::size_t relations = 0;
    std::size_t ground = 0;
  };

  Found read(const std::string& sentence) {
    static const Lexicon lexicon;
    Found found;
    std::map<std::string, std::string> attributes;
    std::string relation, relation_to_it, comparison, place;
    bool is_relation_first = false;
    for (const Match& match : lexicon.read(sentence)) {
      if (match.group == "shape" || match.group == "shapes") {
        const std::size_t object = object_of(attributes["colour"]);
        check(object, match, attributes);
        found.attributes += attributes.size() + 1;
        found.mentions.push_back(object);
        attributes.clear();
      } else if (match.group == "relation") {
        relation = match.name;
        is_relation_first = found.mentions.empty();
      } else if (match.group == "relation to it") {
        relation_to_it = match.name;
      } else if (match.group == "comparison") {
        comparison = match.name;
      } else if (match.group == "place") {
        place = match.name;
      } else if (match.group.find("background") == 0) {
        CHECK(truth_["background"][match.group == "background kind" ? "kind" : "colour"] == match.name);
        ++found.ground;
      } else {
        const bool is_action = match.group == "pose" || match.group == "swim" || match.group == "mood";
        CHECK(attributes.emplace(is_action ? "action" : match.group, match.name).second);
      }
    }
    CHECK(attributes.empty());
    if (!relation.empty()) {
      REQUIRE(found.mentions.size() == 2);
      check_relation(found.mentions[is_relation_first ? 1 : 0], relation, found.mentions[is_relation_first ? 0 : 1]);
      ++found.relations;
    }
    if (!relation_to_it.empty()) {
      REQUIRE(found.mentions.size() == 2);
      static const std::map<std::string, std::string> kPlain{{"on its left", "left of"},
                                                             {"on its right", "right of"},
                                                             {"above it", "above"},
                                                             {"below it", "below"},
                                                             {"in front of it", "in front of"},
                                                             {"behind it", "behind"},
                                                             {"inside it", "inside"},
                                                             {"around it", "around"}};
      check_relation(found.mentions[1], kPlain.at(relation_to_it), found.mentions[0]);
      ++found.relations;
    }
    if (!comparison.empty()) {
      REQUIRE(found.mentions.size() == 2);
      static const std::map<std::string, int> kRank{{"small", 0}, {"medium", 1}, {"large", 2}};
      const int difference = kRank.at(truth_["objects"][found.mentions[0]]["size"].get<std::string>()) -
                             kRank.at(truth_["objects"][found.mentions[1]]["size"].get<std::string>());
      CHECK(comparison == (difference < 0 ? "smaller than" : difference > 0 ? "larger than" : "as large as"));
    }
    if (!place.empty()) {
      REQUIRE(found.mentions.size() == 1);
      const Json& centre = truth_["objects"][found.mentions[0]]["centre"];
      const double x = centre[0].get<double>() - 32, y = centre[1].get<double>() - 32;
      const auto says = [&](const char* word) { return place.find(word) != place.npos; };
      CHECK((says("left") ? x < -8 : says("right") ? x > 8 : std::abs(x) < 7));
      CHECK((says("upper") || says("top") ? y < -8 : says("lower") || says("bottom") ? y > 8 : std::abs(y) < 7));
    }
    return found;
  }

 private:
  std::size_t object_of(const std::string& colour) const {
    std::size_t found = 99;
    for (std::size_t i = 0; i < truth_["objects"].size(); ++i)
      if (truth_["objects"][i]["colour"] == colour) found = i;
    REQUIRE_MESSAGE(found != 99, colour);
    return found;
  }

  void check(std::size_t number, const Match& noun, const std::map<std::string, std::string>& attributes) const {
    const Json& object = truth_["objects"][number];
    const bool is_plural = noun.group == "shapes";
    CHECK(is_plural == (object["count"].get<int>() > 1));
    const std::string singular = is_plural ? noun.name.substr(0, noun.name.size() - 1) : noun.name;
    CHECK(object["shape"] == singular);
    for (const auto& [name, value] : attributes) {
      if (name == "count") {
        CHECK(object["count"] == (value == "two" ? 2 : value == "three" ? 3 : 4));
      } else {
        CHECK_MESSAGE(object[name] == value, name);
      }
    }
  }

  void check_relation(std::size_t subject, const std::string& relation, std::size_t object) const {
    static const std::map<std::string, std::string> kInverse{
        {"left of", "right of"},   {"right of", "left of"},   {"above", "below"},   {"below", "above"},
        {"in front of", "behind"}, {"behind", "in front of"}, {"inside", "around"}, {"around", "inside"}};
    bool is_true = false;
    for (const Json& known : truth_["relations"]) {
      is_true =
          is_true || (known["subject"] == subject && known["object"] == object && known["relation"] == relation) ||
          (known["subject"] == object && known["object"] == subject && known["relation"] == kInverse.at(relation));
    }
    CHECK_MESSAGE(is_true, relation);
  }

  Json truth_;
};

}  // namespace

TEST_CASE("single sentences are true, short, and tell both things whole") {
  std::set<std::string> openings;
  for (Index index = 0; index < 1500; ++index) {
    const Scene scene = make_scene(Split::kVal, 5, index);
    const Captions captions = make_captions(scene);
    REQUIRE(captions.single.size() == 5);
    CHECK(std::set<std::string>(captions.single.begin(), captions.single.end()).size() == 5);
    Reader reader(scene);
    for (const std::string& caption : captions.single) {
      CAPTURE(caption);
      CHECK(count_words(caption) >= 8);
      CHECK(count_words(caption) <= 16);
      REQUIRE(sentences_of(caption).size() == 1);
      const auto found = reader.read(caption);
      CHECK(std::set<std::size_t>(found.mentions.begin(), found.mentions.end()) == std::set<std::size_t>{0, 1});
      CHECK(found.relations == 1);
      std::size_t expected = 0;  // size, colour, shape; texture unless a face; action; count
      for (std::size_t i = 0; i < 2; ++i) {
        const Object& object = scene.objects[i];
        expected += 3u + (object.shape != Shape::kFace) + (object.action != Action::kNone) + (object.count() > 1);
      }
      CHECK(found.attributes == expected);
      openings.insert(caption.substr(0, caption.find(' ')));
    }
  }
  CHECK(openings.size() > 8);  // a, two, there, above, left, in ...
}

TEST_CASE("detailed captions are true and tell everything") {
  double words = 0, count = 0;
  for (Index index = 0; index < 1500; ++index) {
    const Scene scene = make_scene(Split::kTrain, 6, index);
    const Captions captions = make_captions(scene);
    REQUIRE(captions.detailed.size() == 5);
    CHECK(std::set<std::string>(captions.detailed.begin(), captions.detailed.end()).size() == 5);
    Reader reader(scene);
    for (const std::string& caption : captions.detailed) {
      CAPTURE(caption);
      words += static_cast<double>(count_words(caption));
      ++count;
      CHECK(count_words(caption) >= 22);
      CHECK(count_words(caption) <= 42);
      const auto sentences = sentences_of(caption);
      CHECK((sentences.size() == 2 || sentences.size() == 3));
      std::set<std::size_t> mentioned;
      std::size_t relations = 0, ground = 0;
      for (const std::string& sentence : sentences) {
        const auto found = reader.read(sentence);
        mentioned.insert(found.mentions.begin(), found.mentions.end());
        relations += found.relations;
        ground += found.ground;
      }
      CHECK(mentioned.size() == scene.objects.size());
      CHECK(relations == scene.objects.size() - 1);
      CHECK(ground == 2);
    }
  }
  CHECK(words / count > 25);
  CHECK(words / count < 35);
}

TEST_CASE("coarse captions tell the shapes, and colours and shapes") {
  for (Index index = 0; index < 500; ++index) {
    const SceneKind kind = index % 2 == 0 ? SceneKind::kRelated : SceneKind::kLone;
    const Scene scene = make_scene(Split::kTrain, 6, index, kind);
    const Captions captions = make_captions(scene);
    REQUIRE(captions.coarse.size() == (kind == SceneKind::kLone ? 3 : 2));
    if (kind == SceneKind::kLone) {
      CHECK(captions.coarse[2] == "something " + std::string(term_of(scene.objects[0].texture).name) + ".");
    }
    std::multiset<std::string> shapes;
    for (const Object& object : scene.objects) {
      const auto shape = static_cast<std::size_t>(object.shape);
      shapes.insert(std::string(object.count() > 1 ? kPluralTerms[shape].name : kShapeTerms[shape].name));
    }
    std::multiset<std::string> told;
    for (const std::string& word : plain_words_of(captions.coarse[0])) {
      if (word != "a" && word != "an" && word != "and") told.insert(word);
    }
    CHECK(told == shapes);

    const std::string& caption = captions.coarse[1];
    CAPTURE(caption);
    Reader reader(scene);
    REQUIRE(sentences_of(caption).size() == 1);
    const auto found = reader.read(caption);
    CHECK(found.mentions.size() == scene.objects.size());
    CHECK(found.attributes == 2 * scene.objects.size());
    for (const std::string& text : {captions.coarse[0], captions.coarse[1]}) {
      const std::vector<std::string> words = plain_words_of(text);
      for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] == "a" || words[i] == "an") {
          CHECK((words[i] == "an") == (std::string("aeiou").find(words[i + 1][0]) != std::string::npos));
        }
      }
    }
  }
}

TEST_CASE("the same shapes make the same caption, whatever their order") {
  std::map<std::multiset<std::string>, std::string> caption_of;
  for (Index index = 0; index < 300; ++index) {
    const std::string caption = make_captions(make_scene(Split::kTrain, 2, index)).coarse[0];
    const auto words = plain_words_of(caption);
    const auto entry = caption_of.emplace(std::multiset<std::string>(words.begin(), words.end()), caption);
    CHECK(entry.first->second == caption);
  }
  CHECK(caption_of.size() > 100);
}

TEST_CASE("scenes of one thing: five different true sentences, five detailed texts, a size that fits the radius") {
  for (Index index = 0; index < 500; ++index) {
    const Scene scene = make_scene(Split::kVal, 4, index, SceneKind::kLone);
    REQUIRE(scene.objects.size() == 1);
    const Object& thing = scene.objects[0];
    CHECK(thing.centre.x - thing.extent() > 0);
    CHECK(thing.centre.y + thing.extent() < kCanvas);
    if (thing.radius < 8) CHECK(thing.size == Size::kSmall);
    if (thing.radius > 12.5) CHECK(thing.size == Size::kLarge);
    const Captions captions = make_captions(scene);
    for (const auto* kind : {&captions.single, &captions.detailed}) {
      CHECK(std::set<std::string>(kind->begin(), kind->end()).size() == 5);
      for (const std::string& caption : *kind) {
        CAPTURE(caption);
        for (const std::string& sentence : sentences_of(caption)) {
          Reader reader(scene);
          reader.read(sentence);
        }
      }
    }
  }
}

TEST_CASE("captions are plain text of a small vocabulary") {
  std::map<std::string, int> words;
  for (Index index = 0; index < 2000; ++index) {
    const Captions captions = make_captions(make_scene(Split::kTest, 9, index));
    for (const auto* kind : {&captions.single, &captions.detailed, &captions.coarse}) {
      for (const std::string& caption : *kind) {
        CHECK(caption.find_first_not_of("abcdefghijklmnopqrstuvwxyz ,.") == caption.npos);
        CHECK(caption.find("  ") == caption.npos);
        CHECK(caption.back() == '.');
        for (const std::string& word : plain_words_of(caption)) ++words[word];
      }
    }
  }
  CHECK(words.size() < 140);
  const Json json = lexicon();
  for (const Json& group : json["groups"]) {  // nothing in the lexicon is unheard of
    for (const Json& alternative : group["words"])
      for (const Json& text : alternative)
        for (const std::string& word : words_of(text.get<std::string>())) CHECK_MESSAGE(words.count(word) == 1, word);
  }
}

TEST_CASE("seed 1 means these scenes, on every compiler") {
  const auto caption = [](Split split, Index index) { return make_captions(make_scene(split, 1, index)).single[0]; };
  CHECK(caption(Split::kTrain, 0) == "a medium plain orange triangle with a medium plain red ring above it.");
  CHECK(caption(Split::kTrain, 999) ==
        "a large diving plain pink fish behind a medium orange checkered ellipse on brown.");
  CHECK(caption(Split::kVal, 999) == "above a medium striped pink square is a large dotted red star.");
  CHECK(caption(Split::kTest, 999) == "a large cyan checkered heart is behind a medium solid green star.");
}
