#include "tools/caption_many.hpp"

#include <exception>

#include "tools/images.hpp"

namespace tool {

std::vector<Caption> caption_many(const std::shared_ptr<const CaptionModel>& model,
                                  const std::vector<std::string>& paths, ThreadPool& pool,
                                  const std::function<CaptionOptions(std::size_t)>& options, ProgressLine& progress) {
  DecodeOptions decode;
  decode.apply_exif = model->preprocessor().apply_exif;
  std::vector<Caption> captions(paths.size());
  std::vector<std::exception_ptr> errors(paths.size());
  constexpr std::size_t kBlock = 64;
  for (std::size_t begin = 0; begin < paths.size(); begin += kBlock) {
    require(!is_interrupted(), ErrorCode::kCancelled, "captions: cancelled");
    const std::size_t count = std::min(kBlock, paths.size() - begin);
    pool.parallel_for(static_cast<Index>(count), [&](Index i) {
      const std::size_t at = begin + static_cast<std::size_t>(i);
      try {
        ThreadPool alone(1);
        captions[at] = Captioner(model, alone)(load_image(paths[at], decode), options(at));
      } catch (...) {
        errors[at] = std::current_exception();
      }
    });
    for (std::size_t at = begin; at < begin + count; ++at) {
      if (errors[at]) std::rethrow_exception(errors[at]);
    }
    progress.show(static_cast<Index>(begin + count), static_cast<Index>(paths.size()));
  }
  return captions;
}

}  // namespace tool
