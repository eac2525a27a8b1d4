#include "sharpeye/training/load_dataset.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/paths.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

/// A folder with a.ppm and images/b.ppm.
struct Folder : test::TemporaryFolder {
  Folder() {
    write("a.ppm", std::string("P6\n1 1\n255\nabc"));
    std::filesystem::create_directory(*this / "images");
    write("images/b.ppm", std::string("P6\n1 1\n255\nabc"));
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(*this / name, std::ios::binary) << content;
  }
  /// load_dataset() of the folder with this captions file.
  Dataset load(const std::string& name, const std::string& content, const DatasetOptions& options = {}) const {
    write(name, content);
    return load_dataset(*this / name, options);
  }
};

std::string coco(const std::string& images, const std::string& annotations) {
  return R"({"info": {}, "images": [)" + images + R"(], "annotations": [)" + annotations + "]}";
}

const std::string kImages = R"({"id": 7, "file_name": "a.ppm", "width": 1}, {"id": "x", "file_name": "b.ppm"})";

DatasetOptions skipping() {
  DatasetOptions options;
  options.on_bad = OnBad::kSkip;
  return options;
}

void refused(const Folder& folder, const std::string& name, const std::string& content, const std::string& part,
             const DatasetOptions& options = {}) {
  try {
    folder.load(name, content, options);
    FAIL("accepted " << content);
  } catch (const Error& error) {
    CHECK_MESSAGE(std::string(error.what()).find(part) != std::string::npos, error.what() << "\nhas no " << part);
  }
}

}  // namespace

