/* The C interface as a C11 program uses it: captions from files, bytes and pixels, callbacks, scores, and bad input. */

#define TEST_FILE "c_api_test.c"
#include "check.h"

static char image_path[1024];

static sharpeye_captioner* new_captioner(const sharpeye_model* model) {
  sharpeye_captioner* captioner = NULL;
  const sharpeye_captioner_options options = {.struct_size = sizeof options, .threads = 2};
  if (!CHECK(sharpeye_captioner_new(model, &options, &captioner, &error) == SHARPEYE_OK)) exit(1);
  return captioner;
}

static unsigned char* read_bytes(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  unsigned char* bytes = malloc(1 << 20);
  if (file == NULL || bytes == NULL) exit(1);
  *size = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  return bytes;
}

static void same_caption(const sharpeye_caption* left, const sharpeye_caption* right, int line) {
  check(strcmp(sharpeye_caption_initial(left, NULL), sharpeye_caption_initial(right, NULL)) == 0, "initial", line);
  check(strcmp(sharpeye_caption_refined(left, NULL), sharpeye_caption_refined(right, NULL)) == 0, "refined", line);
}

static void test_library(void) {
  CHECK(sharpeye_c_abi() == SHARPEYE_C_ABI);
  CHECK(strchr(sharpeye_version(), '.') != NULL);
  for (sharpeye_status status = SHARPEYE_OK; status <= SHARPEYE_INTERNAL; ++status) {
    CHECK(strcmp(sharpeye_status_name(status), "unknown") != 0);
  }
  CHECK(strcmp(sharpeye_status_name(-1), "unknown") == 0);
  CHECK(strcmp(sharpeye_status_name(SHARPEYE_INTERNAL + 1), "unknown") == 0);
}

static void test_a_file_and_its_bytes(sharpeye_captioner* captioner) {
  sharpeye_caption *of_file = NULL, *of_bytes = NULL;
  CHECK(sharpeye_caption_file(captioner, image_path, NULL, &of_file, &error) == SHARPEYE_OK);
  CHECK(error.status == SHARPEYE_OK && error.text[0] == '\0');
  size_t size = 0, count = 0;
  CHECK(strlen(sharpeye_caption_initial(of_file, &size)) == size && size > 0);
  CHECK(sharpeye_caption_initial_ids(of_file, &count) != NULL && count > 1);
  CHECK(sharpeye_caption_refined_ids(of_file, &count) != NULL && count > 1);
  CHECK(sharpeye_caption_glances(of_file) == 2);
  const double confidence = sharpeye_caption_refined_confidence(of_file);
  CHECK(confidence > 0 && confidence <= 1 && sharpeye_caption_initial_confidence(of_file) > 0);
  size_t tokens = 0;
  const float* logs = sharpeye_caption_refined_log_probabilities(of_file, &tokens);
  CHECK(tokens == count && logs[0] <= 0);
  CHECK(sharpeye_caption_initial_log_probabilities(of_file, &tokens) != NULL && tokens > 1);
  size_t words = 0, letters = 0;
  double probability = 9;
  for (const char* word; (word = sharpeye_caption_refined_word(of_file, words, &probability)) != NULL; ++words) {
    CHECK(probability >= 0 && probability <= 1);
    CHECK(strstr(sharpeye_caption_refined(of_file, NULL), word) != NULL);
    letters += strlen(word);
  }
  CHECK(words > 0 && letters > 0 && probability == 0);
  CHECK(sharpeye_caption_initial_word(of_file, 0, NULL) != NULL);
  CHECK(sharpeye_caption_deadline_passed(of_file) == 0);

  sharpeye_timings timings = {.struct_size = sizeof timings};
  CHECK(sharpeye_caption_timings(of_file, &timings, &error) == SHARPEYE_OK);
  const double sum = timings.image + timings.vision + timings.connector + timings.pass1_prefill + timings.pass1_decode +
                     timings.ser_connector + timings.pass2_prefill + timings.pass2_decode;
  CHECK(timings.vision > 0 && sum > 0 && timings.total >= 0.99 * sum);

  unsigned char* bytes = read_bytes(image_path, &size);
  CHECK(sharpeye_caption_encoded(captioner, bytes, size, NULL, &of_bytes, &error) == SHARPEYE_OK);
  same_caption(of_file, of_bytes, __LINE__);
  free(bytes);
  sharpeye_caption_free(of_file);
  sharpeye_caption_free(of_bytes);
}

