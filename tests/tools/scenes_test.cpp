#include "run_command.hpp"
#include "sharpeye/training/load_dataset.hpp"

using sharpeye::Json;
using test::run;

namespace {

test::Result scenes(const std::string& folder, std::vector<std::string> more) {
  more.insert(more.begin(), {"scenes", "-o", folder, "--size", "32"});
  return run(more);
}

Json read_json(const std::string& path) {
  return test::parse(test::read_text(path));
}

// The bytes of every file below a folder, by its path there.
std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[std::filesystem::relative(entry.path(), folder).string()] = test::read_text(entry.path());
    }
  }
  return files;
}

}  // namespace

TEST_CASE("scenes writes pictures, captions, truth and lexicon") {
  const test::TemporaryFolder parent;
  const std::string folder = parent / "new/data";
  const auto result = scenes(folder, {"--count", "12", "--seed", "3"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  CHECK(result.out.empty());
  CHECK(result.err.empty());
  CHECK(files_of(folder).size() == 12 + 5);

  const std::map<std::string, std::size_t> captions{{"captions", 5}, {"detailed", 5}, {"coarse", 2}};
  for (const auto& [name, count] : captions) {
    const std::string path = folder + "/" + name + ".json";
    const Json json = read_json(path);
    CHECK(json["images"].size() == 12);
    CHECK(json["annotations"].size() == 12 * count);
    for (std::size_t i = 0; i < json["annotations"].size(); ++i) {
      CHECK(json["annotations"][i]["id"] == i);
      CHECK(json["annotations"][i]["image_id"] == i / count);
    }
    CHECK(json["images"][3] == Json{{"id", 3}, {"file_name", "images/000003.png"}, {"width", 32}, {"height", 32}});
    // The training side takes it as it is.
    const sharpeye::training::Dataset data = sharpeye::training::load_dataset(path);
    CHECK(data.images.size() == 12);
    CHECK(data.report.total() == 0);
  }
  const Json truth = read_json(folder + "/scenes.json");
  CHECK(truth["seed"] == 3);
  CHECK(truth["split"] == "train");
  REQUIRE(truth["scenes"].size() == 12);
  for (const Json& scene : truth["scenes"]) {
    CHECK(scene["objects"].size() >= 2);
    for (const Json& object : scene["objects"]) {
      CHECK(object["held_out"] == false);
      for (const std::size_t axis : {0u, 1u}) {
        const auto low = object["box"][axis].get<double>(), length = object["box"][axis + 2].get<double>(),
                   centre = object["centre"][axis].get<double>();
        CHECK(low >= 0);
        CHECK(low + length <= 32);
        CHECK(centre == doctest::Approx(low + length / 2).epsilon(0.1));
      }
    }
  }
  CHECK(read_json(folder + "/lexicon.json")["groups"].size() > 10);
}

TEST_CASE("the same seed gives the same files for any number of threads, and more scenes begin with fewer") {
  const test::TemporaryFolder folder;
  CHECK(scenes(folder / "a", {"--count", "9", "--split", "test", "--threads", "1"}).exit_code == 0);
  CHECK(scenes(folder / "b", {"--count", "9", "--split", "test", "--threads", "3"}).exit_code == 0);
  CHECK(scenes(folder / "c", {"--count", "5", "--split", "test"}).exit_code == 0);
  CHECK(scenes(folder / "d", {"--count", "9", "--split", "val"}).exit_code == 0);
  CHECK(scenes(folder / "e", {"--count", "9", "--split", "test", "--seed", "1"}).exit_code == 0);
  const auto a = files_of(folder / "a"), c = files_of(folder / "c");
  CHECK(a == files_of(folder / "b"));
  for (int i = 0; i < 5; ++i) {
    const std::string name = "images/00000" + std::to_string(i) + ".png";
    CHECK(a.at(name) == c.at(name));
    for (const char* other : {"d", "e"}) CHECK(a.at(name) != test::read_text(folder / (other + ("/" + name))));
  }
}

TEST_CASE("--lone writes scenes of one thing") {
  const test::TemporaryFolder folder;
  const auto result = scenes(folder / "lone", {"--count", "6", "--lone"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  const Json truth = read_json(folder / "lone/scenes.json");
  REQUIRE(truth["scenes"].size() == 6);
  for (const Json& scene : truth["scenes"]) {
    CHECK(scene["objects"].size() == 1);
    CHECK(scene["relations"].size() == 0);
  }
  CHECK(read_json(folder / "lone/captions.json")["annotations"].size() == 6 * 5);
}

TEST_CASE("scenes asks before it writes into a directory that is not empty") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "letter.txt", "dear");
  test::check_refused({"scenes", "--count", "1", "-o", folder.path()}, folder.path() + ": expected an empty directory");
  CHECK(files_of(folder.path()).size() == 1);
  CHECK(scenes(folder.path(), {"--count", "2", "--force"}).exit_code == 0);
  CHECK(test::read_text(folder / "letter.txt") == "dear");
  CHECK(read_json(folder / "captions.json")["images"].size() == 2);
  CHECK(scenes(folder.path(), {"--count", "1", "--force"}).exit_code == 0);
  CHECK(read_json(folder / "captions.json")["images"].size() == 1);
}

TEST_CASE("wrong usage of scenes exits with 2") {
  const test::TemporaryFolder folder;
  test::check_refused({"scenes", "-o", folder / "a"}, "--count is required");
  test::check_refused({"scenes", "--count", "1"}, "--output is required");
  test::check_refused({"scenes", "--count", "0", "-o", folder / "a"}, "--count");
  test::check_refused({"scenes", "--count", "1", "-o", folder / "a", "--size", "8"}, "--size");
  test::check_refused({"scenes", "--count", "1", "-o", folder / "a", "--split", "dev"}, "--split");
  test::write_text(folder / "file", "");
  test::check_refused({"scenes", "--count", "1", "-o", folder / "file/a"}, "");
  CHECK(files_of(folder.path()).size() == 1);
}
