/* Streams of frames through the C interface: both captions of each frame, in live mode too, and bad input. */

#define TEST_FILE "c_streams_test.c"
#include "check.h"

enum { kWidth = 24, kHeight = 18, kBytes = 3 * kWidth * kHeight };

static void paint(unsigned char* pixels, unsigned seed) {
  for (int i = 0; i < kBytes; ++i) pixels[i] = (unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
}

static sharpeye_image image_of(const unsigned char* pixels) {
  const sharpeye_image image = {
      .struct_size = sizeof image, .data = pixels, .size = kBytes, .width = kWidth, .height = kHeight};
  return image;
}

/* What a stream said: "FRAME@SECONDS initial|refined[ last] CAPTION", a line each. */
struct heard {
  char text[8000];
  int captions, errors, stop_at, polls, stop_poll;
  sharpeye_stream* stream;
};

static void append(char* text, size_t capacity, const char* line) {
  const size_t used = strlen(text);
  snprintf(text + used, capacity - used, "%s\n", line);
}

static void say(char* line, size_t size, unsigned long frame, double seconds, int is_refined, int is_last,
                const char* caption) {
  snprintf(line, size, "%lu@%g %s%s %s", frame, seconds, is_refined ? "refined" : "initial", is_last ? " last" : "",
           caption);
}

static int32_t on_caption(void* user, const sharpeye_stream_caption* one) {
  struct heard* heard = user;
  char line[400];
  CHECK(one->struct_size == sizeof *one);
  say(line, sizeof line, (unsigned long)one->frame, one->seconds, one->is_refined, one->is_last,
      sharpeye_caption_refined(one->caption, NULL));
  append(heard->text, sizeof heard->text, line);
  CHECK(sharpeye_caption_glances(one->caption) == (one->is_refined ? 2 : 1));
  CHECK(sharpeye_caption_refined_confidence(one->caption) > 0);
  if (heard->stream != NULL) {
    /* A callback may ask how far the stream is, and call nothing else. */
    static unsigned char pixels[kBytes];
    const sharpeye_image image = image_of(pixels);
    sharpeye_error inner = {.struct_size = sizeof inner};
    sharpeye_stream_counts counts = {.struct_size = sizeof counts};
    CHECK(sharpeye_stream_read_counts(heard->stream, &counts, &inner) == SHARPEYE_OK && counts.frames > one->frame);
    CHECK(sharpeye_stream_push(heard->stream, &image, 0, &inner) == SHARPEYE_INVALID_ARGUMENT);
    CHECK(strstr(inner.text, "from its own callback") != NULL);
    CHECK(sharpeye_stream_wait(heard->stream, -1, NULL, &inner) == SHARPEYE_INVALID_ARGUMENT);
  }
  return ++heard->captions == heard->stop_at ? SHARPEYE_STOP : SHARPEYE_CONTINUE;
}

static int32_t on_error(void* user, uint64_t frame, const sharpeye_error* problem) {
  struct heard* heard = user;
  CHECK(problem->struct_size == sizeof *problem && problem->status != SHARPEYE_OK && problem->text[0] != '\0');
  char line[400];
  snprintf(line, sizeof line, "%lu: %.300s", (unsigned long)frame, problem->text);
  append(heard->text, sizeof heard->text, line);
  ++heard->errors;
  return SHARPEYE_CONTINUE;
}

static int32_t on_poll(void* user) {
  struct heard* heard = user;
  return ++heard->polls == heard->stop_poll ? SHARPEYE_STOP : SHARPEYE_CONTINUE;
}

static const sharpeye_captioner_options one_thread = {.struct_size = sizeof one_thread, .threads = 1};

static sharpeye_stream_options options_for(struct heard* heard) {
  const sharpeye_stream_options options = {.struct_size = sizeof options,
                                           .captioner = &one_thread,
                                           .on_caption = on_caption,
                                           .on_error = on_error,
                                           .user = heard};
  return options;
}

static sharpeye_stream* new_stream(const sharpeye_model* model, const sharpeye_stream_options* options) {
  sharpeye_stream* stream = NULL;
  if (!CHECK(sharpeye_stream_new(model, options, &stream, &error) == SHARPEYE_OK)) {
    fprintf(stderr, "%s\n", error.text);
    exit(1);
  }
  return stream;
}

static sharpeye_stream_counts counts_of(const sharpeye_stream* stream) {
  sharpeye_stream_counts counts = {.struct_size = sizeof counts};
  CHECK(sharpeye_stream_read_counts(stream, &counts, &error) == SHARPEYE_OK);
  return counts;
}

/* The captions are those of single calls, from pixels and from files; the initial one comes first. */
static void test_captions(const sharpeye_model* model) {
  sharpeye_captioner* captioner = NULL;
  CHECK(sharpeye_captioner_new(model, &one_thread, &captioner, &error) == SHARPEYE_OK);
  struct heard heard = {.captions = 0}, expected = {.captions = 0};
  const sharpeye_stream_options options = options_for(&heard);
  sharpeye_stream* stream = new_stream(model, &options);
  heard.stream = stream;
  for (unsigned i = 0; i < 3; ++i) {
    unsigned char pixels[kBytes];
    paint(pixels, i);
    const sharpeye_image image = image_of(pixels);
    char ppm[kBytes + 32];
    const int head = sprintf(ppm, "P6\n%d %d\n255\n", kWidth, kHeight);
    memcpy(ppm + head, pixels, kBytes);
    sharpeye_caption* caption = NULL;
    CHECK(sharpeye_caption_pixels(captioner, &image, NULL, &caption, &error) == SHARPEYE_OK);
    char line[400];
    say(line, sizeof line, i, i / 2.0, 0, 0, sharpeye_caption_initial(caption, NULL));
    append(expected.text, sizeof expected.text, line);
    say(line, sizeof line, i, i / 2.0, 1, 1, sharpeye_caption_refined(caption, NULL));
    append(expected.text, sizeof expected.text, line);
    sharpeye_caption_free(caption);
    if (i == 1) {
      CHECK(sharpeye_stream_push_encoded(stream, ppm, (size_t)head + kBytes, i / 2.0, &error) == SHARPEYE_OK);
    } else {
      CHECK(sharpeye_stream_push(stream, &image, i / 2.0, &error) == SHARPEYE_OK);
    }
    CHECK(heard.captions == 2 * (int)i + 2); /* a push waits where it is not live */
  }
  int32_t is_done = 9;
  CHECK(sharpeye_stream_wait(stream, 0, &is_done, &error) == SHARPEYE_OK && is_done == 1);
  CHECK(strcmp(heard.text, expected.text) == 0);
  const sharpeye_stream_counts counts = counts_of(stream);
  CHECK(counts.frames == 3 && counts.captioned == 3 && counts.refined == 3 && counts.skipped == 0);
  sharpeye_stream_free(stream);
  sharpeye_captioner_free(captioner);
}

static void test_live(const sharpeye_model* model) {
  struct heard heard = {.captions = 0};
  sharpeye_stream_options options = options_for(&heard);
  options.live = 1;
  sharpeye_stream* stream = new_stream(model, &options);
  heard.stream = stream;
  for (unsigned i = 0; i < 40; ++i) {
    unsigned char pixels[kBytes]; /* gone when the push returns */
    paint(pixels, i);
    const sharpeye_image image = image_of(pixels);
    CHECK(sharpeye_stream_push(stream, &image, i, &error) == SHARPEYE_OK);
  }
  int32_t is_done = 0;
  while (is_done == 0) CHECK(sharpeye_stream_wait(stream, 5, &is_done, &error) == SHARPEYE_OK);
  const sharpeye_stream_counts counts = counts_of(stream);
  CHECK(counts.frames == 40 && counts.captioned + counts.dropped == 40 && counts.captioned >= 1 && counts.failed == 0);
  CHECK((uint64_t)heard.captions == 2 * counts.captioned);
  CHECK(strstr(heard.text, "39@39 refined last ") != NULL); /* nothing came behind the last */
  CHECK(sharpeye_stream_wait(stream, -1, NULL, &error) == SHARPEYE_OK);
  sharpeye_stream_free(stream);

  /* The end of a stream gives up what it is at. */
  const sharpeye_caption_options endless = {.struct_size = sizeof endless, .glances = 100000};
  options.caption = &endless;
  options.always_refine = 1;
  heard.stream = NULL;
  stream = new_stream(model, &options);
  unsigned char pixels[kBytes];
  paint(pixels, 1);
  const sharpeye_image image = image_of(pixels);
  CHECK(sharpeye_stream_push(stream, &image, 0, &error) == SHARPEYE_OK);
  CHECK(sharpeye_stream_wait(stream, 20, &is_done, &error) == SHARPEYE_OK && is_done == 0);
  sharpeye_stream_free(stream);
}

static void test_choice_of_frames(const sharpeye_model* model) {
  struct heard heard = {.captions = 0};
  const sharpeye_caption_options once = {.struct_size = sizeof once, .glances = 1, .max_new_tokens = 2};
  sharpeye_stream_options options = options_for(&heard);
  options.caption = &once;
  options.period = 2;
  options.change_threshold = 0.06;
  sharpeye_stream* stream = new_stream(model, &options);
  static const unsigned seeds[] = {1, 2, 1, 3, 3, 4};
  for (unsigned i = 0; i < 6; ++i) {
    unsigned char pixels[kBytes];
    paint(pixels, seeds[i]);
    const sharpeye_image image = image_of(pixels);
    CHECK(sharpeye_stream_push(stream, &image, i, &error) == SHARPEYE_OK);
  }
  const sharpeye_stream_counts counts = counts_of(stream); /* 0 is captioned, 2 is the same, 4 is captioned */
  CHECK(counts.captioned == 2 && counts.skipped == 4 && counts.refined == 0 && heard.captions == 4);
  CHECK(strstr(heard.text, "4@4 initial last ") != NULL);
  sharpeye_stream_free(stream);
}

static void test_stops(const sharpeye_model* model) {
  unsigned char pixels[kBytes];
  paint(pixels, 1);
  const sharpeye_image image = image_of(pixels);
  for (int stop_at = 1; stop_at <= 2; ++stop_at) {
    struct heard heard = {.stop_at = stop_at};
    sharpeye_stream_options options = options_for(&heard);
    sharpeye_stream* stream = new_stream(model, &options);
    REFUSED(sharpeye_stream_push(stream, &image, 0, &error), SHARPEYE_CANCELLED, "cancelled");
    CHECK(heard.captions == stop_at && heard.errors == 0);
    REFUSED(sharpeye_stream_push(stream, &image, 1, &error), SHARPEYE_CANCELLED, "cancelled");
    REFUSED(sharpeye_stream_wait(stream, -1, NULL, &error), SHARPEYE_CANCELLED, "cancelled");
    CHECK(heard.captions == stop_at);
    sharpeye_stream_free(stream);

    heard = (struct heard){.stop_at = stop_at};
    options.live = 1;
    stream = new_stream(model, &options);
    CHECK(sharpeye_stream_push(stream, &image, 0, &error) == SHARPEYE_OK);
    REFUSED(sharpeye_stream_wait(stream, -1, NULL, &error), SHARPEYE_CANCELLED, "cancelled");
    CHECK(heard.captions == stop_at);
    sharpeye_stream_free(stream);
  }
  for (int poll = 1; poll < 12; ++poll) {
    struct heard heard = {.stop_poll = poll};
    sharpeye_stream_options options = options_for(&heard);
    const sharpeye_caption_options polled = {.struct_size = sizeof polled, .on_poll = on_poll, .user = &heard};
    options.caption = &polled;
    sharpeye_stream* stream = new_stream(model, &options);
    REFUSED(sharpeye_stream_push(stream, &image, 0, &error), SHARPEYE_CANCELLED, "cancelled");
    CHECK(heard.polls == poll);
    sharpeye_stream_free(stream);
  }
}

static void test_deadlines(const sharpeye_model* model) {
  struct heard heard = {.captions = 0};
  const sharpeye_caption_options soon = {.struct_size = sizeof soon, .glances = 100000, .deadline_ms = 500};
  sharpeye_stream_options options = options_for(&heard);
  options.caption = &soon;
  options.on_caption = NULL;
  sharpeye_stream* stream = new_stream(model, &options);
  for (unsigned i = 0; i < 3; ++i) { /* it is each frame's own */
    unsigned char pixels[kBytes];
    paint(pixels, i);
    const sharpeye_image image = image_of(pixels);
    CHECK(sharpeye_stream_push(stream, &image, i, &error) == SHARPEYE_OK);
    CHECK(counts_of(stream).captioned == i + 1);
  }
  CHECK(counts_of(stream).refined == 3);
  sharpeye_stream_free(stream);
}

static void test_bad_input(const sharpeye_model* model) {
  struct heard heard = {.captions = 0};
  sharpeye_stream_options options = options_for(&heard);
  sharpeye_stream* stream = NULL;
#define REFUSED_STREAM(change, status, part)                                        \
  do {                                                                              \
    sharpeye_stream_options wrong = options;                                        \
    wrong.change;                                                                   \
    REFUSED(sharpeye_stream_new(model, &wrong, &stream, &error), (status), (part)); \
    CHECK(stream == NULL);                                                          \
  } while (0)
  const sharpeye_captioner_options many = {.struct_size = sizeof many, .threads = 257};
  const sharpeye_caption_options given = {.struct_size = sizeof given, .initial = "a cube"};
  const sharpeye_caption_options beams = {.struct_size = sizeof beams, .beams = 65};
  const sharpeye_caption_options sizeless = {.beams = 1};
  REFUSED_STREAM(struct_size = 8, SHARPEYE_INVALID_ARGUMENT, "options: expected its sizeof");
  REFUSED_STREAM(period = -1, SHARPEYE_INVALID_ARGUMENT, "period: ");
  REFUSED_STREAM(change_threshold = 1.5, SHARPEYE_INVALID_ARGUMENT, "threshold: ");
  REFUSED_STREAM(captioner = &many, SHARPEYE_INVALID_ARGUMENT, "256");
  REFUSED_STREAM(caption = &given, SHARPEYE_INVALID_ARGUMENT, "caption: expected no on_initial and no initial");
  REFUSED_STREAM(caption = &beams, SHARPEYE_CONFIG, "num_beams");
  REFUSED_STREAM(caption = &sizeless, SHARPEYE_INVALID_ARGUMENT, "caption: expected its sizeof");
  REFUSED(sharpeye_stream_new(NULL, &options, &stream, &error), SHARPEYE_INVALID_ARGUMENT, "model: ");
  REFUSED(sharpeye_stream_new(model, &options, NULL, &error), SHARPEYE_INVALID_ARGUMENT, "stream: ");

  /* What is wrong with a frame is said; the stream goes on. */
  stream = new_stream(model, &options);
  unsigned char pixels[kBytes];
  paint(pixels, 1);
  sharpeye_image image = image_of(pixels);
  image.size -= 1;
  REFUSED(sharpeye_stream_push(stream, &image, 0, &error), SHARPEYE_INVALID_ARGUMENT, "image: expected a size");
  image.size += 1;
  REFUSED(sharpeye_stream_push(stream, &image, 0.0 / 0.0, &error), SHARPEYE_INVALID_ARGUMENT, "seconds: ");
  REFUSED(sharpeye_stream_push(stream, NULL, 0, &error), SHARPEYE_INVALID_ARGUMENT, "image: ");
  REFUSED(sharpeye_stream_push(NULL, &image, 0, &error), SHARPEYE_INVALID_ARGUMENT, "stream: ");
  REFUSED(sharpeye_stream_push_encoded(stream, "hello", 5, 0, &error), SHARPEYE_UNSUPPORTED, "image: ");
  REFUSED(sharpeye_stream_push_encoded(stream, NULL, 5, 0, &error), SHARPEYE_INVALID_ARGUMENT, "bytes: ");
  REFUSED(sharpeye_stream_wait(NULL, 0, NULL, &error), SHARPEYE_INVALID_ARGUMENT, "stream: ");
  REFUSED(sharpeye_stream_read_counts(stream, NULL, &error), SHARPEYE_INVALID_ARGUMENT, "counts: ");
  CHECK(counts_of(stream).frames == 0);
  CHECK(sharpeye_stream_push(stream, &image, 0, &error) == SHARPEYE_OK && heard.captions == 2 && heard.errors == 0);
  sharpeye_stream_free(stream);

  char prompt[4000] = "<image>";
  memset(prompt + 7, 'x', sizeof prompt - 8); /* longer than the model's positions, which each frame says */
  const sharpeye_caption_options asked = {.struct_size = sizeof asked, .prompt = prompt};
  options.caption = &asked;
  stream = new_stream(model, &options);
  memset(prompt, 0, sizeof prompt); /* texts are not kept */
  CHECK(sharpeye_stream_push(stream, &image, 0, &error) == SHARPEYE_OK);
  CHECK(heard.errors == 1 && strstr(heard.text, "0: prompt: expected less than max_position_embeddings") != NULL);
  CHECK(counts_of(stream).failed == 1);
  sharpeye_stream_free(stream);

  stream = new_stream(model, NULL); /* nobody listens */
  CHECK(sharpeye_stream_push(stream, &image, 0, &error) == SHARPEYE_OK && counts_of(stream).refined == 1);
  sharpeye_stream_free(stream);
  sharpeye_stream_free(NULL);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: c_streams_test MODEL\n", stderr);
    return 2;
  }
  folder = argv[1];
  sharpeye_model* model = load();
  test_captions(model);
  test_live(model);
  test_choice_of_frames(model);
  test_stops(model);
  test_deadlines(model);
  test_bad_input(model);
  sharpeye_model_free(model);
  return end();
}