/* What each token attended to: rows of probabilities, and visual tokens that have their place in the image. */
static void test_attention(sharpeye_captioner* captioner) {
  sharpeye_caption *plain = NULL, *caption = NULL;
  sharpeye_caption_options options = {.struct_size = sizeof options, .attention = 1};
  CHECK(sharpeye_caption_file(captioner, image_path, NULL, &plain, &error) == SHARPEYE_OK);
  CHECK(sharpeye_caption_file(captioner, image_path, &options, &caption, &error) == SHARPEYE_OK);
  same_caption(plain, caption, __LINE__);
  CHECK(sharpeye_caption_num_attentions(plain) == 0 && sharpeye_caption_num_attentions(NULL) == 0);
  CHECK(sharpeye_caption_num_attentions(caption) == 2);
  for (size_t index = 0; index < 2; ++index) {
    sharpeye_attention it = {.struct_size = sizeof it};
    CHECK(sharpeye_caption_attention(caption, index, &it, &error) == SHARPEYE_OK);
    size_t tokens = 0;
    if (index == 0) sharpeye_caption_initial_ids(caption, &tokens);
    if (index == 1) sharpeye_caption_refined_ids(caption, &tokens);
    CHECK(it.glance == (int32_t)index + 1 && it.tokens == (int64_t)tokens && it.layers > 0 && it.heads > 0);
    CHECK(it.num_visual > 0 && it.num_visual < it.keys);
    for (int64_t row = 0; row < it.layers * it.heads * it.tokens; ++row) {
      double sum = 0;
      for (int64_t key = 0; key < it.keys; ++key) sum += it.values[row * it.keys + key];
      CHECK(sum > 0.9999 && sum < 1.0001);
    }
    double area = 0;
    for (int64_t i = 0; i < it.num_visual; ++i) {
      CHECK(it.visual_keys[i] >= 0 && it.visual_keys[i] < it.keys);
      area += it.boxes[4 * i + 2] * it.boxes[4 * i + 3];
    }
    CHECK(area > 0);
  }
  sharpeye_attention one = {.struct_size = sizeof one};
  REFUSED(sharpeye_caption_attention(caption, 2, &one, &error), SHARPEYE_INVALID_ARGUMENT,
          "index: expected less than 2");
  REFUSED(sharpeye_caption_attention(NULL, 0, &one, &error), SHARPEYE_INVALID_ARGUMENT, "caption: ");
  REFUSED(sharpeye_caption_attention(caption, 0, NULL, &error), SHARPEYE_INVALID_ARGUMENT, "attention: ");
  sharpeye_caption_free(plain);
  sharpeye_caption_free(caption);
  options.attention = 2;
  REFUSED(sharpeye_caption_file(captioner, image_path, &options, &caption, &error), SHARPEYE_INVALID_ARGUMENT,
          "attention: expected 0 or 1");
  /* A program that was compiled before there was attention. */
  options = (sharpeye_caption_options){.struct_size = 72, .glances = 1, .attention = 1};
  CHECK(sharpeye_caption_file(captioner, image_path, &options, &caption, &error) == SHARPEYE_OK);
  CHECK(sharpeye_caption_num_attentions(caption) == 0);
  sharpeye_caption_free(caption);
}

enum { kWidth = 24, kHeight = 18 };

