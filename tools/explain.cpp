/// @file
/// `sharpeye explain`: what each word of an image's captions attended to, as a page, as pictures and as numbers.

#include <filesystem>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/io/stb_png_writer.hpp"
#include "tools/explain_json.hpp"
#include "tools/explain_page.hpp"
#include "tools/options.hpp"

namespace tool {
namespace {

namespace fs = std::filesystem;

struct ExplainCommand {
  SessionOptions session;
  ExplainOptions options;
  MapChoice choice;
  std::string image, folder;
  std::vector<std::string> regions, heatmaps;
  bool json = false, force = false;
};

// "dog=out.png"; the word may have "=" in it, the file may not.
struct WordFile {
  std::string word, file;

  explicit WordFile(const std::string& text) {
    const std::size_t mark = text.rfind('=');
    require(mark != std::string::npos && mark > 0 && mark + 1 < text.size(), ErrorCode::kInvalidArgument,
            "--heatmap: expected WORD=FILE, such as dog=dog.png; actual ", in_quotes(text));
    word = text.substr(0, mark);
    file = text.substr(mark + 1);
  }
};

// "03-dog.png": a file name of any word.
std::string file_name_of(std::size_t number, const std::string& word) {
  std::string name = concat(number < 10 ? "0" : "", number, "-");
  for (const char c : word.substr(0, 40)) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_letter) name += c;
  }
  return name + ".png";
}

void write_report(const ExplainCommand& command, const ExplainedImage& found, const CaptionModel& model) {
  const fs::path folder = command.folder;
  std::error_code error;
  fs::create_directories(folder / "heatmaps", error);
  require(!error, ErrorCode::kFileAccess, command.folder, ": cannot make a directory: ", error.message());
  for (std::size_t i = 0; i < found.pairs.size(); ++i) {
    const WordPair& pair = found.pairs[i];
    const std::string& word = pair.refined >= 0 ? found.last().words[static_cast<std::size_t>(pair.refined)].word
                                                : found.first().words[static_cast<std::size_t>(pair.initial)].word;
    write_png(folder / "heatmaps" / file_name_of(i + 1, word), paint_heatmap(found, pair, command.choice));
  }
  write_safetensors(folder / "attention.safetensors", to_tensors(found));
  write_file(folder / "explain.json", to_json(found, model).dump(1) + "\n");
  write_file(folder / "index.html", to_page(found, model, command.choice));
}

int run_explain(ExplainCommand& command) {
  require(!command.folder.empty() || !command.heatmaps.empty() || command.json, ErrorCode::kInvalidArgument,
          "explain: expected --output DIR, --heatmap WORD=FILE or --json");
  for (const std::string& text : command.regions) {
    const Region region = Region::parse(text, command.options.regions.size() + 1);
    for (const Region& other : command.options.regions) {
      require(other.name != region.name, ErrorCode::kInvalidArgument, "--region: expected names that differ, actual ",
              in_quotes(region.name), " twice");
    }
    command.options.regions.push_back(region);
  }
  std::vector<WordFile> heatmaps(command.heatmaps.begin(), command.heatmaps.end());
  require(command.force || command.folder.empty() || !fs::exists(command.folder) || fs::is_empty(command.folder),
          ErrorCode::kInvalidArgument, command.folder,
          ": expected an empty directory or a new one; --force writes into it");
  Session session(command.session);
  catch_interrupts();
  std::optional<ExplainedImage> found;
  try {
    found = explain_image(session, command.image, command.options);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kInvalidArgument) throw;
    report(error.what());
    return kInputFailed;
  }
  // All that may be refused comes before the first file.
  for (const ExplainedGlance& glance : found->glances) {
    image_attention(glance.found, {0, 1, command.choice.layer, command.choice.head});
  }
  std::vector<std::pair<std::string, Image>> pictures;
  for (const WordFile& one : heatmaps) {
    pictures.emplace_back(one.file, paint_heatmap(*found, find_word(*found, one.word), command.choice));
  }
  if (!command.folder.empty()) write_report(command, *found, session.model());
  for (const auto& [file, picture] : pictures) write_png(file, picture);
  if (command.json) write_out(to_json(*found, session.model()).dump() + "\n");
  if (!command.json && !command.folder.empty()) write_out(one_line(command.folder + "/index.html") + "\n");
  return kOk;
}

}  // namespace

void add_explain(Command& command) {
  const auto options = std::make_shared<ExplainCommand>();
  command.description = "Show what each word of an image's captions attended to";
  command.text("image", options->image, "An image file, or - for stdin").type("IMAGE|-").required();
  options->session.add_to(command);
  command
      .text("-o,--output", options->folder,
            "A folder for index.html, which needs nothing else, explain.json, attention.safetensors and heatmaps/")
      .type("DIR");
  command.texts("--heatmap", options->heatmaps, "Paint what a word attended to, in both glances, into a PNG file")
      .type("WORD=FILE")
      .one_each();
  command
      .texts("--region", options->regions,
             "Measure how much attention falls on this part of the image: left, top, width and height in pixels")
      .type("NAME=X,Y,W,H")
      .one_each();
  command.flag("--json", options->json, "Print what explain.json holds, on one line");
  command.number("--layer", options->choice.layer, 0, 1000, "Show this layer of the language model, not the mean");
  command.number("--head", options->choice.head, 0, 1000, "Show this head, not the mean");
  command.number("--alternatives", options->options.alternatives, 0, 100, "The likeliest tokens to list at each step");
  command.number("--beams", options->options.beams, 1, 64, "Beams of the search, 1 is greedy");
  command.number("--rounds", options->options.rounds, 0, 100, "Refinements, instead of as the model says");
  command.number("--first-share", options->options.first_share, 0, 0.99,
                 "The first glance's share of the logits of a refinement: probabilities are then those of both, the "
                 "attention is the second one's");
  command.text("--prompt", options->options.prompt,
               "Of the initial caption, with <image> in it, instead of the model's own");
  command.number("--runs", options->options.runs, 1, 1000, "Captions to take the times of, which are medians");
  command.flag("--force", options->force, "Write into a directory that is not empty");
  command.run = [options] { return run_explain(*options); };
}

}  // namespace tool
