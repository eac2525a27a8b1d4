/// @file
/// `sharpeye eval`: scores captions against references, as coco-caption does.

#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/metrics/evaluate.hpp"
#include "tools/commands.hpp"
#include "tools/options.hpp"

namespace tool {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

struct EvalCommand {
  std::string references, predictions, json, field;
  std::vector<std::string> metrics = {"bleu", "rouge_l", "cider_d", "cider"};
  std::optional<Index> first_sentences;
  bool allow_missing = false;
};

struct EvaluatedImage {
  Json id;
  ImageToScore image;
};

// The number or text that names an image.
Json image_id(const JsonReader& reader, const std::string& key) {
  if (reader.is_text(key)) return reader.text(key);
  return reader.integer(key, std::numeric_limits<Index>::min(), std::numeric_limits<Index>::max());
}

std::string last_component(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

const Json& list_at(const Json& root, const char* key, const std::string& file) {
  require(root.is_object(), ErrorCode::kFormat, file, ": expected a JSON object, actual ", root.type_name());
  const Json* entry = root.find(key);
  require(entry != nullptr && entry->is_list(), ErrorCode::kFormat, file, ": ", key, ": expected a list, actual ",
          entry == nullptr ? "nothing: the key is missing" : entry->type_name());
  return *entry;
}

// COCO's file of references; its images in the order in which the file names them.
class References {
 public:
  explicit References(const std::string& file) : file_(file) {
    const Json root = read_json_file(file, kMaxFileBytes);
    const Json& annotations = list_at(root, "annotations", file);
    if (root.contains("images")) {
      const Json& images = list_at(root, "images", file);
      for (std::size_t i = 0; i < images.size(); ++i)
        add_image(JsonReader(images[i], concat(file, ": images[", i, "]")));
    } else {
      for (const Json& annotation : annotations) add_unnamed(annotation);
    }
    for (std::size_t i = 0; i < annotations.size(); ++i) {
      const JsonReader reader(annotations[i], concat(file, ": annotations[", i, "]"));
      find_id(image_id(reader, "image_id"), reader.where("image_id"))
          .image.references.push_back(reader.text("caption"));
    }
  }

  std::vector<EvaluatedImage>& images() { return images_; }

  EvaluatedImage& find_id(const Json& id, const std::string& where) {
    const auto entry = by_id_.find(id.dump());
    if (entry == by_id_.end())
      fail(ErrorCode::kFormat, where, ": expected an image of ", file_, ", actual ", id.dump());
    return images_[entry->second];
  }

  // The image with this file_name; else the one whose file_name ends as the path does.
  EvaluatedImage& find_name(const std::string& path, const std::string& where) {
    const bool is_exact = by_name_.count(path) > 0;
    const auto& names = is_exact ? by_name_ : by_last_;
    const auto entry = names.find(is_exact ? path : last_component(path));
    if (entry == names.end()) {
      fail(ErrorCode::kFormat, where, ": expected a file_name of ", file_, ", actual ", in_quotes(path));
    }
    require(entry->second != kSeveral, ErrorCode::kFormat, where, ": expected the name of one image of ", file_,
            ", actual several have ", in_quotes(entry->first));
    return images_[entry->second];
  }

 private:
  static constexpr std::size_t kSeveral = std::numeric_limits<std::size_t>::max();

  void add_image(const JsonReader& reader) {
    const Json id = image_id(reader, "id");
    const bool is_new = add(id);
    require(is_new, ErrorCode::kFormat, reader.where("id"), ": expected each image once, actual ", id.dump(), " twice");
    if (!reader.has("file_name")) return;
    const std::string name = reader.text("file_name");
    const auto index = images_.size() - 1;
    if (!by_name_.try_emplace(name, index).second) by_name_[name] = kSeveral;
    if (!by_last_.try_emplace(last_component(name), index).second) by_last_[last_component(name)] = kSeveral;
  }

  // A file without "images" is read by the ids of its annotations, which are checked when the captions are read.
  void add_unnamed(const Json& annotation) {
    if (annotation.is_object() && annotation.contains("image_id")) add(annotation["image_id"]);
  }

  bool add(const Json& id) {
    if (!by_id_.try_emplace(id.dump(), images_.size()).second) return false;
    images_.push_back({id, {id.dump(), {}, {}}});
    return true;
  }

  std::string file_;
  std::vector<EvaluatedImage> images_;
  std::unordered_map<std::string, std::size_t> by_id_, by_name_, by_last_;
};

// Everything before the count-th full stop.
std::string first_sentences(const std::string& text, Index count) {
  std::size_t end = text.find('.');
  for (; count > 1 && end != text.npos; --count) end = text.find('.', end + 1);
  return text.substr(0, end);
}

void add_prediction(const EvalCommand& command, const JsonReader& reader, References& references) {
  const bool has_id = reader.has("image_id");
  EvaluatedImage& target = has_id ? references.find_id(image_id(reader, "image_id"), reader.where("image_id"))
                                  : references.find_name(reader.text("image"), reader.where("image"));
  require(!target.image.candidate, ErrorCode::kFormat, reader.where(has_id ? "image_id" : "image"),
          ": expected one prediction for each image, actual a second one for image ", target.image.id);
  const bool is_plain = command.field.empty() && reader.has("caption");
  const std::string key = is_plain ? "caption" : command.field.empty() ? "refined" : command.field;
  const std::string text = reader.text(key);
  target.image.candidate = command.first_sentences ? first_sentences(text, *command.first_sentences) : text;
}

// A JSON list, or one JSON object per line.
void read_predictions(const EvalCommand& command, References& references) {
  const std::string& file = command.predictions;
  const std::string bytes = read_file(file, kMaxFileBytes);
  const std::string_view content = without_bom(bytes);
  const std::size_t begin = content.find_first_not_of(" \t\r\n");
  if (begin != content.npos && content[begin] == '[') {
    const Json list = parse_json(content, file);
    for (std::size_t i = 0; i < list.size(); ++i) {
      add_prediction(command, JsonReader(list[i], concat(file, ": [", i, "]")), references);
    }
    return;
  }
  JsonLines lines(content, file);
  for (Json line; lines.next(line);) add_prediction(command, JsonReader(line, lines.where()), references);
}

// Takes the images without prediction out. @return how many there were
std::size_t drop_missing(std::vector<EvaluatedImage>& images, const EvalCommand& command) {
  const auto missing = std::stable_partition(images.begin(), images.end(),
                                             [](const EvaluatedImage& one) { return one.image.candidate.has_value(); });
  const auto count = static_cast<std::size_t>(images.end() - missing);
  if (count > 0 && !command.allow_missing) {
    fail(ErrorCode::kInvalidArgument, command.predictions, ": expected a prediction for each of ", images.size(),
         " images of ", command.references, ", actual none for ", count, ", the first is image ", missing->image.id,
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
                         const std::vector<EvaluatedImage>& images, std::size_t missing) {
  Json json;
  json["references"] = command.references;
  json["predictions"] = command.predictions;
  if (!command.field.empty()) json["field"] = command.field;
  if (command.first_sentences) json["first_sentences"] = *command.first_sentences;
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
  References references(command.references);
  read_predictions(command, references);
  std::vector<EvaluatedImage>& images = references.images();
  const std::size_t missing = drop_missing(images, command);
  std::vector<ImageToScore> captions;
  for (const EvaluatedImage& one : images) captions.push_back(one.image);
  const CaptionScores scores = evaluate(captions);

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

void add_eval(CLI::App& app, Action& run) {
  const auto options = std::make_shared<EvalCommand>();
  CLI::App& command = *app.add_subcommand("eval", "Score captions against references: BLEU, ROUGE-L, CIDEr-D, CIDEr");
  command.add_option("--references", options->references, "COCO's captions file: \"images\", \"annotations\"")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--predictions", options->predictions,
                  "COCO's results file, or lines of JSON with \"image\" or \"image_id\", as caption --json writes")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--field", options->field,
                  "Which text of a prediction; default \"caption\", or \"refined\" where there is none")
      ->check(CLI::IsMember({"caption", "initial", "refined"}));
  command
      .add_option("--metrics", options->metrics,
                  "Comma-separated; default all. CIDEr and CIDEr-D of one image are 0 by their formula")
      ->delimiter(',')
      ->check(CLI::IsMember({"bleu", "rouge_l", "cider_d", "cider"}));
  command
      .add_option("--first-sentences", options->first_sentences,
                  "Score only the text before the N-th full stop of each prediction")
      ->check(between<Index>(1, Index{1} << 20));
  command.add_flag("--allow-missing", options->allow_missing,
                   "Score the images that have a prediction, as coco-caption does");
  command.add_option("--json", options->json, "Write scores, also of each image, to a file; - is stdout")
      ->type_name("FILE|-");
  command.callback([options, &run] { run = [options] { return run_eval(*options); }; });
}

}  // namespace tool
