#pragma once

/// @file
/// Looking on while an image is captioned. A program that does not look on needs none of this.

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class S>
class Inference;
template <class Ops>
struct ObservedConnector;
template <class Ops>
struct ObservedCaption;

/// Is told of each glance when it is made; CaptionOptions::observer. It has the captioner's own network and operations
/// at hand (models/observed_glance.hpp), and may run parts of the network once more, with an AttentionObserver on them:
/// captioning itself stays as it is, and as fast. CaptionExplainer is one.
class CaptionObserver {
 public:
  virtual ~CaptionObserver() = default;
  /// The SeR-Connector has looked, for a second glance that now begins to write.
  virtual void look(const ObservedConnector<Inference<float>>& glance) = 0;
  /// A glance has written its caption.
  virtual void write(const ObservedCaption<Inference<float>>& glance) = 0;
};

SHARPEYE_NAMESPACE_END
