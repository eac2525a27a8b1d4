/// @file
/// sharpeye._core.Stream: captions of frames, by c_api.h.

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "binding.hpp"

namespace binding {
namespace {

class Stream {
 public:
  Stream(const Model& model, std::int32_t threads, std::int32_t aspect, std::int32_t turn, std::uint64_t max_pixels,
         double period, double change_threshold, bool live, bool always_refine, const Options& given,
         nb::object on_caption, nb::object on_error)
      : state_(std::make_unique<State>()) {
    state_->on_caption = std::move(on_caption);
    state_->on_error = std::move(on_error);
    sharpeye_captioner_options captioner{};
    captioner.struct_size = sizeof captioner;
    captioner.threads = threads;
    captioner.aspect = aspect;
    captioner.turn = turn;
    captioner.max_pixels = max_pixels;
    const sharpeye_caption_options caption = caption_options(given, state_->calls);
    sharpeye_stream_options options{};
    options.struct_size = sizeof options;
    options.period = period;
    options.change_threshold = change_threshold;
    options.live = live;
    options.always_refine = always_refine;
    options.captioner = &captioner;
    options.caption = &caption;
    options.on_caption = State::said;
    options.on_error = state_->on_error.is_none() ? nullptr : State::failed;
    options.user = state_.get();
    Error error;
    sharpeye_stream_new(model.handle, &options, &state_->handle, &error);
    error.check();
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    // A callback that drops the last reference to its own stream cannot wait for its thread.
    if (state_->is_speaking()) {
      static_cast<void>(state_.release());
    } else {
      close();
    }
  }

  void close() {
    if (state_->is_speaking()) throw nb::value_error("stream: expected no close() from its own callback");
    sharpeye_stream* handle = std::exchange(state_->handle, nullptr);
    {
      const nb::gil_scoped_release release;  // its thread may be in a callback
      sharpeye_stream_free(handle);
    }
    state_->on_caption = nb::none();
    state_->on_error = nb::none();
    state_->calls.on_token = nb::none();
  }

  /// For Python's collector of cycles: a callback may refer to its stream, as one that uses a global variable does.
  static int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    if (!nb::inst_ready(self)) return 0;
    const State& state = *nb::inst_ptr<Stream>(self)->state_;
    for (const nb::object* object : {&state.on_caption, &state.on_error, &state.calls.on_token}) {
      Py_VISIT(object->ptr());
    }
    return 0;
  }
  static int clear(PyObject* self) {
    Stream& stream = *nb::inst_ptr<Stream>(self);
    if (!stream.state_->is_speaking()) stream.close();
    return 0;
  }

  void encoded(nb::handle object, double seconds) {
    const Bytes bytes(object);
    const auto size = static_cast<std::size_t>(bytes.buffer.len);
    run([&](sharpeye_error* error) {
      sharpeye_stream_push_encoded(state_->handle, size == 0 ? "" : bytes.buffer.buf, size, seconds, error);
    });
  }
  void pixels(const Array& array, bool is_bgr, std::int32_t orientation, double seconds) {
    const Pixels pixels(array, is_bgr, orientation);
    run([&](sharpeye_error* error) { sharpeye_stream_push(state_->handle, &pixels.image, seconds, error); });
  }
  bool wait(std::int32_t milliseconds) {
    std::int32_t is_done = 0;
    run([&](sharpeye_error* error) { sharpeye_stream_wait(state_->handle, milliseconds, &is_done, error); });
    return is_done != 0;
  }
  nb::tuple counts() const {
    sharpeye_stream_counts c{};
    c.struct_size = sizeof c;
    Error error;
    sharpeye_stream_read_counts(state_->handle, &c, &error);
    error.check();
    return nb::make_tuple(c.frames, c.skipped, c.dropped, c.captioned, c.refined, c.failed);
  }

 private:
  // What the callbacks see.
  struct State {
    bool is_speaking() const { return speaker.load() == std::this_thread::get_id(); }

    template <class Body>
    std::int32_t speak(const Body& body) {
      speaker = std::this_thread::get_id();
      const std::int32_t answer = calls.guarded(body);
      speaker = std::thread::id();
      return answer;
    }
    static std::int32_t said(void* self, const sharpeye_stream_caption* one) {
      State& state = *static_cast<State*>(self);
      return state.speak([&] {
        return state
                   .on_caption(one->frame, one->seconds, one->is_refined != 0, one->is_last != 0,
                               to_tuple(one->caption))
                   .ptr() != Py_False;
      });
    }
    static std::int32_t failed(void* self, std::uint64_t frame, const sharpeye_error* problem) {
      State& state = *static_cast<State*>(self);
      return state.speak([&] { return state.on_error(frame, exception_of(*problem)).ptr() != Py_False; });
    }

    sharpeye_stream* handle = nullptr;
    nb::object on_caption, on_error;
    Calls calls;
    std::atomic<std::thread::id> speaker{};
  };

  // `call(error)` without the GIL; raises what a callback raised.
  template <class Call>
  void run(const Call& call) {
    if (state_->handle == nullptr) throw nb::value_error("stream: expected an open one, actual one that is closed");
    Error error;
    {
      const nb::gil_scoped_release release;
      call(&error);
    }
    if (state_->calls.raised) {
      nb::python_error raised = std::move(*state_->calls.raised);
      state_->calls.raised.reset();
      throw raised;
    }
    error.check();
  }

  std::unique_ptr<State> state_;
};

}  // namespace

void add_stream(nb::module_& m) {
  static PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(&Stream::traverse)},
                                {Py_tp_clear, reinterpret_cast<void*>(&Stream::clear)},
                                {0, nullptr}};
  nb::class_<Stream>(m, "Stream", nb::type_slots(slots))
      .def(nb::init<const Model&, std::int32_t, std::int32_t, std::int32_t, std::uint64_t, double, double, bool, bool,
                    const Options&, nb::object, nb::object>(),
           "model"_a, "threads"_a, "aspect"_a, "turn"_a, "max_pixels"_a, "period"_a, "change_threshold"_a, "live"_a,
           "always_refine"_a, "options"_a, "on_caption"_a, "on_error"_a.none())
      .def("encoded", &Stream::encoded, "data"_a, "seconds"_a)
      .def("pixels", &Stream::pixels, "array"_a.noconvert(), "is_bgr"_a, "orientation"_a, "seconds"_a)
      .def("wait", &Stream::wait, "milliseconds"_a)
      .def("counts", &Stream::counts)
      .def("close", &Stream::close);
}

}  // namespace binding