/* The same picture in every order of channels, with and without gaps between rows, gives the same captions. */
static void test_pixels(sharpeye_captioner* captioner) {
  static const struct {
    int format, bytes, red, green, blue;
  } orders[] = {
      {SHARPEYE_RGB, 3, 0, 1, 2}, {SHARPEYE_BGR, 3, 2, 1, 0}, {SHARPEYE_RGBA, 4, 0, 1, 2}, {SHARPEYE_BGRA, 4, 2, 1, 0}};
  unsigned char ppm[64 + 3 * kWidth * kHeight];
  const int head = sprintf((char*)ppm, "P6\n%d %d\n255\n", kWidth, kHeight);
  unsigned seed = 7;
  for (int i = 0; i < 3 * kWidth * kHeight; ++i) ppm[head + i] = (unsigned char)((seed = seed * 1664525u + 1u) >> 24);
  sharpeye_caption* expected = NULL;
  CHECK(sharpeye_caption_encoded(captioner, ppm, (size_t)head + 3 * kWidth * kHeight, NULL, &expected, &error) ==
        SHARPEYE_OK);
  for (size_t i = 0; i < sizeof orders / sizeof orders[0]; ++i) {
    for (int gap = 0; gap <= 5; gap += 5) {
      const int stride = kWidth * orders[i].bytes + gap;
      /* Exactly as long as the picture: a sanitizer sees any byte that is read behind it. */
      const size_t size = (size_t)(stride * (kHeight - 1) + kWidth * orders[i].bytes);
      unsigned char* data = calloc(size, 1);
      if (data == NULL) exit(1);
      for (int y = 0; y < kHeight; ++y) {
        for (int x = 0; x < kWidth; ++x) {
          const unsigned char* from = ppm + head + 3 * (y * kWidth + x);
          unsigned char* to = data + y * stride + x * orders[i].bytes;
          to[orders[i].red] = from[0];
          to[orders[i].green] = from[1];
          to[orders[i].blue] = from[2];
        }
      }
      sharpeye_image image = {.struct_size = sizeof image,
                              .data = data,
                              .size = size,
                              .width = kWidth,
                              .height = kHeight,
                              .stride = gap == 0 ? 0 : stride,
                              .format = orders[i].format};
      sharpeye_caption* caption = NULL;
      CHECK(sharpeye_caption_pixels(captioner, &image, NULL, &caption, &error) == SHARPEYE_OK);
      same_caption(caption, expected, __LINE__);
      sharpeye_caption_free(caption);

      image.size = size - 1;
      REFUSED(sharpeye_caption_pixels(captioner, &image, NULL, &caption, &error), SHARPEYE_INVALID_ARGUMENT,
              "image: expected a size of at least");
      CHECK(caption == NULL);
      free(data);
    }
  }
  unsigned char grey[kWidth * kHeight], rgb[3 * kWidth * kHeight];
  for (int i = 0; i < kWidth * kHeight; ++i) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey[i] = ppm[head + i];
  const sharpeye_image one = {.struct_size = sizeof one,
                              .data = grey,
                              .size = sizeof grey,
                              .width = kWidth,
                              .height = kHeight,
                              .format = SHARPEYE_GREY};
  const sharpeye_image three = {
      .struct_size = sizeof three, .data = rgb, .size = sizeof rgb, .width = kWidth, .height = kHeight};
  sharpeye_caption *of_one = NULL, *of_three = NULL;
  CHECK(sharpeye_caption_pixels(captioner, &one, NULL, &of_one, &error) == SHARPEYE_OK);
  CHECK(sharpeye_caption_pixels(captioner, &three, NULL, &of_three, &error) == SHARPEYE_OK);
  same_caption(of_one, of_three, __LINE__);
  sharpeye_caption_free(of_one);
  sharpeye_caption_free(of_three);
  sharpeye_caption_free(expected);
}

