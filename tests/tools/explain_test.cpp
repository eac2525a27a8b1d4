// `sharpeye explain`: its files, its numbers, what it refuses.

#include <cmath>
#include <filesystem>

#include "run_command.hpp"
#include "sharpeye/io/safetensors.hpp"

using sharpeye::Index;
using sharpeye::Json;
using test::run;
using test::world;

namespace {

const std::string kDemo = std::string(SHARPEYE_SOURCE_DIR) + "/weights/demo";
const std::string kSample = std::string(SHARPEYE_SOURCE_DIR) + "/tools/sample.png";

Json explain(const std::vector<std::string>& more, const std::string& model = kDemo,
             const std::string& image = kSample) {
  std::vector<std::string> arguments{"explain", image, "--model", model, "--json", "--runs", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto result = run(arguments);
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  return test::parse(result.out);
}

double number(const Json& json) {
  return json.get<double>();
}

}  // namespace

TEST_CASE("explain writes a page, numbers, arrays and pictures") {
  const test::TemporaryFolder folder;
  const std::string report = folder / "a/report";
  const auto result =
      run({"explain", kSample, "--model", kDemo, "-o", report, "--runs", "1", "--region", "ring=19,14,27,27"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  CHECK(result.out == report + "/index.html\n");
  const Json json = test::parse(test::read_text(report + "/explain.json"));
  const Json& glances = json.at("glances");
  REQUIRE(glances.size() == 2);
  CHECK(json.at("size").get<std::vector<Index>>() == std::vector<Index>{64, 64});

  const auto captioned = test::parse(run({"caption", "--json", "--model", kDemo, kSample}).out);
  for (const char* key : {"initial", "refined", "tokens", "log_probabilities", "words", "confidence"}) {
    CHECK(json.at(key) == captioned.at(key));
  }
  for (const std::size_t g : {0, 1}) {
    const Json& glance = glances[g];
    CHECK(glance.at("caption") == json.at(g == 0 ? "initial" : "refined"));
    CHECK(glance.at("boxes").size() == 64);
    for (const Json& token : glance.at("tokens")) {
      const Json& attention = token.at("attention");
      CHECK(number(attention.at("image")) + number(attention.at("prompt")) + number(attention.at("caption")) ==
            doctest::Approx(1).epsilon(1e-4));
      CHECK(token.at("alternatives").size() == 5);
    }
    for (const Json& word : glance.at("words")) {
      double sum = 0;
      for (const Json& value : word.at("map")) sum += number(value);
      CHECK(sum == doctest::Approx(number(word.at("attention").at("image"))).epsilon(1e-4));
      CHECK(number(word.at("attention").at("entropy_bits")) <= 6);
    }
  }
  // The ring is pink: that word looks there, in a box that is a sixth of the image.
  const Json& pink = glances[1].at("words")[3];
  CHECK(pink.at("word") == Json("pink"));
  CHECK(number(pink.at("attention").at("regions").at("ring")) > 0.5);
  CHECK(number(json.at("regions")[0].at("share_of_image")) == doctest::Approx(27.0 * 27 / 4096));
  CHECK(number(json.at("regions")[0].at("even_mass")[0]) == doctest::Approx(27.0 * 27 / 4096).epsilon(1e-5));

  // The arrays say the same as the numbers.
  const sharpeye::SafetensorsFile arrays(report + "/attention.safetensors");
  const sharpeye::StoredTensor attention = arrays.read("glances.1.attention");
  REQUIRE(attention.shape.size() == 4);
  std::vector<float> values(static_cast<std::size_t>(attention.size()));
  attention.copy_to(values.data());
  const auto token = pink.at("tokens")[0].get<Index>();
  double first = 0;  // of the first visual token, which stands behind the begin token
  for (Index head = 0; head < 16; ++head) {
    first += static_cast<double>(
                 values[static_cast<std::size_t>((head * attention.shape[2] + token) * attention.shape[3] + 1)]) /
             16;
  }
  CHECK(first == doctest::Approx(number(pink.at("map")[0])).epsilon(1e-4));
  CHECK(arrays.find("connectors.1.shares") != nullptr);

  const std::string page = test::read_text(report + "/index.html");
  CHECK(page.find("%DATA%") == std::string::npos);
  for (const char* part : {"http:", "https:", "//cdn", "src=\"", "@import", "url("})
    CHECK_MESSAGE(page.find(part) == page.npos, part);
  CHECK(page.find("data:image/png;base64,") != page.npos);
  std::size_t pictures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(report + "/heatmaps")) {
    CHECK(test::read_text(entry.path()).substr(1, 3) == "PNG");
    ++pictures;
  }
  CHECK(pictures == json.at("pairs").size());
  CHECK(std::filesystem::exists(report + "/heatmaps/04-pink.png"));

  // A second time only where it may.
  test::check_refused({"explain", kSample, "--model", kDemo, "-o", report}, "--force writes into it");
  CHECK(run({"explain", kSample, "--model", kDemo, "-o", report, "--runs", "1", "--force"}).exit_code == 0);
}

TEST_CASE("explain paints a word, as it is written in the captions") {
  const test::TemporaryFolder folder;
  const auto result =
      run({"explain", kSample, "--model", kDemo, "--runs", "1", "--heatmap", "Pink=" + (folder / "o.png"), "--heatmap",
           "heart=" + (folder / "f.png"), "--layer", "3", "--head", "0"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  CHECK(result.out.empty());
  CHECK(test::read_text(folder / "o.png").substr(1, 3) == "PNG");
  CHECK(test::read_text(folder / "o.png") != test::read_text(folder / "f.png"));
  const std::string missing = folder / "no.png";
  test::check_refused({"explain", kSample, "--model", kDemo, "--heatmap", "dog=" + missing},
                      "--heatmap: expected a word of the captions (a large plain pink ring");
  CHECK(!std::filesystem::exists(missing));
}

TEST_CASE("the mean over layers and heads is the mean of each") {
  const Json json = explain({"--region", "0,0,32,64", "--region", "right half=32,0,32,64", "--beams", "1"});
  for (const Json& glance : json.at("glances")) {
    for (const Json& word : glance.at("words")) {
      double image = 0;
      for (const Json& layer : word.at("by_layer_and_head").at("image")) {
        for (const Json& head : layer) image += number(head) / 16;
      }
      const Json& attention = word.at("attention");
      CHECK(image == doctest::Approx(number(attention.at("image"))).epsilon(1e-4));
      CHECK(number(attention.at("regions").at("region 1")) + number(attention.at("regions").at("right half")) ==
            doctest::Approx(1).epsilon(1e-4));
    }
  }
  const Json& connector = json.at("connectors")[0];
  CHECK(connector.at("layers").get<std::vector<Index>>() == std::vector<Index>{2, 4, 5});
  CHECK(connector.at("layer_influence").size() == 3);
  for (const Json& block : connector.at("shares")) {
    for (const Json& head : block) {
      CHECK(number(head[0]) + number(head[1]) == doctest::Approx(1).epsilon(1e-4));
    }
  }
  double flops = 0;
  for (const Json& stage : json.at("stages")) {
    if (stage.at("stage") != Json("total")) flops += number(stage.at("flops"));
  }
  CHECK(flops == doctest::Approx(number(json.at("stages")[json.at("stages").size() - 1].at("flops"))).epsilon(1e-5));
}

TEST_CASE("with a share of the first glance explain shows the probabilities of both together") {
  const auto log_probabilities = [](const Json& json) {
    std::vector<double> values;
    const Json& glances = json.at("glances");
    for (const Json& token : glances[glances.size() - 1].at("tokens"))
      values.push_back(number(token.at("log_probability")));
    return values;
  };
  const auto decoding = [](const Json& json) {
    for (const Json& stage : json.at("stages")) {
      if (stage.at("stage") == Json("pass2_decode")) return number(stage.at("flops"));
    }
    return 0.0;
  };
  const Json alone = explain({"--beams", "1"}), both = explain({"--beams", "1", "--first-share", "0.5"});
  // As `caption` says them, of the same share.
  const auto captioned = run({"caption", "--model", kDemo, "--json", "--beams", "1", "--first-share", "0.5", kSample});
  REQUIRE(captioned.exit_code == 0);
  const Json said = test::parse(captioned.out).at("log_probabilities").at("refined");
  const std::vector<double> shown = log_probabilities(both);
  REQUIRE(shown.size() == said.size());
  for (std::size_t i = 0; i < shown.size(); ++i) CHECK(std::abs(shown[i] - number(said[i])) < 1e-4);
  CHECK(shown != log_probabilities(alone));
  CHECK(decoding(both) > 1.5 * decoding(alone));
}

TEST_CASE("explain refuses what it cannot show, before it writes anything") {
  const test::TemporaryFolder folder;
  const auto refused = [&](std::vector<std::string> more, const std::string& part) {
    std::vector<std::string> arguments{"explain", kSample, "--model", kDemo, "-o", folder / "report", "--runs", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    test::check_refused(arguments, part);
    CHECK(!std::filesystem::exists(folder / "report"));
  };
  for (const char* region :
       {"1,2,3", "a=1,2,3", "=1,2,3,4", "x=1,2,3,nan", "x=1,2,3,4,5", "x=1,2,0,4", "x=1,2,3,-4", "x="}) {
    refused({"--region", region}, "--region: expected NAME=LEFT,TOP,WIDTH,HEIGHT in pixels");
  }
  refused({"--region", "x=64,0,5,5"}, "expected a part of the image, which is 64 x 64 pixels");
  refused({"--region", "x=0,0,5,5", "--region", "x=1,1,5,5"}, "expected names that differ, actual \"x\" twice");
  refused({"--layer", "4"}, "layer: expected 0 to 3, actual 4");
  refused({"--head", "9"}, "head: expected 0 to 3, actual 9");
  refused({"--heatmap", "dog"}, "--heatmap: expected WORD=FILE");
  refused({"--heatmap", "=x.png"}, "--heatmap: expected WORD=FILE");
  refused({"--rounds", "-1"}, "--rounds");
  test::check_refused({"explain", kSample, "--model", kDemo}, "expected --output DIR, --heatmap WORD=FILE or --json");
  const auto missing = run({"explain", folder / "no.png", "--model", kDemo, "-o", folder / "report"});
  CHECK(missing.exit_code == 1);
  CHECK(missing.err.find("no.png") != std::string::npos);
  CHECK(!std::filesystem::exists(folder / "report"));
}

TEST_CASE("hostile names are data in the page, never markup") {
  const test::TemporaryFolder folder;
  const std::string name = folder / "<img src=x onerror=alert(1)>&'\"<!--.png";
  std::filesystem::copy(kSample, name);
  const auto result = run({"explain", name, "--model", kDemo, "-o", folder / "report", "--runs", "1", "--region",
                           "</script><script>alert(2)</script>=0,0,9,9"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  const std::string page = test::read_text(folder / "report/index.html");
  CHECK(page.find("<img") == page.npos);
  CHECK(page.find("alert(1)") != page.npos);
  CHECK(page.find("<script>alert") == page.npos);
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = page.find(begin) + begin.size(), to = page.find("</script>", from);
  const Json data = test::parse(page.substr(from, to - from));
  CHECK(data.at("image") == Json(name));
  CHECK(data.at("regions")[0].at("name") == Json("</script><script>alert(2)</script>"));
}

TEST_CASE("models of one glance, and of other shapes, are explained with what they have") {
  const Json one = explain({"--rounds", "0"}, world().model(), world().image_a());
  CHECK(one.at("glances").size() == 1);
  CHECK(one.at("connectors").size() == 0);
  const Json two = explain({"--rounds", "2"}, world().model(), world().image_b());
  CHECK(two.at("glances").size() == 3);
  // 20 x 50 pixels, padded to a square: half of the boxes lie beside the image.
  double left = 0;
  for (const Json& box : two.at("glances")[0].at("boxes")) left = std::min(left, number(box[0]));
  CHECK(left == -15);
}
