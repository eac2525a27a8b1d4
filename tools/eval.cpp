/// @file
/// `sharpeye eval`: scores captions against references, as coco-caption does.

#include <algorithm>
#include <cstdio>
#include <optional>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/coco_files.hpp"
#include "sharpeye/metrics/evaluate.hpp"
#include "tools/options.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

struct EvalCommand {
  std::string references, predictions, json;
  CocoResultOptions results;
  std::vector<std::string> metrics = {"bleu", "rouge_l", "cider_d", "cider"};
  bool allow_missing = false;
};

// Takes the images without prediction out. @return how many there were
std::size_t drop_missing(std::vector<CocoImage>& images, const EvalCommand& command) {
  const auto missing = std::stable_partition(images.begin(), images.end(),
                                             [](const CocoImage& one) { return one.prediction.has_value(); });
  const auto count = static_cast<std::size_t>(images.end() - missing);
  if (count > 0 && !command.allow_missing) {
    fail(ErrorCode::kInvalidArgument, command.predictions, ": expected a prediction for each of ", images.size(),
         " images of ", command.references, ", actual none for ", count, ", the first is image ", missing->id.dump(),
         " (--allow-missing scores the others)");
  }
  images.erase(missing, images.end());
  require(!images.empty(), ErrorCode::kInvalidArgument, command.predictions,
          ": expected at least one prediction, actual none");
  return count;
}

struct NamedScores {
  std::string group, key, label;
  const MetricScores* scores;
};

std::vector<NamedScores> chosen(const CaptionScores& scores, const std::vector<std::string>& metrics) {
  std::vector<NamedScores> all;
  for (std::size_t n = 0; n < scores.bleu.size(); ++n) {
    const std::string order = std::to_string(n + 1);
    all.push_back({"bleu", "bleu_" + order, "BLEU-" + order, &scores.bleu[n]});
  }
  all.push_back({"rouge_l", "rouge_l", "ROUGE-L", &scores.rouge_l});
  all.push_back({"cider_d", "cider_d", "CIDEr-D", &scores.cider_d});
  all.push_back({"cider", "cider", "CIDEr", &scores.cider});
  std::vector<NamedScores> result;
  for (const NamedScores& one : all) {
    if (std::find(metrics.begin(), metrics.end(), one.group) != metrics.end()) result.push_back(one);
  }
  return result;
}

std::string to_table(const std::vector<NamedScores>& metrics, std::size_t images, std::size_t missing) {
  std::string table = concat(images, " images");
  if (missing > 0) table += concat(", ", missing, " without prediction left out");
  table += "\n\nmetric      score   x 100\n";
  bool of_cider = false;
  for (const NamedScores& metric : metrics) {
    char line[64];
    const double score = metric.scores->corpus;
    std::snprintf(line, sizeof line, "%-9s %7.4f %7.2f\n", metric.label.c_str(), score, 100 * score);
    table += line;
    of_cider = of_cider || metric.group == "cider" || metric.group == "cider_d";
  }
  if (of_cider && images == 1)
    table += "\nCIDEr and CIDEr-D of one image are 0 by their formula: score a set of images.\n";
  return table;
}

std::string to_json_text(const EvalCommand& command, const std::vector<NamedScores>& metrics,
                         const std::vector<CocoImage>& images, std::size_t missing) {
  Json json;
  json["references"] = command.references;
  json["predictions"] = command.predictions;
  if (!command.results.field.empty()) json["field"] = command.results.field;
  if (command.results.first_sentences) json["first_sentences"] = *command.results.first_sentences;
  json["images"] = images.size();
  json["missing"] = missing;
  for (const NamedScores& metric : metrics) json["scores"][metric.key] = metric.scores->corpus;
  json["per_image"] = Json::list();
  for (std::size_t i = 0; i < images.size(); ++i) {
    Json one;
    one["image_id"] = images[i].id;
    for (const NamedScores& metric : metrics) one[metric.key] = metric.scores->images[i];
    json["per_image"].push_back(std::move(one));
  }
  return json.dump(1) + "\n";
}

int run_eval(const EvalCommand& command) {
  require(command.references != "-" || command.predictions != "-", ErrorCode::kInvalidArgument,
          "--predictions: expected another file than --references, actual - twice");
  CocoCaptions captions(read_input(command.references, kCocoFileLimit), command.references);
  captions.add_results(read_input(command.predictions, kCocoFileLimit), command.predictions, command.results);
  std::vector<CocoImage>& images = captions.images();
  const std::size_t missing = drop_missing(images, command);
  std::vector<ImageToScore> to_score;
  for (const CocoImage& image : images) to_score.push_back({image.id.dump(), image.references, image.prediction});
  const CaptionScores scores = evaluate(to_score);

  const std::vector<NamedScores> metrics = chosen(scores, command.metrics);
  const std::string json = to_json_text(command, metrics, images, missing);
  if (command.json == "-") {
    write_out(json);
    return kOk;
  }
  if (!command.json.empty()) write_file(command.json, json);
  write_out(to_table(metrics, images.size(), missing));
  return kOk;
}

}  // namespace

void add_eval(Command& command) {
  const auto options = std::make_shared<EvalCommand>();
  command.description = "Score captions against references: BLEU, ROUGE-L, CIDEr-D, CIDEr";
  command.text("--references", options->references, "COCO's captions file: \"images\", \"annotations\"; - is stdin")
      .type("FILE|-")
      .required();
  command
      .text(
          "--predictions", options->predictions,
          "COCO's results file, or lines of JSON with \"image\" or \"image_id\", as caption --json writes; - is stdin")
      .type("FILE|-")
      .required();
  command
      .text("--field", options->results.field,
            "Which text of a prediction; default \"caption\", or \"refined\" where there is none")
      .one_of({"caption", "initial", "refined"});
  command
      .texts("--metrics", options->metrics,
             "Comma-separated; default all. CIDEr and CIDEr-D of one image are 0 by their formula")
      .one_of({"bleu", "rouge_l", "cider_d", "cider"})
      .separated_by(',');
  command.number("--first-sentences", options->results.first_sentences, 1, Index{1} << 20,
                 "Score only the text before the N-th full stop of each prediction");
  command.flag("--allow-missing", options->allow_missing,
               "Score the images that have a prediction, as coco-caption does");
  command.text("--json", options->json, "Write scores, also of each image, to a file; - is stdout").type("FILE|-");
  command.run = [options] { return run_eval(*options); };
}

}  // namespace tool
