#include "tools/scene_things.hpp"

#include <algorithm>
#include <exception>

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/models/vision_towers.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "tools/images.hpp"

namespace tool {
namespace {

constexpr std::uint64_t kScenesFileLimit = std::uint64_t{1} << 30;

// Patches whose centres lie in a box of the picture; the patch at the box's centre if there are none.
std::vector<Index> patches_in(const std::array<double, 4>& box, double scale, Index grid) {
  const double left = box[0] * scale, top = box[1] * scale;
  const double right = left + box[2] * scale, bottom = top + box[3] * scale;
  std::vector<Index> patches;
  for (Index row = 0; row < grid; ++row) {
    for (Index column = 0; column < grid; ++column) {
      const double x = static_cast<double>(column) + 0.5, y = static_cast<double>(row) + 0.5;
      if (x >= left && x <= right && y >= top && y <= bottom) patches.push_back(row * grid + column);
    }
  }
  if (patches.empty()) {
    const auto cell = [&](double at) { return std::clamp<Index>(static_cast<Index>(at), 0, grid - 1); };
    patches.push_back(cell((top + bottom) / 2) * grid + cell((left + right) / 2));
  }
  return patches;
}

// Where in the picture, of nine fields.
std::string place_of(const Json& centre, double size) {
  const auto third = [&](const Json& at) {
    return std::clamp<Index>(static_cast<Index>(3 * at.get<double>() / size), 0, 2);
  };
  return concat(third(centre[1]), third(centre[0]));
}

void add(Attribute& attribute, const std::string& value) {
  const auto next = static_cast<Index>(attribute.classes.size());
  attribute.of_thing.push_back(value.empty() ? -1 : attribute.classes.emplace(value, next).first->second);
}

// The blocks of the tower that are stored: a captioner's file leaves the last ones out where nobody reads them.
Index blocks_in(const TensorSource& weights, Index at_most) {
  const std::vector<std::string> names = weights.names();
  const auto is_stored = [&](Index block) {
    const std::string part = concat(".layers.", block, ".");
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name.rfind("vision_tower.", 0) == 0 && name.find(part) != std::string::npos;
    });
  };
  Index blocks = 0;
  while (blocks < at_most && is_stored(blocks)) ++blocks;
  return blocks;
}

}  // namespace

class SceneViewer::Tower {
 public:
  Tower(const std::string& model, int threads)
      : model_(CaptionModel::load(model)),
        config_(model_->config().vision_config),
        loader_(open_model_weights(model)),
        num_blocks_(blocks_in(*open_model_weights(model), config_.num_hidden_layers())),
        tower_(make_vision_tower<Inference<float>>(config_, loader_.root("vision_tower"), num_blocks_)),
        pool_(threads) {}

  Index num_states() const { return num_blocks_ + 1; }

  std::vector<Matrix<float>> look(const Things& things) {
    std::vector<Matrix<float>> features(
        static_cast<std::size_t>(num_states()),
        Matrix<float>::Zero(static_cast<Index>(things.boxes.size()), config_.hidden_size()));
    std::vector<Index> states;
    for (Index i = 0; i < num_states(); ++i) states.push_back(i);
    const ImageProcessor processor(model_->preprocessor().processor);
    const double scale = static_cast<double>(config_.grid_size()) / things.image_size;
    std::vector<std::exception_ptr> errors(things.images.size());
    pool_.parallel_for(static_cast<Index>(things.images.size()), [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      try {
        const Image image = load_image(things.images[at], {});
        ThreadPool alone(1);
        Arena arena;
        Inference<float> ops(alone, arena);
        const auto hidden_states = (*tower_)(ops, processor(image), states);
        for (std::size_t state = 0; state < hidden_states.size(); ++state) {
          Matrix<float> tokens(config_.num_prefix_tokens() + config_.num_patches(), config_.hidden_size());
          ops.copy_out(hidden_states[state], tokens.data(), tokens.cols());
          for (std::size_t thing = things.first_of_image[at]; thing < things.first_of_image[at + 1]; ++thing) {
            const auto patches = patches_in(things.boxes[thing], scale, config_.grid_size());
            auto mean = features[state].row(static_cast<Index>(thing));
            for (const Index patch : patches) mean += tokens.row(config_.num_prefix_tokens() + patch);
            mean /= static_cast<float>(patches.size());
          }
        }
      } catch (...) {
        errors[at] = std::current_exception();
      }
    });
    for (const auto& error : errors) {
      if (error) std::rethrow_exception(error);
    }
    return features;
  }