static void test_bad_images(sharpeye_captioner* captioner) {
  unsigned char pixels[3 * 4 * 4] = {0};
  const sharpeye_image good = {
      .struct_size = sizeof good, .data = pixels, .size = sizeof pixels, .width = 4, .height = 4};
  sharpeye_caption* caption = NULL;
#define REFUSED_IMAGE(change, part)                                                                               \
  do {                                                                                                            \
    sharpeye_image image = good;                                                                                  \
    image.change;                                                                                                 \
    REFUSED(sharpeye_caption_pixels(captioner, &image, NULL, &caption, &error), SHARPEYE_INVALID_ARGUMENT, part); \
  } while (0)
  REFUSED_IMAGE(struct_size = 0, "image: expected its sizeof");
  REFUSED_IMAGE(data = NULL, "actual a null pointer");
  REFUSED_IMAGE(width = 0, "actual 0 x 4");
  REFUSED_IMAGE(width = -4, "actual -4 x 4");
  REFUSED_IMAGE(height = 0, "actual 4 x 0");
  REFUSED_IMAGE(width = INT64_MAX, "expected sides of 1 to");
  REFUSED_IMAGE(height = INT64_MIN, "expected sides of 1 to");
  REFUSED_IMAGE(stride = 11, "expected a stride of at least 12");
  REFUSED_IMAGE(stride = -12, "expected a stride of at least 12");
  REFUSED_IMAGE(stride = INT64_MAX, "expected a size of at least");
  REFUSED_IMAGE(format = 5, "expected a format");
  REFUSED_IMAGE(format = -1, "expected a format");
  REFUSED_IMAGE(orientation = 9, "orientation of 1 to 8");
  REFUSED_IMAGE(size = 0, "expected a size of at least 48 bytes");
  REFUSED(sharpeye_caption_pixels(captioner, NULL, NULL, &caption, &error), SHARPEYE_INVALID_ARGUMENT, "image: ");
  REFUSED(sharpeye_caption_pixels(NULL, &good, NULL, &caption, &error), SHARPEYE_INVALID_ARGUMENT, "captioner: ");
  REFUSED(sharpeye_caption_pixels(captioner, &good, NULL, NULL, &error), SHARPEYE_INVALID_ARGUMENT, "caption: ");
  REFUSED(sharpeye_caption_file(captioner, NULL, NULL, &caption, &error), SHARPEYE_INVALID_ARGUMENT, "path: ");
  REFUSED(sharpeye_caption_file(captioner, "no/such.png", NULL, &caption, &error), SHARPEYE_FILE_NOT_FOUND,
          "no/such.png");
  REFUSED(sharpeye_caption_file(captioner, folder, NULL, &caption, &error), SHARPEYE_FILE_ACCESS, folder);
  REFUSED(sharpeye_caption_encoded(captioner, NULL, 9, NULL, &caption, &error), SHARPEYE_INVALID_ARGUMENT, "bytes: ");
  REFUSED(sharpeye_caption_encoded(captioner, "", 0, NULL, &caption, &error), SHARPEYE_UNSUPPORTED, "an empty file");
  REFUSED(sharpeye_caption_encoded(captioner, "hello", 5, NULL, &caption, &error), SHARPEYE_UNSUPPORTED, "image: ");
  size_t size = 0;
  unsigned char* bytes = read_bytes(image_path, &size);
  for (size_t length = 0; length < size; length += 97) {
    CHECK(sharpeye_caption_encoded(captioner, bytes, length, NULL, &caption, NULL) != SHARPEYE_OK);
    CHECK(caption == NULL);
  }
  free(bytes);
}

