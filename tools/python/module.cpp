/// @file
/// sharpeye._core: c_api.h for Python, without numpy. The package beside it is what people use.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/c_api.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace {

// Text of the library; what is no UTF-8 is replaced.
nb::object to_str(const char* text, std::size_t size) {
  return nb::steal(PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(size), "replace"));
}

// Text for the library, which ends at a zero byte.
const char* to_c(const std::string& text, const char* name) {
  if (text.find('\0') != text.npos) throw nb::value_error((name + std::string(": expected no zero character")).c_str());
  return text.c_str();
}

struct Error : sharpeye_error {
  Error() : sharpeye_error{} { struct_size = sizeof(sharpeye_error); }

  // Raises what sharpeye.errors has for the status.
  void check() const {
    if (status == SHARPEYE_OK) return;
    const nb::object text = to_str(this->text, std::strlen(this->text));
    const nb::object exception =
        nb::module_::import_("sharpeye.errors").attr("error_of")(status, sharpeye_status_name(status), text);
    PyErr_SetObject(exception.type().ptr(), exception.ptr());
    throw nb::python_error();
  }
};

struct Model {
  Model(const nb::bytes& folder, bool map, bool allow_non_finite) {
    sharpeye_load_options options{};
    options.struct_size = sizeof options;
    options.map = map;
    options.allow_non_finite = allow_non_finite;
    const std::string name(folder.c_str(), folder.size());
    const char* path = to_c(name, "model");
    Error error;
    {
      const nb::gil_scoped_release release;
      sharpeye_model_load(path, &options, &handle, &error);
    }
    error.check();
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  ~Model() { sharpeye_model_free(handle); }

  sharpeye_model* handle = nullptr;
};

// The callbacks of one call, and the exception that one of them ended it with.
struct Calls {
  nb::object on_initial, on_token;
  bool check_signals = false;
  std::optional<nb::python_error> raised;
  std::chrono::steady_clock::time_point next_check = std::chrono::steady_clock::now();

  template <class Body>
  std::int32_t guarded(const Body& body) {
    const nb::gil_scoped_acquire acquire;
    try {
      return body() ? SHARPEYE_CONTINUE : SHARPEYE_STOP;
    } catch (nb::python_error& error) {
      raised.emplace(std::move(error));
      return SHARPEYE_STOP;
    }
  }
  static std::int32_t initial(void* self, const char* text, std::size_t size) {
    Calls& calls = *static_cast<Calls*>(self);
    return calls.guarded([&] { return calls.on_initial(to_str(text, size)).ptr() != Py_False; });
  }
  static std::int32_t token(void* self, std::int32_t glance, const char* text, std::size_t size) {
    Calls& calls = *static_cast<Calls*>(self);
    return calls.guarded([&] { return calls.on_token(glance, to_str(text, size)).ptr() != Py_False; });
  }
  // Ctrl-C. Not often: where other threads run Python, each time may wait for their turn to end.
  static std::int32_t poll(void* self) {
    Calls& calls = *static_cast<Calls*>(self);
    const auto now = std::chrono::steady_clock::now();
    if (now < calls.next_check) return SHARPEYE_CONTINUE;
    calls.next_check = now + std::chrono::milliseconds(50);
    return calls.guarded([] {
      if (PyErr_CheckSignals() != 0) throw nb::python_error();
      return true;
    });
  }
};

struct Options {
  std::int32_t glances, beams, max_new_tokens, deadline_ms;
  std::optional<std::string> prompt, initial;
  nb::object on_initial, on_token;
  bool check_signals;
};

// (initial, refined, glances, deadline_passed, initial ids, refined ids, initial confidence, refined confidence,
// timings); a confidence is (value or None, log-probabilities, words with their probabilities)
nb::tuple to_tuple(const sharpeye_caption* caption) {
  const auto text = [&](auto get) {
    std::size_t size = 0;
    const char* bytes = get(caption, &size);
    return to_str(bytes, size);
  };
  const auto list = [&](auto get) {
    std::size_t count = 0;
    const auto* all = get(caption, &count);
    nb::list list;
    for (std::size_t i = 0; i < count; ++i) list.append(all[i]);
    return nb::tuple(list);
  };
  const auto confidence = [&](double value, auto get_log_probabilities, auto get_word) {
    nb::list words;
    double probability = 0;
    for (const char* word; (word = get_word(caption, words.size(), &probability)) != nullptr;) {
      words.append(nb::make_tuple(to_str(word, std::strlen(word)), probability));
    }
    return nb::make_tuple(std::isnan(value) ? nb::none() : nb::object(nb::float_(value)), list(get_log_probabilities),
                          nb::tuple(words));
  };
  sharpeye_timings t{};
  t.struct_size = sizeof t;
  sharpeye_caption_timings(caption, &t, nullptr);
  return nb::make_tuple(text(sharpeye_caption_initial), text(sharpeye_caption_refined),
                        sharpeye_caption_glances(caption), sharpeye_caption_deadline_passed(caption) != 0,
                        list(sharpeye_caption_initial_ids), list(sharpeye_caption_refined_ids),
                        confidence(sharpeye_caption_initial_confidence(caption),
                                   sharpeye_caption_initial_log_probabilities, sharpeye_caption_initial_word),
                        confidence(sharpeye_caption_refined_confidence(caption),
                                   sharpeye_caption_refined_log_probabilities, sharpeye_caption_refined_word),
                        nb::make_tuple(t.image, t.vision, t.connector, t.pass1_prefill, t.pass1_decode, t.ser_connector,
                                       t.pass2_prefill, t.pass2_decode, t.total));
}

// A read-only buffer of bytes, held while it lives.
struct Bytes {
  explicit Bytes(nb::handle object) {
    if (PyObject_GetBuffer(object.ptr(), &buffer, PyBUF_SIMPLE) != 0) throw nb::python_error();
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { PyBuffer_Release(&buffer); }
  Py_buffer buffer{};
};

using Array = nb::ndarray<nb::ro, nb::device::cpu>;

// An array [height, width] or [height, width, 1, 3 or 4] as an image, copied only where its pixels are not packed.
struct Pixels {
  Pixels(const Array& array, bool is_bgr, std::int32_t orientation) {
    if (array.dtype() != nb::dtype<std::uint8_t>()) {
      throw nb::type_error("pixels: expected 8-bit numbers (uint8), actual another type");
    }
    const std::size_t dimensions = array.ndim();
    channels = dimensions == 3 ? static_cast<std::int64_t>(array.shape(2)) : dimensions == 2 ? 1 : 0;
    if (channels != 1 && channels != 3 && channels != 4) {
      std::string text = "pixels: expected [height, width], or [height, width, 1, 3 or 4], actual [";
      for (std::size_t i = 0; i < dimensions; ++i) text += (i == 0 ? "" : ", ") + std::to_string(array.shape(i));
      throw nb::value_error((text + "]").c_str());
    }
    image.struct_size = sizeof image;
    image.height = static_cast<std::int64_t>(array.shape(0));
    image.width = static_cast<std::int64_t>(array.shape(1));
    image.orientation = orientation;
    image.format = channels == 1   ? SHARPEYE_GREY
                   : channels == 3 ? (is_bgr ? SHARPEYE_BGR : SHARPEYE_RGB)
                                   : (is_bgr ? SHARPEYE_BGRA : SHARPEYE_RGBA);
    if (image.height == 0 || image.width == 0) throw nb::value_error("pixels: expected some, actual none");
    const auto* data = static_cast<const std::uint8_t*>(array.data());
    const std::int64_t down = array.stride(0), right = array.stride(1), deep = dimensions == 3 ? array.stride(2) : 1;
    const std::int64_t row = image.width * channels;
    const bool is_packed =
        (channels == 1 || deep == 1) && (image.width == 1 || right == channels) && (image.height == 1 || down >= row);
    image.stride = is_packed && image.height > 1 ? down : row;
    image.size = static_cast<std::size_t>((image.height - 1) * image.stride + row);
    image.data = is_packed ? data : pack(data, down, right, deep);
  }

