#include "sharpeye/text/bpe_trainer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "support/paths.hpp"
#include "text/generated_text.hpp"
#include "text/vocab_files.hpp"

using namespace sharpeye;

namespace {

/// The captions of tests/reference/train_tiny_bpe.py, which made the vocabulary of fixtures/text/tiny.
std::string tiny_captions() {
  const std::string script = read_file(SHARPEYE_SOURCE_DIR "/tests/reference/train_tiny_bpe.py", 1 << 20);
  const std::string start = "CAPTIONS = \"\"\"\\\n";
  const std::size_t begin = script.find(start) + start.size();
  return script.substr(begin, script.find("\"\"\"", begin) - begin);
}

/// The training by its definition: count all pairs, merge the best one everywhere, again.
std::vector<std::pair<std::string, std::string>> merges_by_definition(const std::vector<std::string>& words,
                                                                      std::size_t count) {
  std::vector<std::vector<std::string>> split;
  for (const std::string& word : words) {
    split.emplace_back();
    for (const char byte : word) split.back().push_back(spell({&byte, 1}));
  }
  std::vector<std::pair<std::string, std::string>> merges;
  while (merges.size() < count) {
    std::map<std::pair<std::string, std::string>, int> pairs;
    for (const auto& word : split) {
      for (std::size_t i = 0; i + 1 < word.size(); ++i) ++pairs[{word[i], word[i + 1]}];
    }
    auto best = pairs.begin();  // the first of equals, in order of the pair
    for (auto pair = pairs.begin(); pair != pairs.end(); ++pair) {
      if (pair->second > best->second) best = pair;
    }
    if (pairs.empty() || best->second < 2) break;
    const auto merge = best->first;
    merges.push_back(merge);
    for (auto& word : split) {
      std::vector<std::string> merged;
      for (std::size_t i = 0; i < word.size(); ++i) {
        const bool found = i + 1 < word.size() && word[i] == merge.first && word[i + 1] == merge.second;
        merged.push_back(found ? word[i] + word[i + 1] : word[i]);
        i += found ? 1 : 0;
      }
      word = merged;
    }
  }
  return merges;
}

std::vector<std::pair<std::string, std::string>> spelled_merges(const TrainedBpe& bpe) {
  std::vector<std::pair<std::string, std::string>> merges;
  for (const auto& [left, right] : bpe.merges) {
    merges.emplace_back(bpe.tokens.at(static_cast<std::size_t>(left)), bpe.tokens.at(static_cast<std::size_t>(right)));
  }
  return merges;
}

std::string scene_caption(test::RandomStream& random) {
  static const std::vector<std::vector<std::string>> choices = {{"a", "the", "one"},
                                                                {" small", " large", ""},
                                                                {" red", " green", " blue", " yellow", " purple"},
                                                                {" striped", " dotted", ""},
                                                                {" circle", " square", " triangle", " ring"},
                                                                {" left of", " above", " below"},
                                                                {" a", " two"},
                                                                {" big", " tiny"},
                                                                {" orange", " cyan", " grey"},
                                                                {" hexagon.", " star.", " moon."}};
  std::string caption;
  for (const auto& choice : choices) caption += choice[random.below(choice.size())];
  return caption;
}

void refused(const BpeTrainerOptions& options, const std::string& part, ErrorCode code = ErrorCode::kInvalidArgument) {
  try {
    BpeTrainer().train(options);
    FAIL("accepted; expected a complaint about " << part);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    CHECK_MESSAGE(std::string(error.what()).find(part) != std::string::npos, error.what());
  }
}

}  // namespace

TEST_CASE("merges are those of the Python reference") {
  BpeTrainer trainer;
  trainer.add(tiny_captions());
  BpeTrainerOptions options;
  options.vocab_size = 599;  // the fixture has <mask> behind
  options.min_count = 1;
  const TrainedBpe bpe = trainer.train(options);
  CHECK(bpe.tokens.size() == 599);
  CHECK(bpe.merges_txt() == read_file(test::fixture("text/tiny/merges.txt"), 1 << 20));
}

TEST_CASE("of Hugging Face's vocabulary only ties are missing") {
  // fixtures/text/bpe_trainer/hugging_face.json: the tokens of tokenizers' ByteLevelBPETokenizer on the same captions.
  // make_bpe_trainer_golden.py shows that its merges are ours but for the order of equally frequent pairs.
  BpeTrainer trainer;
  trainer.add(tiny_captions());
  BpeTrainerOptions options;
  options.vocab_size = 600;
  const TrainedBpe bpe = trainer.train(options);
  const Json golden = read_json_file(test::fixture("text/bpe_trainer/hugging_face.json"), 1 << 20);
  const auto tokens = golden["tokens"].get<std::vector<std::string>>();
  const std::set<std::string> theirs(tokens.begin(), tokens.end());
  const std::set<std::string> ours(bpe.tokens.begin(), bpe.tokens.end());
  std::vector<std::string> missing;
  std::set_difference(theirs.begin(), theirs.end(), ours.begin(), ours.end(), std::back_inserter(missing));
  CHECK(ours.size() == golden["ours"].get<std::size_t>());
  CHECK(missing == golden["ties"].get<std::vector<std::string>>());
}

