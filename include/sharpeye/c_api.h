/**
 * @file
 * sharpeye for C, and for every language that can call C: the shared library libsharpeye (CMake: sharpeye::c).
 *
 * What stays as it is, from one version of the library to the next, as long as SHARPEYE_C_ABI does:
 *   - Models, captioners and captions are handles. Make them, pass them back, free them; free(NULL) does nothing.
 *   - A struct begins with its size: set struct_size to sizeof, and all else to zero (in C: {.struct_size = sizeof x}).
 *     Zero always means the default. Later versions add members at the end only, so old programs run with a new
 * library, and new ones with an old library, which refuses a member that it does not know unless that is zero.
 *   - Every function that can fail returns a status, SHARPEYE_OK or what is wrong. The text, which says where, what was
 *     expected and what was found, goes to the caller's sharpeye_error (or nowhere if that is NULL). What was to be
 *     made is then NULL. No C++ exception ever leaves the library.
 *   - Texts are UTF-8 and end with a zero byte. Those that come in are not kept.
 *
 * Threads: the library has no state of its own. A model may be used by any number of threads at once. A captioner
 * belongs to one call at a time; a second one meanwhile, from another thread or from a callback, is refused. Different
 * captioners of one model work in parallel. A caption is read-only. Callbacks run on the thread of the call, or those
 * of a live stream on its own.
 */
/* C's names and typedefs: NOLINTBEGIN(modernize-use-using,modernize-deprecated-headers,readability-identifier-naming)
 */
#ifndef SHARPEYE_C_API_H
#define SHARPEYE_C_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SHARPEYE_API __attribute__((visibility("default")))
#else
#define SHARPEYE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when a program must be compiled anew: the number behind libsharpeye.so. */
#define SHARPEYE_C_ABI 1

/** The version of the library that runs, for example "0.1.0". */
SHARPEYE_API const char* sharpeye_version(void);

/** SHARPEYE_C_ABI of the library that runs. */
SHARPEYE_API int32_t sharpeye_c_abi(void);

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

/** What became of a call: SHARPEYE_OK or another of the numbers below, which never change. */
typedef int32_t sharpeye_status;
enum {
  SHARPEYE_OK = 0,
  SHARPEYE_INVALID_ARGUMENT = 1, /**< an option, a size or a pointer is out of its range */
  SHARPEYE_FILE_NOT_FOUND = 2,   /**< a file or folder does not exist */
  SHARPEYE_FILE_ACCESS = 3,      /**< a file exists but cannot be read */
  SHARPEYE_FORMAT = 4,           /**< a file's bytes break the rules of its format */
  SHARPEYE_CONFIG = 5,           /**< a value of a model's JSON files is missing, of the wrong type or out of range */
  SHARPEYE_SHAPE = 6,            /**< a tensor's shape or element type is not the expected one */
  SHARPEYE_MISSING_TENSOR = 7,   /**< a tensor that the model needs is not in its files */
  SHARPEYE_UNREAD_TENSOR = 8,    /**< a tensor of the files belongs to no part of the model */
  SHARPEYE_NOT_FINITE = 9,       /**< a weight is NaN or infinite */
  SHARPEYE_LIMIT = 10,           /**< a size exceeds a documented limit */
  SHARPEYE_UNSUPPORTED = 11,     /**< valid, but a kind that this library does not handle */
  SHARPEYE_CANCELLED = 12,       /**< a callback asked to stop */
  SHARPEYE_OUT_OF_MEMORY = 13,
  SHARPEYE_INTERNAL = 14 /**< a fault of the library: please report it */
};

/** The name of a status, for example "file not found"; "unknown" for other numbers. */
SHARPEYE_API const char* sharpeye_status_name(sharpeye_status status);

/** The caller's place for what went wrong. After SHARPEYE_OK the status is that and the text is empty. */
typedef struct sharpeye_error {
  size_t struct_size;     /**< sizeof(sharpeye_error), set by the caller */
  sharpeye_status status; /**< what the function returned */
  char text[1020];        /**< "where: expected ..., actual ...", cut at its end if it is longer */
} sharpeye_error;

/* ---- Models ---------------------------------------------------------------------------------------------------- */

/** A model directory in memory, which does not change. */
typedef struct sharpeye_model sharpeye_model;