TEST_CASE("a folder in COCO's format") {
  const Folder folder;
  folder.write("captions.json", coco(kImages, R"({"image_id": "x", "caption": " two dogs \n", "id": 1},
      {"image_id": 7, "caption": "a cat", "pseudo": ["a dog", "a cow"]}, {"image_id": 7, "caption": "one cat"})"));
  const Dataset data = load_dataset(folder.path());
  CHECK(data.report.total() == 0);
  CHECK(data.report.text().empty());
  REQUIRE(data.images.size() == 2);
  CHECK(data.images[0].path == folder / "a.ppm");
  CHECK(data.images[0].id == "7");
  CHECK(data.images[0].captions == std::vector<std::string>{"a cat", "one cat"});
  CHECK(data.images[0].pseudo == std::vector<std::vector<std::string>>{{"a dog", "a cow"}, {}});
  CHECK(data.images[1].path == folder / "images/b.ppm");
  CHECK(data.images[1].id == "x");
  CHECK(data.images[1].captions == std::vector<std::string>{"two dogs"});
}

TEST_CASE("ids that are written as 7.0 are whole numbers") {
  const Folder folder;
  const Dataset data = folder.load("captions.json", coco(R"({"id": 7.0, "file_name": "a.ppm"})",
                                                         R"({"image_id": 7, "caption": "a cat"},
                                                            {"image_id": 7.0, "caption": "one cat"})"));
  REQUIRE(data.images.size() == 1);
  CHECK(data.images[0].id == "7");
  CHECK(data.images[0].captions.size() == 2);
  refused(folder, "captions.json", coco(R"({"id": 7.5, "file_name": "a.ppm"})", ""),
          "expected a whole number or a text");
}

TEST_CASE("lines of JSON") {
  const Folder folder;
  folder.write("captions.jsonl",
               "{\"image\": \"a.ppm\", \"caption\": \"a cat\", \"pseudo\": [\"a dog\"]}\n\n"
               "{\"image\": \"images/b.ppm\", \"captions\": [\"two dogs\", \"dogs\"]}\r\n"
               "{\"image\": \"a.ppm\", \"caption\": \"one cat\"}");
  const Dataset data = load_dataset(folder.path());
  REQUIRE(data.images.size() == 2);
  CHECK(data.images[0].id == "a.ppm");
  CHECK(data.images[0].captions == std::vector<std::string>{"a cat", "one cat"});
  CHECK(data.images[0].pseudo == std::vector<std::vector<std::string>>{{"a dog"}, {}});
  CHECK(data.images[1].path == folder / "images/b.ppm");
  CHECK(data.images[1].captions == std::vector<std::string>{"two dogs", "dogs"});
  CHECK(load_dataset(folder / "captions.jsonl").images.size() == 2);
}

TEST_CASE("bad captions and images are left out with count and name, or refused") {
  const Folder folder;
  folder.write("broken.png", "\x89PNG nothing more");
  folder.write("cut.ppm", "P6\n9 9\n255\nabc");
  std::string lines = R"({"image": "a.ppm", "captions": ["a cat", " ", "one two three four"]})"
                      "\n";
  lines += R"({"image": "broken.png", "caption": "x"})"
           "\n";
  lines += R"({"image": "cut.ppm", "caption": "x"})"
           "\n";
  lines += R"({"image": "images/b.ppm", "caption": "y", "pseudo": ["", "z", "1 2 3 4 5"]})"
           "\n";
  for (int i = 0; i < 8; ++i) lines += concat(R"({"image": "gone)", i, R"(.png", "caption": "x"})", "\n");
  DatasetOptions options = skipping();
  options.max_tokens = 3;
  options.count_tokens = [](const std::string& caption) {
    return 1 + static_cast<Index>(std::count(caption.begin(), caption.end(), ' '));
  };
  const Dataset data = folder.load("all.jsonl", lines, options);
  REQUIRE(data.images.size() == 2);
  CHECK(data.images[0].captions == std::vector<std::string>{"a cat"});
  CHECK(data.images[1].pseudo == std::vector<std::vector<std::string>>{{"z"}});
  CHECK(data.report.of(DatasetProblem::kEmptyCaption).names ==
        std::vector<std::string>{"a.ppm line 1", "images/b.ppm line 4 pseudo"});
  CHECK(data.report.of(DatasetProblem::kLongCaption).names ==
        std::vector<std::string>{"a.ppm line 1: 4 tokens", "images/b.ppm line 4 pseudo: 5 tokens"});
  CHECK(data.report.of(DatasetProblem::kUnreadableImage).count == 2);
  CHECK(data.report.of(DatasetProblem::kMissingImage).count == 8);
  CHECK(data.report.of(DatasetProblem::kMissingImage).names.size() == 5);
  CHECK(data.report.of(DatasetProblem::kNoCaption).count == 0);
  CHECK(data.report.total() == 14);
  const std::string text = data.report.text();
  CHECK(text.find("2 x empty caption (a.ppm line 1, images/b.ppm line 4 pseudo), 2 x caption over") == 0);
  CHECK(text.find("8 x missing image (gone0.png, gone1.png, gone2.png, gone3.png, gone4.png, ...)") != text.npos);
  CHECK(text.find("cut.ppm: ") != text.npos);

  options.on_bad = OnBad::kRefuse;
  refused(folder, "all.jsonl", lines, "8 x missing image (gone0.png", options);
  const std::string unnamed = coco(kImages, R"({"image_id": 7, "caption": "a"})");
  refused(folder, "c.json", unnamed, "1 x image without caption (b.ppm)");
  CHECK(folder.load("c.json", unnamed, skipping()).images.size() == 1);
  options = skipping();
  options.check_images = false;
  CHECK(folder.load("all.jsonl", lines, options).images.size() == 12);
}

TEST_CASE("nothing left is an error") {
  const Folder folder;
  refused(folder, "c.json", coco("", ""), "actual none", skipping());
  refused(folder, "c.jsonl", "", "actual none", skipping());
  refused(folder, "c.jsonl", R"({"image": "gone.png", "caption": "x"})", "actual none: 1 x missing image (gone.png)",
          skipping());
}

TEST_CASE("images stay in the folder") {
  const Folder folder;
  for (const char* name : {"../a.ppm", "images/../../a.ppm", "/etc/passwd", "..", "", "a\\u0000b.png"}) {
    refused(folder, "c.jsonl", concat(R"({"image": ")", name, R"(", "caption": "x"})"),
            ": line 1: expected an image in the", skipping());
    refused(folder, "c.json", coco(concat(R"({"id": 1, "file_name": ")", name, R"("})"), ""),
            "images[0]: expected an image in the", skipping());
  }
}

TEST_CASE("what contradicts itself is an error by name") {
  const Folder folder;
  const std::string twice = R"({"id": 7, "file_name": "a.ppm"}, {"id": 7, "file_name": "b.ppm"})";
  refused(folder, "c.json", coco(twice, ""), "c.json: images[1]: expected an id of its own, actual \"7\"", skipping());
  refused(folder, "c.json", coco(kImages, R"({"image_id": 7, "caption": "x"}, {"image_id": 8, "caption": "x"})"),
          "c.json: annotations[1]: image_id: expected the id of an image, actual \"8\"", skipping());
  refused(folder, "c.jsonl", R"({"image": "a.ppm", "captions": ["x"], "pseudo": ["y"]})", "actual both", skipping());
  DatasetOptions options;
  options.max_tokens = 3;
  refused(folder, "c.json", coco("", ""), "count_tokens", options);
}

TEST_CASE("malformed files are errors by place") {
  const Folder folder;
  for (const char* text : {"", "[]", "{}", "{\"images\": []}", "{\"images\": {}, \"annotations\": []}", "not json",
                           "{\"images\": [1], \"annotations\": []}", "{\"images\": [{}], \"annotations\": []}",
                           "{\"images\": [{\"id\": 1.5}], \"annotations\": []}",
                           "{\"images\": [{\"id\": 1, \"file_name\": 2}], \"annotations\": []}",
                           "{\"images\": [{\"id\": 1}], \"annotations\": []}"}) {
    refused(folder, "c.json", text, "c.json: ", skipping());
  }
  for (const char* line :
       {"[]", "{}", "{\"image\": 1}", "{\"image\": \"a.ppm\"}", "{\"image\": \"a.ppm\", \"captions\": \"x\"}",
        "{\"image\": \"a.ppm\", \"caption\": [\"x\"]}", "{\"image\": \"a.ppm\", \"caption\": \"\xff\"}",
        "{\"image\": \"a.ppm\", \"caption\": \"x\", \"pseudo\": \"y\"}", "{\"caption\": \"x\"}", "{"}) {
    refused(folder, "c.jsonl", std::string("{\"image\": \"a.ppm\", \"caption\": \"x\"}\n") + line,
            "c.jsonl: line 2: ", skipping());
  }
  CHECK_THROWS_AS(load_dataset("/nowhere"), Error);
  CHECK_THROWS_AS(load_dataset(folder.path()), Error);
}
