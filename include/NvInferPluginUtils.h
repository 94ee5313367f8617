// The parameters of NVIDIA's own plugins, as programs fill them in.
#pragma once

#include "NvInferRuntime.h"

namespace nvinfer1 {

// The plugins of generations 4 and 5.
enum class PluginType : int32_t {
  kFASTERRCNN = 0,
  kNORMALIZE = 1,
  kPERMUTE = 2,
  kPRIORBOX = 3,
  kSSDDETECTIONOUTPUT = 4,
  kCONCAT = 5,
  kPRELU = 6,
  kYOLOREORG = 7,
  kYOLOREGION = 8,
  kANCHORGENERATOR = 9,
};
template <>
constexpr int32_t EnumMax<PluginType>() noexcept {
  return 10;
}

namespace plugin {

// Boxes of single-shot detectors around each point of a feature map, from sizes in pixels.
struct PriorBoxParameters {
  float *minSize, *maxSize, *aspectRatios;
  int32_t numMinSize, numMaxSize, numAspectRatios;
  bool flip;           // each aspect ratio also the other way round
  bool clip;           // cut at the border of the image
  float variance[4];   // scales the encoded offsets
  int32_t imgH, imgW;  // size of the image; 0 for that of the input
  float stepH, stepW;  // pixels from one point to the next; 0 for the image's size over the map's
  float offset;        // of the first point, in steps
};

// Boxes around each point of a grid, from sizes relative to the image.
struct GridAnchorParameters {
  float minSize, maxSize;
  float* aspectRatios;
  int32_t numAspectRatios, H, W;  // size of the feature map
  float variance[4];
};

// Region proposals of Faster R-CNN.
struct RPROIParams {
  int32_t poolingH;  // size of the pooled output
  int32_t poolingW;
  int32_t featureStride;  // pixels from one point of the feature map to the next
  int32_t preNmsTop;      // proposals before overlapping ones are dropped
  int32_t nmsMaxOut;      // proposals after it
  int32_t anchorsRatioCount;
  int32_t anchorsScaleCount;
  float iouThreshold;
  float minBoxSize;    // pixels
  float spatialScale;  // of the feature map relative to the image
};

// A tree of classes, as YOLO 9000 has it. Arrays of n entries, and of `groups` entries.
struct softmaxTree {
  int32_t* leaf;
  int32_t n;
  int32_t* parent;
  int32_t* child;
  int32_t* group;
  char** name;
  int32_t groups;
  int32_t* groupSize;
  int32_t* groupOffset;
};

// The last layer of YOLO 2.
struct RegionParameters {
  int32_t num;     // boxes at a point
  int32_t coords;  // numbers of a box
  int32_t classes;
  softmaxTree* smTree;  // null for a plain softmax over the classes
};

// ---- Retired: up to generation 10 ----

// How a box is encoded relative to its prior.
enum class CodeTypeSSD : int32_t {
  CORNER = 0,
  CENTER_SIZE = 1,
  CORNER_SIZE = 2,
  TF_CENTER = 3,
};

// The last layer of single-shot detectors.
struct DetectionOutputParameters {
  bool shareLocation;            // one box for all classes
  bool varianceEncodedInTarget;  // offsets are not scaled by variances
  int32_t backgroundLabelId;     // -1 for none
  int32_t numClasses;
  int32_t topK;      // boxes before overlapping ones are dropped
  int32_t keepTopK;  // boxes after it
  float confidenceThreshold;
  float nmsThreshold;
  CodeTypeSSD codeType;
  int32_t inputOrder[3];  // which inputs are locations, confidences and priors
  bool confSigmoid;       // scores are logits
  bool isNormalized;      // coordinates run from 0 to 1
  // One set of priors for the whole batch. Before C++14 a struct with a default takes no braces, so true is to be said there.
#if __cplusplus >= 201402L
  bool isBatchAgnostic = true;
#else
  bool isBatchAgnostic;
#endif
};

// Keeps the best of overlapping boxes.
struct NMSParameters {
  bool shareLocation;
  int32_t backgroundLabelId;
  int32_t numClasses;
  int32_t topK;
  int32_t keepTopK;
  float scoreThreshold;
  float iouThreshold;
  bool isNormalized;
};

// Four numbers.
struct Quadruple {
  int32_t data[4];
};

}  // namespace plugin
}  // namespace nvinfer1