TEST_CASE("merges are those of the definition on random words") {
  test::RandomStream random(4);
  for (int round = 0; round < 60; ++round) {
    const std::uint64_t letters = 1 + random.below(4);
    std::vector<std::string> words(1 + random.below(40));
    BpeTrainer trainer;
    for (std::string& word : words) {
      word.resize(1 + random.below(12));
      for (char& c : word) c = static_cast<char>('a' + random.below(letters));
      trainer.add(word);
    }
    const auto expected = merges_by_definition(words, 50);
    std::set<std::string> made;
    for (const auto& [left, right] : expected) made.insert(left + right);
    if (made.size() != expected.size()) continue;  // a token made in two ways counts once towards vocab_size
    BpeTrainerOptions options;
    options.vocab_size = 310;
    CHECK(spelled_merges(trainer.train(options)) == expected);
  }
}

TEST_CASE("the result is a tokenizer that returns every text") {
  BpeTrainer trainer;
  const test::TextGenerator texts;
  for (std::uint64_t i = 0; i < 300; ++i) trainer.add(texts.text(i));
  BpeTrainerOptions options;
  options.vocab_size = 900;
  const TrainedBpe bpe = trainer.train(options);
  CHECK(bpe.tokens.size() == 900);
  for (std::size_t id = 0; id < 260; ++id) CHECK(bpe.tokens[id] == test::small_vocabulary()[id]);
  for (std::size_t rank = 0; rank < bpe.merges.size(); ++rank) {  // a part is made before it is used
    const auto [left, right] = bpe.merges[rank];
    const auto made =
        std::find(bpe.tokens.begin(), bpe.tokens.end(),
                  bpe.tokens[static_cast<std::size_t>(left)] + bpe.tokens[static_cast<std::size_t>(right)]);
    CHECK(std::max(left, right) < made - bpe.tokens.begin());
  }
  const test::TemporaryFolder folder;
  bpe.save(folder.path());
  const BpeTokenizer tokenizer = BpeTokenizer::load(folder.path());
  CHECK(tokenizer.vocab_size() == 900);
  CHECK(tokenizer.pad_id() == 1);
  CHECK(tokenizer.eos_id() == 2);
  for (std::uint64_t i = 0; i < 600; ++i) {  // half of them new
    const std::string text = texts.text(i);
    CHECK(tokenizer.decode_bytes(tokenizer.encode(text, {false, false})) == text);
  }
  BpeTrainer backwards;
  for (std::uint64_t i = 300; i > 0; --i) backwards.add(texts.text(i - 1));
  CHECK(backwards.train(options).merges == bpe.merges);
}

TEST_CASE("frequent words become one token, rare pairs none") {
  BpeTrainer trainer;
  trainer.add("the cat", 3);
  trainer.add(" zebra");
  CHECK(trainer.num_pieces() == 3);
  const TrainedBpe bpe = trainer.train();
  CHECK(bpe.tokens.size() == 260 + 5);  // at cat he the Ġcat
  CHECK(bpe.tokens.back() == "\u0120cat");
  CHECK(BpeTrainer().train().tokens.size() == 260);
  BpeTrainerOptions options;
  options.min_count = 4;
  CHECK(trainer.train(options).merges.empty());
}

TEST_CASE("text never becomes a special token") {
  BpeTrainer trainer;
  trainer.add("mask mask mask masks");
  BpeTrainerOptions options;
  options.specials = {"<s>", "mask", "</s>"};
  const TrainedBpe bpe = trainer.train(options);
  for (const auto& [left, right] : spelled_merges(bpe)) CHECK(left + right != "mask");
  SpecialTokens special;
  special.pad = "mask";
  const BpeTokenizer tokenizer(bpe.vocab_json(), bpe.merges_txt(), special);
  CHECK(tokenizer.decode(tokenizer.encode("mask masks", {false, false})) == "mask masks");
}

TEST_CASE("a hundred thousand captions of a small world take about a second") {
  test::RandomStream random(9);
  std::vector<std::string> captions(100000);
  for (std::string& caption : captions) caption = scene_caption(random);
  const auto begin = std::chrono::steady_clock::now();
  BpeTrainer trainer;
  for (const std::string& caption : captions) trainer.add(caption);
  const TrainedBpe bpe = trainer.train();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  MESSAGE("trained in " << seconds.count() << " s");
  CHECK(seconds.count() < 20);
  const BpeTokenizer tokenizer(bpe.vocab_json(), bpe.merges_txt());
  CHECK(tokenizer.encode(" large yellow triangle", {false, false}).size() == 3);
}

TEST_CASE("a long piece teaches nothing, and takes no time") {
  BpeTrainer trainer;
  trainer.add(std::string(std::size_t{1} << 20, 'a'));
  CHECK(trainer.num_pieces() == 0);
  trainer.add(std::string(kBpeTrainerPieceLimit, 'a'));
  CHECK(trainer.num_pieces() == 1);
  CHECK(trainer.train().tokens.back() == std::string(kBpeTrainerPieceLimit / 2, 'a'));
}

TEST_CASE("options that cannot be") {
  BpeTrainerOptions options;
  options.vocab_size = 259;
  refused(options, "vocab_size: expected at least 260");
  options.vocab_size = 1 << 30;
  refused(options, "vocab_size: expected at most", ErrorCode::kLimit);
  options = {};
  options.min_count = 0;
  refused(options, "min_count");
  options = {};
  options.specials = {"<s>", "<s>"};
  refused(options, "\"<s>\"");
  options.specials = {"<s>", "a"};
  refused(options, "\"a\"");
  options.specials = {"two words"};
  refused(options, "\"two words\"");
  options.specials = {""};
  refused(options, "byte alphabet");
}
