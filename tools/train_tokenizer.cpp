/// @file
/// `sharpeye train-tokenizer`: vocab.json and merges.txt from captions.

#include <algorithm>
#include <filesystem>

#include "sharpeye/io/json.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/bpe_trainer.hpp"
#include "sharpeye/text/pre_tokenizer.hpp"
#include "sharpeye/text/vocab_json.hpp"
#include "sharpeye/training/load_dataset.hpp"
#include "tools/options.hpp"
#include "tools/output_folder.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

using namespace training;

struct TrainTokenizerCommand {
  std::vector<std::string> data, texts;
  BpeTrainerOptions options;
  std::string folder;
  bool force = false;
};

std::vector<std::string> captions_of(const TrainTokenizerCommand& command) {
  DatasetOptions options;
  options.on_bad = OnBad::kSkip;
  options.check_images = false;
  std::vector<std::string> captions;
  for (const std::string& path : command.data) {
    const Dataset data = load_dataset(path, options);
    if (data.report.total() > 0) report(path + ": left out " + data.report.text());
    for (const CaptionedImage& image : data.images) {
      captions.insert(captions.end(), image.captions.begin(), image.captions.end());
    }
  }
  return captions;
}

// A caption follows a prompt, after a space, or begins a text itself: its first word is to be a token in both places.
void add_caption_to(BpeTrainer& trainer, const std::string& caption) {
  trainer.add(" " + caption);
  trainer.add(std::string_view(caption).substr(0, gpt2_piece_end(caption, 0)));
}

int run_train_tokenizer(const TrainTokenizerCommand& command) {
  namespace fs = std::filesystem;
  require_new(command.folder + "/vocab.json", command.force);
  const std::vector<std::string> captions = captions_of(command);
  BpeTrainer trainer;
  for (const std::string& caption : captions) add_caption_to(trainer, caption);
  for (const std::string& text : command.texts) trainer.add(text, static_cast<std::int64_t>(captions.size()));
  const TrainedBpe bpe = trainer.train(command.options);
  const BpeTokenizer tokenizer(bpe.vocab_json(), bpe.merges_txt());
  fs::create_directories(command.folder);
  bpe.save(command.folder);

  std::size_t sum = 0, most = 0;
  for (const std::string& caption : captions) {
    const std::size_t tokens = tokenizer.encode(" " + caption, {false, false}).size();
    sum += tokens;
    most = std::max(most, tokens);
  }
  const double mean = static_cast<double>(sum) / static_cast<double>(captions.size());
  write_out(Json{{"captions", captions.size()},
                 {"vocab_size", bpe.tokens.size()},
                 {"merges", bpe.merges.size()},
                 {"mean_tokens", mean},
                 {"max_tokens", most}}
                .dump() +
            "\n");
  return kOk;
}

}  // namespace

void add_train_tokenizer(Command& command) {
  const auto options = std::make_shared<TrainTokenizerCommand>();
  command.description = "Make vocab.json and merges.txt from captions";
  command.texts("--data", options->data, "A directory with captions.json or captions.jsonl, or such a file")
      .type("PATH...")
      .required();
  command.number("--vocab-size", options->options.vocab_size, 260, kVocabularyLimit, "At most so many tokens")
      .required();
  command.text("-o,--output", options->folder, "The directory to write to").type("DIR").required();
  command.number("--min-count", options->options.min_count, 1, std::int64_t{1} << 40,
                 "Do not merge what occurs less often");
  command.texts("--text", options->texts, "Learn this too, as if it came with each caption: a prompt").one_each();
  command.flag("--force", options->force, "Replace a tokenizer that is there");
  command.run = [options] { return run_train_tokenizer(*options); };
}

}  // namespace tool