static void test_options(sharpeye_captioner* captioner) {
  sharpeye_caption *caption = NULL, *usual = NULL;
  CHECK(sharpeye_caption_file(captioner, image_path, NULL, &usual, &error) == SHARPEYE_OK);
  sharpeye_caption_options options = {.struct_size = sizeof options, .glances = 1};
  CHECK(sharpeye_caption_file(captioner, image_path, &options, &caption, &error) == SHARPEYE_OK);
  CHECK(sharpeye_caption_glances(caption) == 1);
  CHECK(strcmp(sharpeye_caption_initial(caption, NULL), sharpeye_caption_initial(usual, NULL)) == 0);
  CHECK(strcmp(sharpeye_caption_initial(caption, NULL), sharpeye_caption_refined(caption, NULL)) == 0);
  sharpeye_caption_free(caption);
  sharpeye_caption_free(usual);

  options = (sharpeye_caption_options){.struct_size = sizeof options, .beams = 2, .max_new_tokens = 3};
  size_t count = 0;
  CHECK(sharpeye_caption_file(captioner, image_path, &options, &caption, &error) == SHARPEYE_OK);
  CHECK(sharpeye_caption_initial_ids(caption, &count) != NULL && count == 3);
  sharpeye_caption_free(caption);

  options = (sharpeye_caption_options){.struct_size = sizeof options, .initial = " a red cube "};
  CHECK(sharpeye_caption_file(captioner, image_path, &options, &caption, &error) == SHARPEYE_OK);
  CHECK(strcmp(sharpeye_caption_initial(caption, NULL), "a red cube") == 0);
  const double none = sharpeye_caption_initial_confidence(caption);
  CHECK(none != none); /* NaN */
  CHECK(sharpeye_caption_initial_log_probabilities(caption, &count) == NULL || count == 0);
  CHECK(sharpeye_caption_initial_word(caption, 0, NULL) == NULL);
  sharpeye_caption_free(caption);

#define REFUSED_OPTION(member, part)                                                                                  \
  do {                                                                                                                \
    const sharpeye_caption_options given = {.struct_size = sizeof given, member};                                     \
    REFUSED(sharpeye_caption_file(captioner, image_path, &given, &caption, &error), SHARPEYE_INVALID_ARGUMENT, part); \
    CHECK(caption == NULL);                                                                                           \
  } while (0)
  REFUSED_OPTION(.glances = -1, "glances: expected 0 or more, actual -1");
  REFUSED_OPTION(.deadline_ms = -1, "deadline_ms: expected 0 or more");
  {
    const sharpeye_caption_options given = {.struct_size = sizeof given, .beams = -1};
    REFUSED(sharpeye_caption_file(captioner, image_path, &given, &caption, &error), SHARPEYE_CONFIG, "num_beams");
  }
  {
    const sharpeye_caption_options given = {.struct_size = sizeof given, .max_new_tokens = -1};
    REFUSED(sharpeye_caption_file(captioner, image_path, &given, &caption, &error), SHARPEYE_CONFIG, "max_new_tokens");
  }
}

/* A program that was compiled with a later header, which has a member more. */
static void test_versions_of_structs(sharpeye_captioner* captioner) {
  struct {
    sharpeye_caption_options now;
    int64_t later;
  } longer = {.now = {.struct_size = sizeof longer, .glances = 1}};
  sharpeye_caption* caption = NULL;
  CHECK(sharpeye_caption_file(captioner, image_path, &longer.now, &caption, &error) == SHARPEYE_OK);
  struct {
    sharpeye_timings now;
    double later;
  } times = {.now = {.struct_size = sizeof times}, .later = 9};
  CHECK(sharpeye_caption_timings(caption, &times.now, &error) == SHARPEYE_OK);
  CHECK(times.now.total > 0 && times.later == 0 && times.now.struct_size == sizeof times);
  REFUSED(sharpeye_caption_timings(caption, NULL, &error), SHARPEYE_INVALID_ARGUMENT, "timings: ");
  times.now.struct_size = 8;
  REFUSED(sharpeye_caption_timings(caption, &times.now, &error), SHARPEYE_INVALID_ARGUMENT, "timings: ");
  sharpeye_caption_free(caption);
  longer.later = 1;
  REFUSED(sharpeye_caption_file(captioner, image_path, &longer.now, &caption, &error), SHARPEYE_UNSUPPORTED,
          "which this version of the library does not know");
  longer.now.struct_size = sizeof(size_t);
  REFUSED(sharpeye_caption_file(captioner, image_path, &longer.now, &caption, &error), SHARPEYE_INVALID_ARGUMENT,
          "options: expected its sizeof");

  sharpeye_error without_size = {.status = 77, .text = "untouched"};
  CHECK(sharpeye_caption_file(captioner, image_path, NULL, &caption, &without_size) == SHARPEYE_INVALID_ARGUMENT);
  CHECK(caption == NULL && without_size.status == 77 && strcmp(without_size.text, "untouched") == 0);
}

struct calls {
  sharpeye_captioner* captioner;
  int initial, tokens[3], polls, stop_initial, stop_token, stop_poll;
  char text[1000];
};

