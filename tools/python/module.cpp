/// @file
/// sharpeye._core: c_api.h for Python, without numpy. The package beside it is what people use.

#include "binding.hpp"

using namespace binding;

namespace {

struct Captioner {
  Captioner(const Model& model, std::int32_t threads, std::int32_t aspect, std::int32_t turn,
            std::uint64_t max_pixels) {
    sharpeye_captioner_options options{};
    options.struct_size = sizeof options;
    options.threads = threads;
    options.aspect = aspect;
    options.turn = turn;
    options.max_pixels = max_pixels;
    Error error;
    sharpeye_captioner_new(model.handle, &options, &handle, &error);
    error.check();
  }
  Captioner(const Captioner&) = delete;
  Captioner& operator=(const Captioner&) = delete;
  ~Captioner() { sharpeye_captioner_free(handle); }

  // `call(options, caption, error)` without the GIL.
  template <class Call>
  nb::tuple run(const Options& given, const Call& call) {
    Calls calls;
    const sharpeye_caption_options options = caption_options(given, calls);
    sharpeye_caption* caption = nullptr;
    Error error;
    {
      const nb::gil_scoped_release release;
      call(&options, &caption, &error);
    }
    if (calls.raised) throw nb::python_error(std::move(*calls.raised));
    error.check();
    struct Free {
      sharpeye_caption* caption;
      ~Free() { sharpeye_caption_free(caption); }
    } const free{caption};
    return to_tuple(caption);
  }

  nb::tuple file(const nb::bytes& path, const Options& options) {
    const std::string name(path.c_str(), path.size());
    const char* text = to_c(name, "path");
    return run(options, [&](auto... rest) { sharpeye_caption_file(handle, text, rest...); });
  }
  nb::tuple encoded(nb::handle object, const Options& options) {
    const Bytes bytes(object);
    const auto size = static_cast<std::size_t>(bytes.buffer.len);
    return run(options, [&](auto... rest) {
      sharpeye_caption_encoded(handle, size == 0 ? "" : bytes.buffer.buf, size, rest...);
    });
  }
  nb::tuple pixels(const Array& array, bool is_bgr, std::int32_t orientation, const Options& options) {
    const Pixels pixels(array, is_bgr, orientation);
    return run(options, [&](auto... rest) { sharpeye_caption_pixels(handle, &pixels.image, rest...); });
  }

  sharpeye_captioner* handle = nullptr;
};

// The scores of the set, and a list of those of each image, in the order of SHARPEYE_BLEU_1, ...
nb::tuple evaluate(bool is_tokenized, const std::vector<std::string>& candidates,
                   const std::vector<std::vector<std::string>>& references) {
  if (candidates.size() != references.size()) throw nb::value_error("references: expected as many as candidates");
  std::vector<const char*> candidate_texts, reference_texts;
  std::vector<std::size_t> counts;
  for (const std::string& text : candidates) candidate_texts.push_back(to_c(text, "captions"));
  for (const std::vector<std::string>& texts : references) {
    counts.push_back(texts.size());
    for (const std::string& text : texts) reference_texts.push_back(to_c(text, "captions"));
  }
  const char* const none = nullptr;  // empty lists have no address
  const std::size_t zero = 0;
  std::vector<double> corpus(SHARPEYE_NUM_METRICS), images(SHARPEYE_NUM_METRICS * candidates.size());
  Error error;
  {
    const nb::gil_scoped_release release;
    sharpeye_evaluate(is_tokenized ? SHARPEYE_TOKENIZED_TEXT : SHARPEYE_PLAIN_TEXT, candidates.size(),
                      candidate_texts.empty() ? &none : candidate_texts.data(),
                      reference_texts.empty() ? &none : reference_texts.data(), counts.empty() ? &zero : counts.data(),
                      SHARPEYE_NUM_METRICS, corpus.data(), images.data(), &error);
  }
  error.check();
  nb::list rows;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto begin = images.begin() + static_cast<std::ptrdiff_t>(i * SHARPEYE_NUM_METRICS);
    rows.append(std::vector<double>(begin, begin + SHARPEYE_NUM_METRICS));
  }
  return nb::make_tuple(corpus, rows);
}

nb::object scored_words(const std::string& caption) {
  const char* text = to_c(caption, "caption");
  std::string words(2 * caption.size() + 64, '\0');
  while (true) {
    std::size_t size = 0;
    Error error;
    if (sharpeye_scored_words(text, words.data(), words.size(), &size, &error) == SHARPEYE_LIMIT) {
      words.resize(size + 1);
      continue;
    }
    error.check();
    return to_str(words.data(), size);
  }
}

}  // namespace

NB_MODULE(_core, m) {
  m.attr("version") = sharpeye_version();
  m.attr("c_abi") = sharpeye_c_abi();
  m.def("evaluate", &evaluate, "is_tokenized"_a, "candidates"_a, "references"_a);
  m.def("scored_words", &scored_words, "caption"_a);
  nb::class_<Options>(m, "Options")
      .def(
          "__init__",
          [](Options* self, std::int32_t glances, std::int32_t beams, std::int32_t max_new_tokens,
             std::int32_t deadline_ms, std::optional<std::string> prompt, std::optional<std::string> initial,
             nb::object on_initial, nb::object on_token, bool check_signals, bool attention) {
            new (self) Options{glances,    beams,    max_new_tokens, deadline_ms, std::move(prompt), std::move(initial),
                               on_initial, on_token, check_signals,  attention};
          },
          "glances"_a, "beams"_a, "max_new_tokens"_a, "deadline_ms"_a, "prompt"_a.none(), "initial"_a.none(),
          "on_initial"_a.none(), "on_token"_a.none(), "check_signals"_a, "attention"_a = false);
  nb::class_<Model>(m, "Model")
      .def(nb::init<const nb::bytes&, bool, bool, std::int32_t>(), "folder"_a, "map"_a, "allow_non_finite"_a,
           "threads"_a)
      .def_prop_ro("refines", [](const Model& model) { return sharpeye_model_refines(model.handle) != 0; });
  nb::class_<Captioner>(m, "Captioner")
      .def(nb::init<const Model&, std::int32_t, std::int32_t, std::int32_t, std::uint64_t>(), "model"_a, "threads"_a,
           "aspect"_a, "turn"_a, "max_pixels"_a)
      .def("file", &Captioner::file, "path"_a, "options"_a)
      .def("encoded", &Captioner::encoded, "data"_a, "options"_a)
      .def("pixels", &Captioner::pixels, "array"_a.noconvert(), "is_bgr"_a, "orientation"_a, "options"_a);
  add_stream(m);
}
