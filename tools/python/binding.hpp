#pragma once

/// @file
/// What the sources of sharpeye._core share: texts, errors, models, options and pixels of c_api.h.

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

namespace binding {

// Text of the library; what is no UTF-8 is replaced.
inline nb::object to_str(const char* text, std::size_t size) {
  return nb::steal(PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(size), "replace"));
}

// Text for the library, which ends at a zero byte.
inline const char* to_c(const std::string& text, const char* name) {
  if (text.find('\0') != text.npos) throw nb::value_error((name + std::string(": expected no zero character")).c_str());
  return text.c_str();
}

// What sharpeye.errors has for the status.
inline nb::object exception_of(const sharpeye_error& error) {
  const nb::object text = to_str(error.text, std::strlen(error.text));
  return nb::module_::import_("sharpeye.errors")
      .attr("error_of")(error.status, sharpeye_status_name(error.status), text);
}

struct Error : sharpeye_error {
  Error() : sharpeye_error{} { struct_size = sizeof(sharpeye_error); }

  // Raises it.
  void check() const {
    if (status == SHARPEYE_OK) return;
    const nb::object exception = exception_of(*this);
    PyErr_SetObject(exception.type().ptr(), exception.ptr());
    throw nb::python_error();
  }
};

struct Model {
  Model(const nb::bytes& folder, bool map, bool allow_non_finite, std::int32_t threads) {
    sharpeye_load_options options{};
    options.struct_size = sizeof options;
    options.map = map;
    options.allow_non_finite = allow_non_finite;
    options.threads = threads;
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
  bool check_signals, attention;
};

// The options as C has them. @param calls receives the callbacks, and both must outlive it
inline sharpeye_caption_options caption_options(const Options& given, Calls& calls) {
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
  options.attention = given.attention ? 1 : 0;
  return options;
}

// Of each glance: (glance, the bytes of the probabilities, [layers, heads, tokens, keys], visual keys, their boxes).
inline nb::tuple attention_of(const sharpeye_caption* caption) {
  nb::list all;
  for (std::size_t i = 0; i < sharpeye_caption_num_attentions(caption); ++i) {
    sharpeye_attention one{};
    one.struct_size = sizeof one;
    Error error;
    sharpeye_caption_attention(caption, i, &one, &error);
    error.check();
    const auto size = static_cast<std::size_t>(one.layers * one.heads * one.tokens * one.keys) * sizeof(float);
    nb::list keys, boxes;
    for (std::int64_t key = 0; key < one.num_visual; ++key) {
      const double* box = one.boxes + 4 * key;
      keys.append(one.visual_keys[key]);
      boxes.append(nb::make_tuple(box[0], box[1], box[2], box[3]));
    }
    all.append(nb::make_tuple(one.glance, nb::bytes(reinterpret_cast<const char*>(one.values), size),
                              nb::make_tuple(one.layers, one.heads, one.tokens, one.keys), nb::tuple(keys),
                              nb::tuple(boxes)));
  }
  return nb::tuple(all);
}

// (initial, refined, glances, deadline_passed, initial ids, refined ids, initial confidence, refined confidence,
// timings, attention); a confidence is (value or None, log-probabilities, words with their probabilities)
inline nb::tuple to_tuple(const sharpeye_caption* caption) {
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
                                       t.pass2_prefill, t.pass2_decode, t.total),
                        attention_of(caption));
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

/// Adds the class Stream to the module.
void add_stream(nb::module_& m);

}  // namespace binding
