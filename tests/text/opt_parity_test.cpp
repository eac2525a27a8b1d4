#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/prompt.hpp"
#include "text/generated_text.hpp"

using namespace sharpeye;
using Ids = std::vector<std::int32_t>;

namespace {

/// OPT's real vocabulary, or null (after a message) where the shared data is missing.
const BpeTokenizer* opt() {
  static const std::string folder = test::shared_data();
  if (folder.empty()) {
    MESSAGE("skipped: no shared test data");
    return nullptr;
  }
  static const BpeTokenizer tokenizer = BpeTokenizer::load(folder + "/opt-tokenizer");
  return &tokenizer;
}

}  // namespace

TEST_CASE("the public RoBERTa vectors have OPT's ids") {
  if (opt() == nullptr) return;
  const std::string base = test::shared_data() + "/tokenizer-vectors/roberta-bpe";
  std::string texts = read_file(base + ".inp", 1 << 20);
  std::ifstream expected(base + ".out");
  const std::string separator = "\n__ggml_vocab_test__\n";
  int count = 0;
  for (std::string line; std::getline(expected, line); ++count) {
    const std::size_t end = texts.find(separator);
    REQUIRE(end != texts.npos);
    const std::string text = texts.substr(0, end);
    texts.erase(0, end + separator.size());
    CAPTURE(text);
    Ids ids;
    std::istringstream numbers(line);
    for (std::int32_t id; numbers >> id;) ids.push_back(id);
    CHECK(opt()->encode(text, {false, true}) == ids);
    CHECK(opt()->decode(ids) == text);
  }
  CHECK(count == 46);
}

TEST_CASE("20,000 generated strings and 20,000 random id lists are read as Hugging Face reads them") {
  if (opt() == nullptr) return;
  std::ifstream hashes(test::fixture("text/opt_hashes.txt"));
  const test::TextGenerator generator;
  std::uint64_t number = 0;
  for (std::string ids, pieces, decoded; hashes >> ids >> pieces >> decoded;) {
    test::Hash ids_hash, decoded_hash;
    for (const std::uint64_t end = number + 100; number < end; ++number) {
      ids_hash.add_numbers(opt()->encode(generator.text(number)));
      const Ids random_ids = generator.ids(number, static_cast<std::uint64_t>(opt()->vocab_size()));
      decoded_hash.add(opt()->decode(random_ids, number % 2 == 0) + "\xff");
    }
    CHECK_MESSAGE(ids_hash.value == std::stoull(ids, nullptr, 16), "strings before number " << number);
    CHECK_MESSAGE(decoded_hash.value == std::stoull(decoded, nullptr, 16), "id lists before number " << number);
  }
  CHECK(number == 20000);
}

TEST_CASE("prompts have the ids that the authors' training code notes") {
  if (opt() == nullptr) return;
  CHECK(opt()->vocab_size() == 50265);
  CHECK(opt()->encode("I like you.") == Ids{2, 100, 101, 47, 4});
  CHECK(opt()->encode(" a cat sitting on a table", {false, true}) == Ids{10, 4758, 2828, 15, 10, 2103});
  const Ids question = {2264, 16, 11, 5, 1345, 116, 20860, 11595, 11088, 35};
  Ids expected = {2, 47955, 35, 1437, kImageToken};
  expected.insert(expected.end(), question.begin(), question.end());
  CHECK(PromptTemplate("USER: <image>What is in the photo? ASSISTANT:").tokenize(*opt()).ids == expected);
  expected.insert(expected.begin() + 5, 50118);
  CHECK(PromptTemplate("USER: <image>\nWhat is in the photo? ASSISTANT:").tokenize(*opt()).ids == expected);
}

TEST_CASE("the real vocabulary loads quickly") {
  if (opt() == nullptr) return;
  const auto begin = std::chrono::steady_clock::now();
  BpeTokenizer::load(test::shared_data() + "/opt-tokenizer");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  MESSAGE("loaded in " << seconds.count() * 1e3 << " ms");
  CHECK(seconds.count() < 10);
}
