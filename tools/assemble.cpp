/// @file
/// `sharpeye assemble`: a captioner put together from a vision tower, a language model and connectors.

#include "sharpeye/pipeline/assemble.hpp"

#include "sharpeye/formats/codecs.hpp"
#include "tools/options.hpp"
#include "tools/output_folder.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

struct AssembleCommand {
  PartFolders parts;
  std::string folder, dtype = "f32";
  std::optional<std::string> prompt;
  WriteAssemblyOptions write;
  bool force = false;
};

// "text_model (197)": tensors that were left out, by the first part of their names.
std::string summary(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, Index>> roots;
  for (const std::string& name : names) {
    const std::string root = name.substr(0, name.find('.'));
    if (roots.empty() || roots.back().first != root) roots.emplace_back(root, 0);
    ++roots.back().second;
  }
  std::string text;
  for (const auto& [root, count] : roots) text += concat(text.empty() ? "" : ", ", root, " (", count, ")");
  return text;
}

int run_assemble(const AssembleCommand& command) {
  for (const std::string& from : {command.parts.vision, command.parts.language_model}) {
    require_new_model(from, command.folder, command.force);
  }
  catch_interrupts();
  Assembly assembly = assemble(command.parts);
  if (command.prompt) assembly.config.initial_prompt = *command.prompt;
  WriteAssemblyOptions options = command.write;
  options.dtype = codec_named(command.dtype).dtype();
  options.is_cancelled = is_interrupted;
  const Index linked = write_assembly(assembly, command.folder, options);
  for (const Assembly::Part& part : assembly.parts) {
    if (!part.tensors) report(part.name + ": untrained");
  }
  if (!assembly.left_out.empty()) report("no part of a captioner, left out: " + summary(assembly.left_out));
  if (options.link) report(concat("weight files linked: ", linked));
  return kOk;
}

}  // namespace

void add_assemble(Command& command) {
  const auto options = std::make_shared<AssembleCommand>();
  command.description = "Put a captioner together from a vision tower, a language model and connectors";
  command.text("--vision", options->parts.vision, "CLIP or SigLIP, as transformers saves it").type("DIR").required();
  command.text("--lm", options->parts.language_model, "OPT, LLaMA or Qwen2, with its tokenizer").type("DIR").required();
  command.text("--connector", options->parts.connector, "The first glance's connector; else an untrained one")
      .type("FILE|DIR");
  command.text("--ser-connector", options->parts.ser_connector, "The second glance's; else a model of one glance")
      .type("FILE|DIR");
  command.text("-o,--output", options->folder, "The model directory to make").type("DIR").required();
  command.text("--prompt", options->prompt, "The first glance's, with <image> in the place of the image");
  command.seed(options->write.seed, "Of untrained parts");
  command.text("--dtype", options->dtype, "Of untrained parts").one_of({"f32", "f16", "bf16"});
  command.flag("--link", options->write.link,
               "Hard links to weight files instead of copies, where one can be used whole");
  command.flag("--force", options->force, "Replace a model that is there");
  command.run = [options] { return run_assemble(*options); };
}

}  // namespace tool
