#include "sharpeye/io/coco_files.hpp"

#include <doctest/doctest.h>

#include "io_support.hpp"

using sharpeye::CocoCaptions;
using sharpeye::ErrorCode;
using sharpeye::Json;

namespace {

constexpr const char* kReferences = R"({
  "images": [{"id": 1, "file_name": "val/a.jpg"}, {"id": 2.0, "file_name": "val/b.jpg"}, {"id": "x"}],
  "annotations": [{"image_id": 1, "caption": "a man"}, {"image_id": 2, "caption": "two dogs"},
                  {"image_id": 1.0, "caption": "a surfer"}]})";

}  // namespace

TEST_CASE("references are read in the order of the images") {
  const CocoCaptions captions(kReferences, "references");
  REQUIRE(captions.images().size() == 3);
  CHECK(captions.images()[0].references == std::vector<std::string>{"a man", "a surfer"});
  CHECK(captions.images()[1].id == Json(2));
  CHECK(captions.images()[2].id == Json("x"));
  CHECK(captions.images()[2].references.empty());
}

TEST_CASE("results are a list or lines, by id or name") {
  CocoCaptions captions(kReferences, "references");
  captions.add_results("\xEF\xBB\xBF[{\"image_id\": 2.0, \"caption\": \"dogs\"}]", "results");
  captions.add_results("{\"image\": \"/elsewhere/a.jpg\", \"refined\": \"A man. He rides.\"}\n", "results",
                       {"", sharpeye::Index{1}});
  CHECK(captions.images()[0].prediction == "A man");
  CHECK(captions.images()[1].prediction == "dogs");
  CHECK_FALSE(captions.images()[2].prediction);
}

TEST_CASE("wrong results are named") {
  CocoCaptions captions(kReferences, "references");
  test::check_error(ErrorCode::kConfig, "results: [0]: image_id: expected integer or text, actual 1.5",
                    [&] { captions.add_results("[{\"image_id\": 1.5}]", "results"); });
  test::check_error(ErrorCode::kFormat, "results: line 1: image_id: expected an image of references, actual 7",
                    [&] { captions.add_results("{\"image_id\": 7, \"caption\": \"a\"}", "results"); });
}
