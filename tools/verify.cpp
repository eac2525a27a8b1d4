/// @file
/// `sharpeye verify`: a model directory against what Python computed with it.

#include "sharpeye/pipeline/verify.hpp"

#include <unistd.h>

#include "sharpeye/io/safetensors.hpp"
#include "tools/options.hpp"
#include "tools/session.hpp"

namespace tool {
namespace {

struct VerifyCommand {
  SessionOptions session;
  std::string golden, images;
  bool json = false;
};

// Where an image of the golden file is: where it was, or in another folder.
std::string find_image(const VerifyCommand& command, const std::string& path) {
  if (command.images.empty()) return path;
  return command.images + "/" + path.substr(path.rfind('/') + 1);
}

std::string line_of(const StageCheck& check) {
  const std::string shape = shape_text(check.shape), difference = concat(check.difference);
  const auto padded = [](std::string text, std::size_t width) {
    return text.size() < width ? text + std::string(width - text.size(), ' ') : text + " ";
  };
  std::string line = "  " + padded(check.stage, 26) + padded(shape, 20) + padded(difference, 14) +
                     (check.is_right() ? "right" : "WRONG");
  if (check.differing > 0) line += concat(", ", check.differing, " elements not equal");
  if (!check.is_right() && !check.explanation.empty()) line += "; " + check.explanation;
  return line + "\n";
}

Json to_json(const StageCheck& check) {
  return Json{{"stage", check.stage},
              {"shape", check.shape},
              {"difference", check.difference},
              {"allowed", check.allowed},
              {"differing", check.differing},
              {"right", check.is_right()},
              {"explanation", check.explanation}};
}

int run_verify(const VerifyCommand& command) {
  const SafetensorsFile golden(command.golden);
  const std::map<std::string, std::string>& metadata = golden.header().metadata;
  const auto entry = [&](const char* key) {
    const auto place = metadata.find(key);
    require(place != metadata.end(), ErrorCode::kFormat, command.golden, ": __metadata__: ", key,
            ": expected what tools/convert/golden.py writes, actual none");
    return place->second;
  };
  const JsonReader list(parse_json(entry("images"), command.golden), command.golden + ": __metadata__: images");
  const std::vector<std::string> paths = list.texts("paths", 100000);
  const JsonReader settings(parse_json(entry("settings"), command.golden), command.golden + ": __metadata__: settings");
  const Index max_new_tokens = settings.integer("max_new_tokens", 1, Index{1} << 17);
  const std::string prompt = settings.text("prompt");

  Session session(command.session);
  session.captioner().set_apply_exif(false);  // as Python opens images
  catch_interrupts();
  std::string first_wrong;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    require(!is_interrupted(), ErrorCode::kCancelled, "verify: cancelled");
    std::vector<StageCheck> checks;
    try {
      const Image image = session.image(find_image(command, paths[i]));
      checks = verify_image(session.captioner(), image, golden, static_cast<Index>(i), prompt, max_new_tokens);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      report(error.what());
      if (first_wrong.empty()) first_wrong = paths[i];
      continue;
    }
    std::string text = command.json ? "" : paths[i] + "\n";
    Json::List stages;
    for (const StageCheck& check : checks) {
      if (!check.is_right() && first_wrong.empty()) first_wrong = paths[i] + ": " + check.stage;
      if (command.json) {
        stages.push_back(to_json(check));
      } else {
        text += line_of(check);
      }
    }
    if (command.json) text = Json{{"image", paths[i]}, {"stages", stages}}.dump() + "\n";
    write_out(text);
  }
  if (first_wrong.empty()) {
    report(concat("all stages of ", paths.size(), " images are right"));
    return kOk;
  }
  report("the first difference: " + first_wrong);
  return kInputFailed;
}

}  // namespace

void add_verify(Command& command) {
  const auto options = std::make_shared<VerifyCommand>();
  command.description = "Compare a model with what transformers computed (tools/convert/golden.py), stage by stage";
  command.text("golden", options->golden, "The file that golden.py wrote").type("FILE").required();
  options->session.add_to(command);
  command.text("--images", options->images, "The folder of the images, if they are not where golden.py found them")
      .type("DIR");
  command.flag("--json", options->json, "One JSON object per image and line");
  command.run = [options] { return run_verify(*options); };
}

}  // namespace tool
