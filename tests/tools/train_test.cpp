#include "tools/run_command.hpp"

#include <algorithm>

#include "sharpeye/io/safetensors.hpp"

using namespace test;

namespace {

// Eight scenes, a tokenizer of their captions, and a random demo model.
struct Workshop {
  Workshop() {
    REQUIRE(run_shell(command_line({"scenes", "--count", "8", "--seed", "3", "-o", folder / "data"})).exit_code == 0);
    REQUIRE(run_shell(command_line({"train-tokenizer", "--data", folder / "data/captions.json", "--vocab-size", "300",
                                    "-o", folder / "tokenizer"}))
                .exit_code == 0);
    REQUIRE(run_shell(command_line({"init", "--preset", "tiny", "--tokenizer", folder / "tokenizer", "--seed", "1",
                                    "-o", folder / "model"}))
                .exit_code == 0);
  }
  std::vector<std::string> train(const std::string& stage, const std::string& output,
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{
        "train",         stage,     "--data", folder / "data", "--model", folder / "model", "-o",
        folder / output, "--steps", "6",      "--batch-size",  "4",       "--save-every",   "1",
        "--seed",        "5"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string weights(const std::string& output) const { return read_text(folder / output + "/model.safetensors"); }

  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("train: every stage runs, writes a model that captions, and a log with a line per step") {
  const Workshop workshop;
  for (const std::string stage : {"vision", "connector", "caption", "refine"}) {
    CAPTURE(stage);
    const Result result = run_shell(command_line(workshop.train(stage, stage)));
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    CHECK(workshop.weights(stage) != workshop.weights("model"));
    CHECK(lines_of(read_text(workshop.folder / stage + "/log.jsonl")).size() == 6);
    CHECK(read_text(workshop.folder / stage + "/loss.svg").find("<polyline") != std::string::npos);
    const Result caption =
        run_shell(command_line({"caption", "--model", workshop.folder / stage, "--json", "--max-new-tokens", "4",
                                workshop.folder / "data/images/000000.png"}));
    INFO(caption.err);
    CHECK(caption.exit_code == 0);
  }
}

TEST_CASE("train: every kind of draft teaches the second glance") {
  const Workshop workshop;
  for (const std::string drafts : {"uniform", "confusion", "own", "nearest", "mixed", "far"}) {
    CAPTURE(drafts);
    const Result result = run_shell(command_line(workshop.train("refine", drafts, {"--drafts", drafts})));
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    CHECK(workshop.weights(drafts) != workshop.weights("model"));
  }
  CHECK(workshop.weights("own") != workshop.weights("nearest"));
  CHECK(workshop.weights("nearest") != workshop.weights("mixed"));
  for (const std::string drafts : {"uniform", "far"}) {  // all drafts left out: their kind does not matter
    REQUIRE(run_shell(
                command_line(workshop.train("refine", drafts + "-none", {"--drafts", drafts, "--draft-dropout", "1"})))
                .exit_code == 0);
  }
  CHECK(workshop.weights("uniform-none") == workshop.weights("far-none"));
  CHECK(workshop.weights("uniform-none") != workshop.weights("uniform"));
}

TEST_CASE("train: a second glance that is told how sure the first one is learns from that") {
  const Workshop workshop;
  REQUIRE(
      run_shell(command_line({"init", "--preset", "tiny", "--tokenizer", workshop.folder / "tokenizer", "--variant",
                              "confidence", "--weights", workshop.folder / "model", "-o", workshop.folder / "told"}))
          .exit_code == 0);
  std::vector<std::string> command = workshop.train("refine", "refined", {"--drafts", "mixed"});
  *(std::find(command.begin(), command.end(), "--model") + 1) = workshop.folder / "told";
  const Result result = run_shell(command_line(command));
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  using sharpeye::SafetensorsFile;
  const SafetensorsFile before(workshop.folder / "told/model.safetensors"),
      after(workshop.folder / "refined/model.safetensors");
  const auto table = [](const SafetensorsFile& file) {
    const sharpeye::StoredTensor tensor = file.read("ser_connector.confidence_embedding.weight");
    REQUIRE(tensor.shape[0] == 8);
    std::vector<float> values(static_cast<std::size_t>(tensor.size()));
    tensor.copy_to(values.data());
    return values;
  };
  const std::vector<float> first = table(before), last = table(after);
  const auto width = static_cast<std::ptrdiff_t>(first.size() / 8);
  CHECK(!std::equal(first.begin(), first.begin() + width, last.begin()));    // level 0: random weights are never sure
  CHECK(!std::equal(first.end() - width, first.end(), last.end() - width));  // the highest level: the bos token
  const Result caption = run_shell(command_line({"caption", "--model", workshop.folder / "refined", "--json",
                                                 "--max-new-tokens", "4", workshop.folder / "data/images/000000.png"}));
  INFO(caption.err);
  CHECK(caption.exit_code == 0);
}

TEST_CASE(
    "train: Muon moves other weights than AdamW, the same bits for any number of threads, and no run changes it") {
  const Workshop workshop;
  const auto train = [&](const std::string& to, std::vector<std::string> more) {
    const Result result = run_shell(command_line(workshop.train("caption", to, std::move(more))));
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    return workshop.weights(to);
  };
  const std::string one = train("one", {"--muon", "--threads", "1"});
  CHECK(one == train("three", {"--muon", "--threads", "3"}));
  CHECK(one != train("adamw", {}));
  const Result other = run_shell(command_line(workshop.train("caption", "adamw", {"--muon"})));
  CHECK(other.exit_code == 2);
  CHECK(other.err.find("muon: expected true, the interrupted run had nothing") != std::string::npos);
}

TEST_CASE("train: drafts come in over the share of steps that --draft-warmup says") {
  const Workshop workshop;
  const auto train = [&](const std::string& drafts, const std::string& to, const std::string& steps) {
    std::vector<std::string> command = workshop.train("refine", to, {"--drafts", drafts, "--draft-warmup", "1"});
    *(std::find(command.begin(), command.end(), "--steps") + 1) = steps;
    REQUIRE(run_shell(command_line(command)).exit_code == 0);
    return workshop.weights(to);
  };
  CHECK(train("uniform", "first-step", "1") == train("far", "far-first-step", "1"));  // without any
  CHECK(train("uniform", "steps", "6") != train("far", "far-steps", "6"));
}

TEST_CASE("train: the vision tower learns along where it is named, the same bits for any number of threads") {
  const Workshop workshop;
  const std::vector<std::string> along{"--train", "vision_tower", "multi_modal_projector", "language_model"};
  for (const std::string threads : {"1", "3"}) {
    std::vector<std::string> more = along;
    more.insert(more.end(), {"--threads", threads});
    const Result result = run_shell(command_line(workshop.train("caption", "along" + threads, more)));
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
  }
  CHECK(workshop.weights("along1") == workshop.weights("along3"));
  REQUIRE(run_shell(command_line(workshop.train("caption", "frozen"))).exit_code == 0);
  using sharpeye::SafetensorsFile;
  const SafetensorsFile before(workshop.folder / "model/model.safetensors"),
      along_file(workshop.folder / "along1/model.safetensors"), frozen(workshop.folder / "frozen/model.safetensors");
  const std::string name = "vision_tower.vision_model.embeddings.patch_embedding.weight";
  const auto values = [&](const SafetensorsFile& file) {
    const sharpeye::StoredTensor tensor = file.read(name);
    std::vector<float> result(static_cast<std::size_t>(tensor.size()));
    tensor.copy_to(result.data());
    return result;
  };
  CHECK(values(frozen) == values(before));
  CHECK(values(along_file) != values(before));
}

TEST_CASE("train: the same bits for any number of threads, and other bits for another seed") {
  const Workshop workshop;
  for (const std::string threads : {"1", "3"}) {
    REQUIRE(run_shell(command_line(workshop.train("refine", threads, {"--threads", threads, "--initial-share", "0.5"})))
                .exit_code == 0);
  }
  CHECK(workshop.weights("1") == workshop.weights("3"));
  std::vector<std::string> other = workshop.train("refine", "other", {"--initial-share", "0.5"});
  *(std::find(other.begin(), other.end(), "--seed") + 1) = "6";
  REQUIRE(run_shell(command_line(other)).exit_code == 0);
  CHECK(workshop.weights("1") != workshop.weights("other"));
}

TEST_CASE("train: killed at any time and started again it ends with the same bits") {
  const Workshop workshop;
  for (const std::string stage : {"vision", "refine"}) {
    CAPTURE(stage);
    REQUIRE(run_shell(command_line(workshop.train(stage, stage + "-whole"))).exit_code == 0);
    const std::string line = command_line(workshop.train(stage, stage + "-killed"));
    for (const char* delay : {"0.05", "0.1", "0.2", "0.3", "0.4"}) {
      run_shell(std::string("timeout -s KILL ") + delay + " " + line + " || true");
    }
    const Result rest = run_shell(line);
    INFO(rest.err);
    REQUIRE(rest.exit_code == 0);
    CHECK(workshop.weights(stage + "-killed") == workshop.weights(stage + "-whole"));
    CHECK(lines_of(read_text(workshop.folder / stage + "-killed/log.jsonl")).size() == 6);
  }
}

TEST_CASE("train: the state of another run, bad data and bad options are refused by name") {
  const Workshop workshop;
  REQUIRE(run_shell(command_line(workshop.train("caption", "run"))).exit_code == 0);
  const Result other = run_shell(command_line(workshop.train("caption", "run", {"--learning-rate", "0.5"})));
  CHECK(other.exit_code == 2);
  CHECK(other.err.find("learning_rate: expected 0.5, the interrupted run had 0.001") != std::string::npos);

  run_shell("rm " + quoted(workshop.folder / "data/images/000003.png"));
  const Result missing = run_shell(command_line(workshop.train("caption", "missing")));
  CHECK(missing.exit_code == 2);
  CHECK(missing.err.find("000003.png") != std::string::npos);
  const Result skipped = run_shell(command_line(workshop.train("caption", "missing", {"--skip-bad"})));
  CHECK(skipped.exit_code == 0);
  CHECK(skipped.err.find("left out: 1 x missing image") != std::string::npos);

  CHECK(run_shell(command_line(workshop.train("caption", "model"))).exit_code == 2);
  CHECK(run_shell(command_line(workshop.train("caption", "x", {"--train", "nothing"}))).exit_code == 2);
  CHECK(run_shell(command_line(workshop.train("refine", "x", {"--lexicon", "/nowhere"}))).exit_code == 2);
}

TEST_CASE("train: files that are needed late are opened before anything is computed") {
  const Workshop workshop;
  const auto refused = [&](const std::vector<std::string>& more, const std::string& part) {
    const Result result = run_shell(command_line(workshop.train("refine", "late", more)));
    INFO(result.err);
    CHECK(result.exit_code == 2);
    CHECK(result.err.find(part) != std::string::npos);
    CHECK(result.err.find("vision features") == std::string::npos);
    CHECK(run_shell("ls " + quoted(workshop.folder / "late") + "/features-*").exit_code != 0);
  };
  refused({"--rates-data", "/nowhere"}, "/nowhere");
  refused({"--drafts", "given"}, "expected a draft of each caption");
  REQUIRE(run_shell("mkdir " + quoted(workshop.folder / "late") + " && echo '[1' > " +
                    quoted(workshop.folder / "late/own_captions.json"))
              .exit_code == 0);
  refused({"--drafts", "own"}, "own_captions.json");
  run_shell("echo '{' > " + quoted(workshop.folder / "late/rates.jsonl"));
  refused({"--rates-data", workshop.folder / "data"}, "rates.jsonl");
  run_shell("rm " + quoted(workshop.folder / "data/lexicon.json"));
  for (const std::string drafts : {"uniform", "mixed"}) refused({"--drafts", drafts}, "lexicon.json");
  refused({"--rates-data", workshop.folder / "data", "--drafts", "far"}, "lexicon.json");
  run_shell("rm " + quoted(workshop.folder / "model/generation_config.json"));
  refused({"--drafts", "far"}, "generation_config.json");
}

TEST_CASE("train refine: --rates-data measures correction and damage at each save, once a step") {
  const Workshop workshop;
  const std::vector<std::string> more{
      "--rates-data", workshop.folder / "data", "--rates-count", "2", "--save-every", "3"};
  std::vector<std::string> line = workshop.train("refine", "measured");
  line.erase(std::find(line.begin(), line.end(), "--save-every"), std::find(line.begin(), line.end(), "--seed"));
  line.insert(line.end(), more.begin(), more.end());
  for (int time = 0; time < 2; ++time) {  // a run that is done measures its last step again, and keeps one line
    const Result result = run_shell(command_line(line));
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    CHECK(result.err.find("step 6: pseudo drafts: correction ") != std::string::npos);
    const auto lines = lines_of(read_text(workshop.folder / "measured/rates.jsonl"));
    REQUIRE(lines.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(parse(lines[i])["step"] == 3 * (i + 1));
    CHECK(parse(lines[1])["own"]["damage"].get<double>() >= 0);
  }
  const Result other = run_shell(command_line(workshop.train("caption", "x", {"--rates-data", "y"})));
  CHECK(other.exit_code == 2);
  CHECK(other.err.find("--rates-data: expected for the stage refine only, actual the stage caption") !=
        std::string::npos);
}

TEST_CASE("probe: a share of right answers for each attribute and hidden state") {
  const Workshop workshop;
  REQUIRE(run_shell(command_line(workshop.train("vision", "tower"))).exit_code == 0);
  const std::vector<std::string> line{"probe",
                                      "--model",
                                      workshop.folder / "tower",
                                      "--data",
                                      workshop.folder / "data",
                                      "--test",
                                      workshop.folder / "data"};
  const Result table = run_shell(command_line(line));
  INFO(table.err);
  REQUIRE(table.exit_code == 0);
  CHECK(lines_of(table.out).size() == 8);
  std::vector<std::string> json = line;
  json.push_back("--json");
  const auto shares = parse(run_shell(command_line(json)).out);
  for (const char* name : {"colour", "shape", "count", "texture", "size", "action", "place"}) {
    REQUIRE(shares[name].size() == 5);  // the embedding and four blocks
    for (const auto& share : shares[name]) CHECK((share.get<double>() >= 0 && share.get<double>() <= 1));
  }
  CHECK(shares["colour"][4].get<double>() > 0.5);  // on what it learnt from, with more features than things
  run_shell("echo '{}' > " + quoted(workshop.folder / "data/scenes.json"));
  const Result bad = run_shell(command_line(line));
  CHECK(bad.exit_code == 2);
  CHECK(bad.err.find("scenes.json: expected a file of `sharpeye scenes`") != std::string::npos);
}

TEST_CASE("probe --layers: attentive probes, their answers, and nothing done twice") {
  const Workshop workshop;
  const auto probe = [&](const std::string& layers, const std::vector<std::string>& more = {}) {
    std::vector<std::string> line{"probe",
                                  "--model",
                                  workshop.folder / "model",
                                  "--data",
                                  workshop.folder / "data",
                                  "--test",
                                  workshop.folder / "data",
                                  "--layers",
                                  layers,
                                  "--steps",
                                  "4",
                                  "--batch-size",
                                  "2",
                                  "--json"};
    line.insert(line.end(), more.begin(), more.end());
    return run_shell(command_line(line));
  };
  const std::string folder = workshop.folder / "probes";
  const Result result = probe("3", {"--layers", "1,3", "-o", folder});
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  const auto shares = parse(result.out);
  for (const char* name : {"shape", "count", "texture", "size", "action"}) {
    REQUIRE(shares[name].size() == 2);
    for (const auto& share : shares[name]) CHECK((share.get<double>() >= 0 && share.get<double>() <= 1));
  }
  const auto answers = lines_of(read_text(folder + "/layers_1_3/answers.jsonl"));
  const auto first = parse(answers.at(0));
  CHECK(first["image"].get<std::string>().find("images/000000.png") != std::string::npos);
  CHECK(first["things"].at(0)["colour"].get<std::string>() != "");
  CHECK(first["things"].at(0)["shape"].get<std::string>() != "");
  CHECK(probe("3", {"--layers", "1,3", "-o", folder}).out == result.out);
  CHECK(lines_of(read_text(folder + "/layers_3/log.jsonl")).size() == 4);

  for (const auto& [layers, text] : {std::pair<std::string, std::string>{"3,x", "--layers: expected numbers of layers"},
                                     {"7", "layers: expected some of those that the model reads"}}) {
    const Result bad = probe(layers, {"-o", workshop.folder / "bad"});
    CHECK(bad.exit_code == 2);
    CHECK(bad.err.find(text) != std::string::npos);
    CHECK(!std::filesystem::exists(workshop.folder / "bad"));
  }
  CHECK(probe("3").err.find("--layers requires --output") != std::string::npos);
}

TEST_CASE("rates: shares for pseudo and own drafts, the same again") {
  const Workshop workshop;
  const auto line = command_line(
      {"rates", "--model", workshop.folder / "model", "--data", workshop.folder / "data", "--count", "4", "--json"});
  const Result result = run_shell(line);
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  const auto json = parse(result.out);
  for (const char* drafts : {"pseudo", "own"}) {
    for (const char* key : {"correction", "damage", "draft_right", "refined_right"}) {
      CHECK(json[drafts][key].get<double>() >= 0);
      CHECK(json[drafts][key].get<double>() <= 1);
    }
  }
  CHECK(json["pseudo"]["draft_right"].get<double>() > 0.3);  // at most three elements are wrong
  CHECK(run_shell(line).out == result.out);
}
