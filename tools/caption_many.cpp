#include "tools/caption_many.hpp"

#include <exception>

#include "tools/images.hpp"
#include "tools/parallel_in_order.hpp"

namespace tool {

std::vector<Caption> caption_many(const std::shared_ptr<const CaptionModel>& model,
                                  const std::vector<std::string>& paths, int threads,
                                  const std::function<CaptionOptions(std::size_t)>& options, ProgressLine& progress) {
  std::vector<Caption> captions(paths.size());
  std::vector<std::exception_ptr> errors(paths.size());
  const auto caption = [&](std::size_t, std::size_t i) {
    try {
      ThreadPool alone(1);
      captions[i] = Captioner(model, alone)(load_image(paths[i]), options(i));
    } catch (...) {
      errors[i] = std::current_exception();
    }
  };
  parallel_in_order(paths.size(), static_cast<std::size_t>(threads), caption, [&](std::size_t i) {
    if (errors[i]) std::rethrow_exception(errors[i]);
    require(!is_interrupted(), ErrorCode::kCancelled, "captions: cancelled");
    progress.show(static_cast<Index>(i + 1), static_cast<Index>(paths.size()));
  });
  return captions;
}

}  // namespace tool
