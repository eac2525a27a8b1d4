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
std::vector<Index> patches_in(const Json& box, double scale, Index grid) {
  const double left = box[0].get<double>() * scale, top = box[1].get<double>() * scale;
  const double right = left + box[2].get<double>() * scale, bottom = top + box[3].get<double>() * scale;
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

  Things look(const std::string& folder, Index count) {
    const std::string path = folder + "/scenes.json";
    const Json file = read_json_file(path, kScenesFileLimit);
    try {
      return look(folder, file, count);
    } catch (const JsonError& error) {
      fail(ErrorCode::kFormat, path, ": expected a file of `sharpeye scenes`, actual ", error.what());
    }
  }

 private:
  Things look(const std::string& folder, const Json& file, Index count) {
    const Json& scenes = file.at("scenes");
    const double size = file.at("size").get<double>();
    const auto num_scenes = std::min<Index>(count, static_cast<Index>(scenes.size()));
    Things things;
    std::vector<Index> first_thing{0};
    for (Index i = 0; i < num_scenes; ++i) {
      for (const Json& object : scenes.at(static_cast<std::size_t>(i)).at("objects")) {
        for (const char* name : {"shape", "colour", "texture", "size", "count", "action"}) {
          const Json& value = object.at(name);
          add(things.attributes[name], value.is_null()   ? ""
                                       : value.is_text() ? value.get<std::string>()
                                                         : value.dump());
        }
        add(things.attributes["place"], place_of(object.at("centre"), size));
      }
      first_thing.push_back(first_thing.back() +
                            static_cast<Index>(scenes[static_cast<std::size_t>(i)]["objects"].size()));
    }
    things.features.assign(static_cast<std::size_t>(num_states()),
                           Matrix<float>::Zero(first_thing.back(), config_.hidden_size()));

    std::vector<Index> states;
    for (Index i = 0; i < num_states(); ++i) states.push_back(i);
    const ImageProcessor processor(model_->preprocessor().processor);
    const double scale = static_cast<double>(config_.grid_size()) / size;
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(num_scenes));
    pool_.parallel_for(num_scenes, [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      try {
        const Json& scene = scenes[at];
        const Image image = load_image(folder + "/" + scene.at("file_name").get<std::string>(), {});
        ThreadPool alone(1);
        Arena arena;
        Inference<float> ops(alone, arena);
        const auto hidden_states = (*tower_)(ops, processor(image), states);
        for (std::size_t state = 0; state < hidden_states.size(); ++state) {
          Matrix<float> tokens(config_.num_prefix_tokens() + config_.num_patches(), config_.hidden_size());
          ops.copy_out(hidden_states[state], tokens.data(), tokens.cols());
          Index thing = first_thing[at];
          for (const Json& object : scene["objects"]) {
            const auto patches = patches_in(object.at("box"), scale, config_.grid_size());
            auto mean = things.features[state].row(thing++);
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
    return things;
  }

  static void add(Attribute& attribute, const std::string& value) {
    const auto next = static_cast<Index>(attribute.classes.size());
    attribute.of_thing.push_back(value.empty() ? -1 : attribute.classes.emplace(value, next).first->second);
  }

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

Things SceneViewer::look(const std::string& folder, Index count) {
  return tower_->look(folder, count);
}

std::pair<Matrix<float>, std::vector<Index>> examples_of(const Matrix<float>& features, const Attribute& attribute,
                                                         const std::map<std::string, Index>& classes) {
  std::vector<Index> number(attribute.classes.size(), -1);
  for (const auto& [name, own] : attribute.classes) {
    const auto found = classes.find(name);
    if (found != classes.end()) number[static_cast<std::size_t>(own)] = found->second;
  }
  std::vector<Index> rows, labels;
  for (std::size_t i = 0; i < attribute.of_thing.size(); ++i) {
    const Index own = attribute.of_thing[i];
    if (own < 0 || number[static_cast<std::size_t>(own)] < 0) continue;
    rows.push_back(static_cast<Index>(i));
    labels.push_back(number[static_cast<std::size_t>(own)]);
  }
  Matrix<float> chosen(static_cast<Index>(rows.size()), features.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) chosen.row(static_cast<Index>(i)) = features.row(rows[i]);
  return {std::move(chosen), std::move(labels)};
}

}  // namespace tool