typedef struct sharpeye_load_options {
  size_t struct_size;
  /** Not 0: map the weight files instead of reading them. A packed model (`sharpeye pack`) is there at once and shares
      its memory with other processes; its files must not change, and its elements are not checked. */
  int32_t map;
  int32_t allow_non_finite; /**< not 0: accept NaN and infinite weights */
  int32_t threads;          /**< to pack the weights with, at most 256; 0: as many as the machine has */
} sharpeye_load_options;

/** Reads a model directory (see weights/README.md). @param options NULL: the defaults */
SHARPEYE_API sharpeye_status sharpeye_model_load(const char* folder, const sharpeye_load_options* options,
                                                 sharpeye_model** model, sharpeye_error* error);

/** 1 if the model has a second glance, else 0. */
SHARPEYE_API int32_t sharpeye_model_refines(const sharpeye_model* model);

/** Captioners of the model keep what they need of it. */
SHARPEYE_API void sharpeye_model_free(sharpeye_model* model);

/* ---- Captioners ------------------------------------------------------------------------------------------------ */

/** A model with the threads and the working memory to run it. */
typedef struct sharpeye_captioner sharpeye_captioner;

/** How an image that is not square becomes square. */
enum {
  SHARPEYE_ASPECT_OF_MODEL = 0, /**< as the model's files say */
  SHARPEYE_ASPECT_PAD = 1,
  SHARPEYE_ASPECT_CROP = 2,
  SHARPEYE_ASPECT_SQUASH = 3
};

/** Whether images are turned upright by their orientation. */
enum {
  SHARPEYE_TURN_AS_MODEL = 0, /**< as the model's files say */
  SHARPEYE_TURN_UPRIGHT = 1,
  SHARPEYE_TURN_NEVER = 2
};

typedef struct sharpeye_captioner_options {
  size_t struct_size;
  int32_t threads;     /**< 1 to 256; 0: as many as the machine has. The captions are the same for any number. */
  int32_t aspect;      /**< SHARPEYE_ASPECT_... */
  int32_t turn;        /**< SHARPEYE_TURN_... */
  uint64_t max_pixels; /**< files with more are refused before decoding; 0: 67,108,864 */
} sharpeye_captioner_options;

/** @param options NULL: the defaults */
SHARPEYE_API sharpeye_status sharpeye_captioner_new(const sharpeye_model* model,
                                                    const sharpeye_captioner_options* options,
                                                    sharpeye_captioner** captioner, sharpeye_error* error);

/** Not while a call with it is under way. */
SHARPEYE_API void sharpeye_captioner_free(sharpeye_captioner* captioner);

/* ---- Captions -------------------------------------------------------------------------------------------------- */

/** The initial and the refined caption of an image. */
typedef struct sharpeye_caption sharpeye_caption;

/** What a callback answers. */
enum { SHARPEYE_CONTINUE = 0, SHARPEYE_STOP = 1 };

/** How to caption one image. */
typedef struct sharpeye_caption_options {
  size_t struct_size;
  int32_t glances;        /**< 1: the initial caption only; 2: refine it; n: n - 1 times; 0: as the model says */
  int32_t beams;          /**< of the search, 1 is greedy; 0: as the model says */
  int32_t max_new_tokens; /**< the longest caption; 0: as the model says */
  int32_t deadline_ms;    /**< after so many milliseconds no refinement is begun or finished; 0: no deadline */
  const char* prompt;     /**< asks for the initial caption, instead of the model's own; NULL: the model's own */
  const char* initial;    /**< refine this caption instead of generating an initial one; NULL: generate one */
  /** Called once, when the initial caption is complete and before the second glance. @return SHARPEYE_CONTINUE;
      with SHARPEYE_STOP the call ends with SHARPEYE_CANCELLED, and no caption but this one. */
  int32_t (*on_initial)(void* user, const char* text, size_t size);
  /** Called after each token. @param glance 1, 2, ... @param text of this glance so far; with more than one beam a
     later one may differ @return as on_initial */
  int32_t (*on_token)(void* user, int32_t glance, const char* text, size_t size);
  /** Asked between stages and tokens. @return as on_initial */
  int32_t (*on_poll)(void* user);
  void* user;        /**< handed to the callbacks */
  int32_t attention; /**< 1: keep what each token attended to, for sharpeye_caption_attention(). The models read each
                        caption once more for it. Not in streams. */
} sharpeye_caption_options;