 private:
  std::shared_ptr<const CaptionModel> model_;
  VisionConfig config_;
  WeightLoader loader_;
  Index num_blocks_;
  std::unique_ptr<VisionTower<Inference<float>>> tower_;
  ThreadPool pool_;
};

SceneViewer::SceneViewer(const std::string& model, int threads) : tower_(std::make_unique<Tower>(model, threads)) {}

SceneViewer::~SceneViewer() = default;

Index SceneViewer::num_states() const {
  return tower_->num_states();
}

std::vector<Matrix<float>> SceneViewer::look(const Things& things) {
  return tower_->look(things);
}

Things read_things(const std::string& folder, Index count) {
  const std::string path = folder + "/scenes.json";
  const Json file = read_json_file(path, kScenesFileLimit);
  Things things;
  try {
    const Json& scenes = file.at("scenes");
    things.image_size = file.at("size").get<double>();
    const std::size_t num_scenes = std::min(static_cast<std::size_t>(count), scenes.size());
    for (std::size_t i = 0; i < num_scenes; ++i) {
      const Json& scene = scenes[i];
      things.images.push_back(folder + "/" + scene.at("file_name").get<std::string>());
      things.first_of_image.push_back(things.boxes.size());
      for (const Json& object : scene.at("objects")) {
        for (const char* name : {"shape", "colour", "texture", "size", "count", "action"}) {
          const Json& value = object.at(name);
          add(things.attributes[name], value.is_null()   ? ""
                                       : value.is_text() ? value.get<std::string>()
                                                         : value.dump());
        }
        add(things.attributes["place"], place_of(object.at("centre"), things.image_size));
        const Json& box = object.at("box");
        auto& own = things.boxes.emplace_back();
        for (std::size_t side = 0; side < own.size(); ++side) own[side] = box[side].get<double>();
      }
    }
  } catch (const JsonError& error) {
    fail(ErrorCode::kFormat, path, ": expected a file of `sharpeye scenes`, actual ", error.what());
  }
  things.first_of_image.push_back(things.boxes.size());
  return things;
}

std::vector<Index> classes_in(const Attribute& attribute, const std::map<std::string, Index>& classes) {
  std::vector<Index> number(attribute.classes.size(), -1), numbers;
  for (const auto& [name, own] : attribute.classes) {
    const auto found = classes.find(name);
    if (found != classes.end()) number[static_cast<std::size_t>(own)] = found->second;
  }
  for (const Index own : attribute.of_thing) numbers.push_back(own < 0 ? -1 : number[static_cast<std::size_t>(own)]);
  return numbers;
}

std::pair<Matrix<float>, std::vector<Index>> examples_of(const Matrix<float>& features, const Attribute& attribute,
                                                         const std::map<std::string, Index>& classes) {
  const std::vector<Index> all = classes_in(attribute, classes);
  std::vector<Index> rows, labels;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] < 0) continue;
    rows.push_back(static_cast<Index>(i));
    labels.push_back(all[i]);
  }
  Matrix<float> chosen(static_cast<Index>(rows.size()), features.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) chosen.row(static_cast<Index>(i)) = features.row(rows[i]);
  return {std::move(chosen), std::move(labels)};
}

}  // namespace tool