static int32_t on_initial(void* user, const char* text, size_t size) {
  struct calls* calls = user;
  ++calls->initial;
  CHECK(calls->tokens[2] == 0 && strlen(text) == size && size < sizeof calls->text);
  memcpy(calls->text, text, size + 1);
  sharpeye_caption* caption = NULL; /* the captioner is busy with the call that this is part of */
  REFUSED(sharpeye_caption_file(calls->captioner, image_path, NULL, &caption, &error), SHARPEYE_INVALID_ARGUMENT,
          "captioner: expected one call at a time");
  return calls->stop_initial ? SHARPEYE_STOP : SHARPEYE_CONTINUE;
}

static int32_t on_token(void* user, int32_t glance, const char* text, size_t size) {
  struct calls* calls = user;
  CHECK(glance >= 1 && glance <= 2 && strlen(text) == size);
  ++calls->tokens[glance];
  return calls->stop_token == glance ? SHARPEYE_STOP : SHARPEYE_CONTINUE;
}

static int32_t on_poll(void* user) {
  struct calls* calls = user;
  return ++calls->polls == calls->stop_poll ? SHARPEYE_STOP : SHARPEYE_CONTINUE;
}

static void test_callbacks(sharpeye_captioner* captioner) {
  struct calls calls = {.captioner = captioner};
  sharpeye_caption_options options = {.struct_size = sizeof options,
                                      .on_initial = on_initial,
                                      .on_token = on_token,
                                      .on_poll = on_poll,
                                      .user = &calls};
  sharpeye_caption* caption = NULL;
  CHECK(sharpeye_caption_file(captioner, image_path, &options, &caption, &error) == SHARPEYE_OK);
  CHECK(calls.initial == 1 && calls.tokens[1] > 0 && calls.tokens[2] > 0 && calls.polls > 8);
  CHECK(strcmp(calls.text, sharpeye_caption_initial(caption, NULL)) == 0);
  sharpeye_caption_free(caption);
  const int polls = calls.polls;

  calls = (struct calls){.captioner = captioner, .stop_initial = 1};
  REFUSED(sharpeye_caption_file(captioner, image_path, &options, &caption, &error), SHARPEYE_CANCELLED, "cancelled");
  CHECK(caption == NULL && calls.initial == 1 && calls.tokens[2] == 0);
  for (int glance = 1; glance <= 2; ++glance) {
    calls = (struct calls){.captioner = captioner, .stop_token = glance};
    REFUSED(sharpeye_caption_file(captioner, image_path, &options, &caption, &error), SHARPEYE_CANCELLED, "cancelled");
    CHECK(caption == NULL && calls.tokens[glance] == 1);
  }
  for (int poll = 1; poll <= polls; ++poll) {
    calls = (struct calls){.captioner = captioner, .stop_poll = poll};
    REFUSED(sharpeye_caption_file(captioner, image_path, &options, &caption, &error), SHARPEYE_CANCELLED, "cancelled");
    CHECK(caption == NULL && calls.polls == poll);
  }
  /* After all that the captioner is as good as new. */
  CHECK(sharpeye_caption_file(captioner, image_path, NULL, &caption, &error) == SHARPEYE_OK);
  sharpeye_caption_free(caption);
}