/** The order of the 8-bit channels of a pixel. Alpha is dropped, not composited. */
enum { SHARPEYE_RGB = 0, SHARPEYE_BGR = 1, SHARPEYE_RGBA = 2, SHARPEYE_BGRA = 3, SHARPEYE_GREY = 4 };

/** The caller's pixels, which are read in place: top row first, 8 bits a channel. */
typedef struct sharpeye_image {
  size_t struct_size;
  const uint8_t* data; /**< the first byte of the top left pixel */
  size_t size;         /**< bytes from there on: at least (height - 1) * stride and one row */
  int64_t width;       /**< pixels, as stored; at most 65,536 */
  int64_t height;
  int64_t stride;      /**< bytes from one row to the next; 0: rows without gaps */
  int32_t format;      /**< SHARPEYE_RGB, ... */
  int32_t orientation; /**< EXIF's, 1 to 8: how to turn what is stored; 0 is 1, upright */
} sharpeye_image;

/** Captions pixels. @param options NULL: the defaults */
SHARPEYE_API sharpeye_status sharpeye_caption_pixels(sharpeye_captioner* captioner, const sharpeye_image* image,
                                                     const sharpeye_caption_options* options,
                                                     sharpeye_caption** caption, sharpeye_error* error);

/** Captions the bytes of an image file: JPEG, PNG, GIF, BMP, PNM; WebP where the library was built with it. */
SHARPEYE_API sharpeye_status sharpeye_caption_encoded(sharpeye_captioner* captioner, const void* bytes, size_t size,
                                                      const sharpeye_caption_options* options,
                                                      sharpeye_caption** caption, sharpeye_error* error);

/** Captions an image file: those formats, and TGA, which only its name tells. */
SHARPEYE_API sharpeye_status sharpeye_caption_file(sharpeye_captioner* captioner, const char* path,
                                                   const sharpeye_caption_options* options, sharpeye_caption** caption,
                                                   sharpeye_error* error);

/** Milliseconds of each stage; several refinements add up. */
typedef struct sharpeye_timings {
  size_t struct_size;
  double image; /**< decoding, resizing and normalising */
  double vision;
  double connector;
  double pass1_prefill; /**< the language model reads the prompt of the initial caption */
  double pass1_decode;
  double ser_connector;
  double pass2_prefill;
  double pass2_decode;
  double total;
} sharpeye_timings;

/** The caption's own texts and numbers, which live as long as it does. Of NULL: "", 0, NULL.
    @param size,count receive the number of bytes or ids, unless they are NULL. */
SHARPEYE_API const char* sharpeye_caption_initial(const sharpeye_caption* caption, size_t* size);
/** The last complete caption: the initial one if there was no second glance. */
SHARPEYE_API const char* sharpeye_caption_refined(const sharpeye_caption* caption, size_t* size);
/** The ids of its tokens, with the end token. */
SHARPEYE_API const int32_t* sharpeye_caption_initial_ids(const sharpeye_caption* caption, size_t* count);
SHARPEYE_API const int32_t* sharpeye_caption_refined_ids(const sharpeye_caption* caption, size_t* count);
/** How sure the model was, from 0 to 1: the geometric mean of its tokens' probabilities; NaN for a caption that was
    given. */
SHARPEYE_API double sharpeye_caption_initial_confidence(const sharpeye_caption* caption);
SHARPEYE_API double sharpeye_caption_refined_confidence(const sharpeye_caption* caption);
/** The log-probability of each id; of a caption that was given, none. */
SHARPEYE_API const float* sharpeye_caption_initial_log_probabilities(const sharpeye_caption* caption, size_t* count);
SHARPEYE_API const float* sharpeye_caption_refined_log_probabilities(const sharpeye_caption* caption, size_t* count);
/** A word with its punctuation, and the product of its tokens' probabilities (unless that is NULL); NULL from the
    number of words on. @param index 0, 1, ... */
SHARPEYE_API const char* sharpeye_caption_initial_word(const sharpeye_caption* caption, size_t index,
                                                       double* probability);
SHARPEYE_API const char* sharpeye_caption_refined_word(const sharpeye_caption* caption, size_t index,
                                                       double* probability);
/** Glances that were completed: 1, 2, ... */
SHARPEYE_API int32_t sharpeye_caption_glances(const sharpeye_caption* caption);
/** 1 if the deadline cut refinements off. */
SHARPEYE_API int32_t sharpeye_caption_deadline_passed(const sharpeye_caption* caption);
/** @param timings its struct_size says how much of it is written */
SHARPEYE_API sharpeye_status sharpeye_caption_timings(const sharpeye_caption* caption, sharpeye_timings* timings,
                                                      sharpeye_error* error);
