/// @file
/// `sharpeye dump`: every intermediate of one image's captions, as safetensors.

#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "tools/options.hpp"
#include "tools/session.hpp"

namespace tool {
namespace {

struct DumpCommand {
  SessionOptions session;
  std::string image, output;
  std::optional<std::string> initial, prompt;
};

int run_dump(const DumpCommand& command) {
  Session session(command.session);
  catch_interrupts();
  MemorySource dump;
  CaptionOptions options;
  options.rounds = session.model().refines() ? 1 : 0;
  options.initial = command.initial;
  options.prompt = command.prompt;
  options.is_cancelled = is_interrupted;
  options.on_tensor = [&](const std::string& name, const TensorView& values) {
    const Index size = session.model().config().vision_config.image_size();
    std::vector<Index> shape{values.rows, values.columns};
    if (name.size() >= 12 && name.compare(name.size() - 12, 12, "pixel_values") == 0) shape = {3, size, size};
    dump.add(name, std::move(shape), {values.data, values.data + values.size()});
  };
  options.on_ids = [&](const std::string& name, const std::vector<std::int32_t>& ids) {
    const auto count = static_cast<Index>(ids.size());
    dump.add(make_tensor(name, {count}, std::vector<std::int64_t>(ids.begin(), ids.end())));
  };
  try {
    const Caption caption = session.captioner()(session.image(command.image), options);
    write_safetensors(command.output, dump, {{"initial", caption.initial}, {"refined", caption.refined}});
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    report(error.what());
    return kInputFailed;
  }
  return kOk;
}

}  // namespace

void add_dump(Command& command) {
  const auto options = std::make_shared<DumpCommand>();
  command.description = "Write every intermediate of one image's captions";
  command.text("image", options->image, "An image file, or - for stdin").type("IMAGE|-").required();
  options->session.add_to(command);
  command.text("--initial", options->initial, "Take this initial caption instead of generating one");
  command.text("--prompt", options->prompt, "Of the initial caption, with <image> in it, instead of the model's own");
  command.text("-o,--output", options->output, "The safetensors file to write").type("FILE").required();
  command.run = [options] { return run_dump(*options); };
}

}  // namespace tool