static void test_bad_models(const sharpeye_model* good) {
  sharpeye_model* model = NULL;
  REFUSED(sharpeye_model_load("no/such/folder", NULL, &model, &error), SHARPEYE_FILE_NOT_FOUND, "no/such/folder");
  CHECK(model == NULL);
  CHECK(sharpeye_model_load("no/such/folder", NULL, &model, NULL) == SHARPEYE_FILE_NOT_FOUND);
  char name[3000];
  memset(name, 'x', sizeof name - 1);
  for (size_t i = 1; i + 2 < sizeof name; i += 2) memcpy(name + i, "\xc3\xa4", 2); /* an umlaut at each cut */
  name[sizeof name - 1] = '\0';
  CHECK(sharpeye_model_load(name, NULL, &model, &error) != SHARPEYE_OK);
  const size_t length = strlen(error.text);
  CHECK(length + 2 >= sizeof error.text - 1 && (unsigned char)error.text[length - 1] == 0xa4);
  const sharpeye_load_options many = {.struct_size = sizeof many, .threads = 257};
  REFUSED(sharpeye_model_load(folder, &many, &model, &error), SHARPEYE_INVALID_ARGUMENT, "expected 1 to 256");
  /* Programs of before know 16 bytes; what stands behind them is not ours to read. */
  const sharpeye_load_options first = {.struct_size = 16, .threads = -1};
  const sharpeye_load_options one = {.struct_size = sizeof one, .threads = 1};
  for (int i = 0; i < 2; ++i) {
    CHECK(sharpeye_model_load(folder, i == 0 ? &first : &one, &model, &error) == SHARPEYE_OK);
    sharpeye_model_free(model);
  }
  REFUSED(sharpeye_model_load(NULL, NULL, &model, &error), SHARPEYE_INVALID_ARGUMENT, "folder: ");
  REFUSED(sharpeye_model_load(folder, NULL, NULL, &error), SHARPEYE_INVALID_ARGUMENT, "model: ");
  CHECK(sharpeye_model_refines(good) == 1 && sharpeye_model_refines(NULL) == 0);

  sharpeye_captioner* captioner = NULL;
  REFUSED(sharpeye_captioner_new(NULL, NULL, &captioner, &error), SHARPEYE_INVALID_ARGUMENT, "model: ");
  REFUSED(sharpeye_captioner_new(good, NULL, NULL, &error), SHARPEYE_INVALID_ARGUMENT, "captioner: ");
  sharpeye_captioner_options options = {.struct_size = sizeof options, .threads = 257};
  REFUSED(sharpeye_captioner_new(good, &options, &captioner, &error), SHARPEYE_INVALID_ARGUMENT, "256");
  options = (sharpeye_captioner_options){.struct_size = sizeof options, .aspect = 4};
  REFUSED(sharpeye_captioner_new(good, &options, &captioner, &error), SHARPEYE_INVALID_ARGUMENT, "aspect: ");
  options = (sharpeye_captioner_options){.struct_size = sizeof options, .turn = -1};
  REFUSED(sharpeye_captioner_new(good, &options, &captioner, &error), SHARPEYE_INVALID_ARGUMENT, "turn: ");
  CHECK(captioner == NULL);
  options = (sharpeye_captioner_options){
      .struct_size = sizeof options, .aspect = SHARPEYE_ASPECT_CROP, .turn = SHARPEYE_TURN_NEVER, .max_pixels = 10};
  CHECK(sharpeye_captioner_new(good, &options, &captioner, &error) == SHARPEYE_OK);
  sharpeye_caption* caption = NULL;
  REFUSED(sharpeye_caption_file(captioner, image_path, NULL, &caption, &error), SHARPEYE_LIMIT, "10");
  sharpeye_captioner_free(captioner);

  sharpeye_model_free(NULL);
  sharpeye_captioner_free(NULL);
  sharpeye_caption_free(NULL);
  size_t size = 9;
  CHECK(strcmp(sharpeye_caption_initial(NULL, &size), "") == 0 && size == 0);
  CHECK(sharpeye_caption_refined_word(NULL, 0, NULL) == NULL);
  CHECK(sharpeye_caption_refined_log_probabilities(NULL, &size) == NULL && size == 0);
  CHECK(sharpeye_caption_refined_confidence(NULL) != sharpeye_caption_refined_confidence(NULL));
  CHECK(sharpeye_caption_refined_ids(NULL, &size) == NULL && sharpeye_caption_glances(NULL) == 0);
}