/** What the tokens of one glance's caption attended to; the caption's own memory. */
typedef struct sharpeye_attention {
  size_t struct_size;
  int32_t glance;      /**< 1: the initial caption; 2, 3, ...: its refinements */
  const float* values; /**< [layers, heads, tokens, keys]: probabilities, each row sums to 1, 0 for keys that come
                          later; a token's row is that of the position which chose it */
  int64_t layers;
  int64_t heads;
  int64_t tokens; /**< of the caption, with the end token */
  int64_t keys;   /**< the prompt with its visual tokens, and the caption but for its last token */
  int64_t num_visual;
  const int64_t* visual_keys; /**< [num_visual]: which keys are visual tokens */
  const double* boxes;        /**< [num_visual, 4]: where each stands, as left, top, width and height in pixels of the
                                 image, upright if it was turned; no width where a token has no place; of alike
                                 ones that were merged the smallest rectangle around them */
} sharpeye_attention;

/** Glances whose attention was kept: 0 unless the options said so. A caption that was given has none. */
SHARPEYE_API size_t sharpeye_caption_num_attentions(const sharpeye_caption* caption);
/** @param index 0, 1, ... in the order of the glances. @param attention its struct_size says how much is written */
SHARPEYE_API sharpeye_status sharpeye_caption_attention(const sharpeye_caption* caption, size_t index,
                                                        sharpeye_attention* attention, sharpeye_error* error);
SHARPEYE_API void sharpeye_caption_free(sharpeye_caption* caption);

/* ---- Streams of frames ----------------------------------------------------------------------------------------- */

/** Captions of frames as they come: from a camera, a video, a robot. */
typedef struct sharpeye_stream sharpeye_stream;

/** A caption of a frame, during a callback. */
typedef struct sharpeye_stream_caption {
  size_t struct_size;
  uint64_t frame;                  /**< from 0 on, in the order of the pushes */
  double seconds;                  /**< what the push was told */
  int32_t is_refined;              /**< 1: of the second glance */
  int32_t is_last;                 /**< 1: no other one of this frame follows */
  const sharpeye_caption* caption; /**< ends with the callback, and is not to be freed */
} sharpeye_stream_caption;

/** What became of the frames. */
typedef struct sharpeye_stream_counts {
  size_t struct_size;
  uint64_t frames;    /**< pushed */
  uint64_t skipped;   /**< within the period, or unchanged */
  uint64_t dropped;   /**< late: a newer one came before their turn */
  uint64_t captioned; /**< with an initial caption at least */
  uint64_t refined;   /**< with a refined caption too */
  uint64_t failed;    /**< see on_error */
} sharpeye_stream_counts;

typedef struct sharpeye_stream_options {
  size_t struct_size;
  double period;           /**< seconds from one captioned frame to the next; 0: every frame */
  double change_threshold; /**< caption only frames of which one of 8 x 8 cells differs in its mean by more from the
                              last captioned one, as a share of the range, for example 0.06; 0: unchanged ones too */
  /** Not 0: frames come when they come. A push returns at once, and a thread of the stream's own captions; of frames
      that come meanwhile the latest waits, and the others are dropped and counted. The second glance gives way to a
      frame that waits. 0: a push returns when the frame is captioned. */
  int32_t live;
  int32_t always_refine;                       /**< not 0, of live: take the second glance whatever waits */
  const sharpeye_captioner_options* captioner; /**< NULL: the defaults */
  /** How to caption each frame; NULL: the defaults. Its on_initial and initial must be NULL. */
  const sharpeye_caption_options* caption;
  /** Called with each caption as soon as it is there: the initial one, then the refined one. Where the next frame came
      first there is no refined one, and the initial one comes again as the last. @return SHARPEYE_CONTINUE; with
      SHARPEYE_STOP the stream is over, and all further calls return SHARPEYE_CANCELLED */
  int32_t (*on_caption)(void* user, const sharpeye_stream_caption* caption);
  /** Called for a frame that could not be captioned; the stream goes on. NULL: that push, or in live mode the next
     call, returns the error. @return as on_caption */
  int32_t (*on_error)(void* user, uint64_t frame, const sharpeye_error* error);
  void* user; /**< handed to the two; `caption` has a user of its own */
} sharpeye_stream_options;