  const std::uint8_t* pack(const std::uint8_t* data, std::int64_t down, std::int64_t right, std::int64_t deep) {
    copy.resize(image.size);
    std::uint8_t* target = copy.data();
    for (std::int64_t y = 0; y < image.height; ++y) {
      for (std::int64_t x = 0; x < image.width; ++x) {
        for (std::int64_t c = 0; c < channels; ++c) *target++ = data[y * down + x * right + c * deep];
      }
    }
    return copy.data();
  }

  std::int64_t channels = 0;
  sharpeye_image image{};
  std::vector<std::uint8_t> copy;
};

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
    calls.on_initial = given.on_initial;
    calls.on_token = given.on_token;
    sharpeye_caption_options options{};
    options.struct_size = sizeof options;
    options.glances = given.glances;
    options.beams = given.beams;
    options.max_new_tokens = given.max_new_tokens;
    options.deadline_ms = given.deadline_ms;
    options.prompt = given.prompt ? to_c(*given.prompt, "prompt") : nullptr;
    options.initial = given.initial ? to_c(*given.initial, "initial") : nullptr;
    options.on_initial = given.on_initial.is_none() ? nullptr : Calls::initial;
    options.on_token = given.on_token.is_none() ? nullptr : Calls::token;
    options.on_poll = given.check_signals ? Calls::poll : nullptr;
    options.user = &calls;
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
             nb::object on_initial, nb::object on_token, bool check_signals) {
            new (self) Options{glances,    beams,    max_new_tokens, deadline_ms, std::move(prompt), std::move(initial),
                               on_initial, on_token, check_signals};
          },
          "glances"_a, "beams"_a, "max_new_tokens"_a, "deadline_ms"_a, "prompt"_a.none(), "initial"_a.none(),
          "on_initial"_a.none(), "on_token"_a.none(), "check_signals"_a);
  nb::class_<Model>(m, "Model")
      .def(nb::init<const nb::bytes&, bool, bool>(), "folder"_a, "map"_a, "allow_non_finite"_a)
      .def_prop_ro("refines", [](const Model& model) { return sharpeye_model_refines(model.handle) != 0; });
  nb::class_<Captioner>(m, "Captioner")
      .def(nb::init<const Model&, std::int32_t, std::int32_t, std::int32_t, std::uint64_t>(), "model"_a, "threads"_a,
           "aspect"_a, "turn"_a, "max_pixels"_a)
      .def("file", &Captioner::file, "path"_a, "options"_a)
      .def("encoded", &Captioner::encoded, "data"_a, "options"_a)
      .def("pixels", &Captioner::pixels, "array"_a.noconvert(), "is_bgr"_a, "orientation"_a, "options"_a);
}