static void test_scores(void) {
  const char* candidates[] = {"A man rides a wave.", "two dogs playing"};
  const char* references[] = {"A man riding a wave.", "A surfer rides a big wave.", "Two dogs playing in the grass."};
  const size_t counts[] = {2, 1};
  double corpus[SHARPEYE_NUM_METRICS], images[2 * SHARPEYE_NUM_METRICS], first[1];
  CHECK(sharpeye_evaluate(SHARPEYE_PLAIN_TEXT, 2, candidates, references, counts, SHARPEYE_NUM_METRICS, corpus, images,
                          &error) == SHARPEYE_OK);
  /* By hand: 8 of 8 words; the candidates have 8 words, the nearest references 5 and 6. */
  CHECK(corpus[SHARPEYE_BLEU_1] > 0.687 && corpus[SHARPEYE_BLEU_1] < 0.688);
  CHECK(corpus[SHARPEYE_ROUGE_L] == (images[SHARPEYE_ROUGE_L] + images[SHARPEYE_NUM_METRICS + SHARPEYE_ROUGE_L]) / 2);
  CHECK(corpus[SHARPEYE_CIDER_D] > 0 && corpus[SHARPEYE_CIDER] > corpus[SHARPEYE_CIDER_D]);
  CHECK(sharpeye_evaluate(SHARPEYE_PLAIN_TEXT, 2, candidates, references, counts, 1, first, NULL, &error) ==
        SHARPEYE_OK);
  CHECK(first[0] == corpus[0]);
  const char* words[] = {"\ta man  rides a wave\n", "two dogs playing"};
  const char* reference_words[] = {"a man riding a wave", "a surfer rides a big wave", "two dogs playing in the grass"};
  double tokenized[SHARPEYE_NUM_METRICS];
  CHECK(sharpeye_evaluate(SHARPEYE_TOKENIZED_TEXT, 2, words, reference_words, counts, SHARPEYE_NUM_METRICS, tokenized,
                          NULL, &error) == SHARPEYE_OK);
  CHECK(memcmp(tokenized, corpus, sizeof corpus) == 0);

#define REFUSED_SCORES(text, images, captions, numbers, metrics, part)                                   \
  REFUSED(sharpeye_evaluate(text, images, captions, references, numbers, metrics, corpus, NULL, &error), \
          SHARPEYE_INVALID_ARGUMENT, part)
  const char* missing[] = {"a man", NULL};
  const size_t none[] = {2, 0};
  REFUSED_SCORES(2, 2, candidates, counts, 1, "text: ");
  REFUSED_SCORES(0, 0, candidates, counts, 1, "image");
  REFUSED_SCORES(0, 2, NULL, counts, 1, "candidates: ");
  REFUSED_SCORES(0, 2, missing, counts, 1, "image 1: ");
  REFUSED_SCORES(0, 2, candidates, NULL, 1, "num_references: ");
  REFUSED_SCORES(0, 2, candidates, none, 1, "image 1: expected at least one reference");
  REFUSED_SCORES(0, 2, candidates, counts, 0, "num_metrics: ");
  REFUSED_SCORES(0, 2, candidates, counts, 8, "num_metrics: ");

  char line[32];
  size_t size = 0;
  CHECK(sharpeye_scored_words("The man isn't here!", line, sizeof line, &size, &error) == SHARPEYE_OK);
  CHECK(strcmp(line, "the man is n't here") == 0 && size == strlen(line));
  REFUSED(sharpeye_scored_words("The man isn't here!", NULL, 0, &size, &error), SHARPEYE_LIMIT, "at least 20 bytes");
  CHECK(size == 19);
  REFUSED(sharpeye_scored_words("The man isn't here!", line, 19, &size, &error), SHARPEYE_LIMIT, "at least 20 bytes");
  REFUSED(sharpeye_scored_words(NULL, line, 19, &size, &error), SHARPEYE_INVALID_ARGUMENT, "caption: ");
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: c_api_test MODEL (a folder with image.png)\n", stderr);
    return 2;
  }
  folder = argv[1];
  snprintf(image_path, sizeof image_path, "%s/image.png", folder);
  test_library();
  sharpeye_model* model = load();
  test_bad_models(model);
  sharpeye_captioner* captioner = new_captioner(model);
  sharpeye_model_free(model); /* the captioner keeps what it needs */
  test_a_file_and_its_bytes(captioner);
  test_attention(captioner);
  test_pixels(captioner);
  test_bad_images(captioner);
  test_options(captioner);
  test_versions_of_structs(captioner);
  test_callbacks(captioner);
  sharpeye_captioner_free(captioner);
  test_scores();
  return end();
}