/** All callbacks are called on one thread: that of the push, or in live mode the stream's own. They may call
    sharpeye_stream_read_counts, and nothing else of their stream. @param options NULL: the defaults, and no callbacks
 */
SHARPEYE_API sharpeye_status sharpeye_stream_new(const sharpeye_model* model, const sharpeye_stream_options* options,
                                                 sharpeye_stream** stream, sharpeye_error* error);

/** Takes the next frame, whose pixels may end when this returns. One call at a time.
    @param seconds where in the stream it stands; not before the one before it */
SHARPEYE_API sharpeye_status sharpeye_stream_push(sharpeye_stream* stream, const sharpeye_image* frame, double seconds,
                                                  sharpeye_error* error);

/** Takes the bytes of an image file as the next frame, as sharpeye_caption_encoded does. One that cannot be decoded is
    refused, and is no frame. */
SHARPEYE_API sharpeye_status sharpeye_stream_push_encoded(sharpeye_stream* stream, const void* bytes, size_t size,
                                                          double seconds, sharpeye_error* error);

/** Waits for the frames that were pushed, but not for ever. @param milliseconds at most; negative: as long as it takes
    @param is_done receives 1 if none is left, else 0, unless it is NULL */
SHARPEYE_API sharpeye_status sharpeye_stream_wait(sharpeye_stream* stream, int32_t milliseconds, int32_t* is_done,
                                                  sharpeye_error* error);

/** At any time. @param counts its struct_size says how much of it is written */
SHARPEYE_API sharpeye_status sharpeye_stream_read_counts(const sharpeye_stream* stream, sharpeye_stream_counts* counts,
                                                         sharpeye_error* error);

/** Gives up what is being captioned. Not from a callback, and not while a call is under way. */
SHARPEYE_API void sharpeye_stream_free(sharpeye_stream* stream);

/* ---- Scores of captions ---------------------------------------------------------------------------------------- */

/** The columns of sharpeye_evaluate's tables. All but the CIDErs are in [0, 1], those in [0, 10]. */
enum {
  SHARPEYE_BLEU_1 = 0,
  SHARPEYE_BLEU_2 = 1,
  SHARPEYE_BLEU_3 = 2,
  SHARPEYE_BLEU_4 = 3,
  SHARPEYE_ROUGE_L = 4,
  SHARPEYE_CIDER_D = 5, /**< what coco-caption prints, and papers report, as CIDEr */
  SHARPEYE_CIDER = 6,   /**< plain CIDEr */
  SHARPEYE_NUM_METRICS = 7
};

/** What the captions of sharpeye_evaluate are. */
enum {
  SHARPEYE_PLAIN_TEXT = 0,    /**< as people write: sharpeye_scored_words() makes words of it */
  SHARPEYE_TOKENIZED_TEXT = 1 /**< words with white space between them */
};

/** Scores a set of images as coco-caption does. CIDEr weighs n-grams by how many images of the set have them.
    @param text SHARPEYE_PLAIN_TEXT or SHARPEYE_TOKENIZED_TEXT
    @param num_images of the set
    @param candidates [num_images]: the caption to score of each image
    @param references [sum of num_references]: those of the first image, then those of the second, ...
    @param num_references [num_images]: at least 1 each
    @param num_metrics the columns of the tables: SHARPEYE_NUM_METRICS, or less for the first ones
    @param corpus [num_metrics] receives the scores of the set
    @param images [num_images, num_metrics] receives those of each image, unless it is NULL */
SHARPEYE_API sharpeye_status sharpeye_evaluate(int32_t text, size_t num_images, const char* const* candidates,
                                               const char* const* references, const size_t* num_references,
                                               size_t num_metrics, double* corpus, double* images,
                                               sharpeye_error* error);

/** The words of a caption as coco-caption's tokenizer gives them, a space between them.
    @param words [capacity] receives them and a zero byte; may be NULL if the capacity is 0
    @param size receives the number of bytes without the zero byte; SHARPEYE_LIMIT if they do not fit */
SHARPEYE_API sharpeye_status sharpeye_scored_words(const char* caption, char* words, size_t capacity, size_t* size,
                                                   sharpeye_error* error);

#ifdef __cplusplus
}
#endif

#endif
/* NOLINTEND(modernize-use-using,modernize-deprecated-headers,readability-identifier-naming) */
