#pragma once

/// @file
/// What most programs include: the face of the captioner, and with it errors, images, threads, models and how they are
/// loaded, and how captions are generated.
///
/// Apart, each by a header of its own: decoders of image files (io/image_decoders.hpp, or io/stb_image_decoder.hpp),
/// scores of captions (metrics/evaluate.hpp), tokenizers (text/tokenizer.hpp), weight formats (formats/) and training
/// (training/trainer.hpp), which no face below it includes.

#include "sharpeye/pipeline/caption_stream.hpp"
#include "sharpeye/pipeline/captioner.hpp"
