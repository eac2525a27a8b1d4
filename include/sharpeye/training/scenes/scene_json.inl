#pragma once

/// @file
/// Bodies of scene_json.hpp.

#include "sharpeye/training/scenes/scene_json.hpp"

#include <cmath>

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

SHARPEYE_BODY Json to_json(const Object& object, Index picture_size) {
  const double scale = static_cast<double>(picture_size) / kCanvas;
  const auto in_pixels = [&](double length) { return std::round(length * scale * 100) / 100; };
  double left = kCanvas, top = kCanvas, right = 0, bottom = 0;
  for (const Point& member : object.members) {
    left = std::min(left, member.x - object.radius);
    top = std::min(top, member.y - object.radius);
    right = std::max(right, member.x + object.radius);
    bottom = std::max(bottom, member.y + object.radius);
  }
  Json json{{"shape", term_of(object.shape).name},
            {"size", term_of(object.size).name},
            {"colour", term_of(object.colour).name},
            {"texture", term_of(object.texture).name},
            {"action", nullptr},
            {"count", object.count()},
            {"centre", Json::list({in_pixels(object.centre.x), in_pixels(object.centre.y)})},
            {"box", Json::list({in_pixels(left), in_pixels(top), in_pixels(right - left), in_pixels(bottom - top)})},
            {"held_out", is_held_out(object)}};
  if (object.action != Action::kNone) json["action"] = term_of(object.action).name;
  return json;
}

SHARPEYE_BODY Json to_json(const Scene& scene, Index picture_size) {
  Json json{{"background", {{"colour", term_of(scene.ground_colour).name}, {"kind", term_of(scene.ground_kind).name}}},
            {"objects", Json::list()},
            {"relations", Json::list()}};
  for (const Object& object : scene.objects) json["objects"].push_back(to_json(object, picture_size));
  if (scene.objects.size() > 1) {
    json["relations"].push_back({{"subject", 0}, {"relation", term_of(scene.relation).name}, {"object", 1}});
  }
  if (scene.objects.size() > 2) {
    if (const auto anchor = anchor_of_third(scene)) {
      json["relations"].push_back(
          {{"subject", 2}, {"relation", term_of(anchor->relation).name}, {"object", anchor->object}});
    }
  }
  return json;
}

SHARPEYE_BODY Json lexicon() {
  Json groups = Json::list();
  const auto add = [&](const char* kind, const char* name, const auto& terms) {
    Json words = Json::list();
    for (const Term& term : terms) {
      Json alternative = Json::list({term.name});
      if (!term.synonym.empty()) alternative.push_back(term.synonym);
      words.push_back(alternative);
    }
    groups.push_back({{"kind", kind}, {"name", name}, {"words", words}});
  };
  add("entity", "shape", kShapeTerms);
  add("entity", "shapes", kPluralTerms);
  add("attribute", "size", kSizeTerms);
  add("attribute", "colour", kColourTerms);
  add("attribute", "texture", kTextureTerms);
  add("attribute", "count", kCountTerms);
  add("attribute", "background colour", kGroundColourTerms);
  add("attribute", "background kind", kGroundKindTerms);
  add("relation", "relation", kRelationTerms);
  add("relation", "relation to it", kRelationToItTerms);
  add("relation", "place", kPlaceTerms);
  add("relation", "comparison", kComparisonTerms);
  add("action", "pose", kPoseTerms);
  add("action", "swim", kSwimTerms);
  add("action", "mood", kMoodTerms);
  return {{"groups", groups}};
}

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END
