#include "old_formats.h"

#include <algorithm>
#include <chrono>

#include "NvCaffeParser.h"
#include "NvUffParser.h"
#include "files.h"
#include "log.h"

namespace ingot::trtexec {

struct OldParser::Parsers {
  std::unique_ptr<nvcaffeparser1::ICaffeParser> caffe;
  std::unique_ptr<nvuffparser::IUffParser> uff;
};

OldParser::OldParser(const Options& options) : options_(options), parsers_(std::make_unique<Parsers>()) {}
OldParser::~OldParser() = default;

namespace {

bool parse_caffe(const Options& options, nvcaffeparser1::ICaffeParser& parser, nvinfer1::INetworkDefinition& network) {
  if (options.caffe_model.empty()) warn("--model is missing: the weights are made up, and so are the answers");
  const char* weights = options.caffe_model.empty() ? nullptr : options.caffe_model.c_str();
  const auto* blobs = parser.parse(options.deploy.c_str(), weights, network, nvinfer1::DataType::kFLOAT);
  if (!blobs) return fail("Failed to parse caffe model");
  for (const std::string& name : options.outputs) {
    nvinfer1::ITensor* tensor = blobs->find(name.c_str());
    if (!tensor) return fail("--output: the model has no blob '" + name + "'");
    network.markOutput(*tensor);
  }
  return true;
}

bool parse_uff(const Options& options, nvuffparser::IUffParser& parser, nvinfer1::INetworkDefinition& network) {
  using Order = nvuffparser::UffInputOrder;
  for (const OldInput& input : options.old_inputs) {
    nvinfer1::Dims dims{};
    dims.nbDims = static_cast<int32_t>(input.extents.size());
    std::copy(input.extents.begin(), input.extents.end(), dims.d);
    const Order order = dims.nbDims != 3 ? Order::kNC : options.channels_last ? Order::kNHWC : Order::kNCHW;
    if (!parser.registerInput(input.name.c_str(), dims, order))
      return fail("--uffInput: '" + input.name + "' is no input, or is given twice");
  }
  for (const std::string& name : options.outputs) {
    if (!parser.registerOutput(name.c_str())) return fail("--output: '" + name + "' is no output");
  }
  return parser.parse(options.model().c_str(), network) ||
         fail(options.tf.empty() ? "Failed to parse uff file" : "Failed to parse TensorFlow model");
}

}  // namespace

bool OldParser::parse(nvinfer1::INetworkDefinition& network) const {
  std::string start;
  if (!options_.is_saved_model() && !read_file(options_.model(), start)) return false;
  if (!options_.is_saved_model() && start.empty()) return fail("'" + options_.model() + "' is empty; a model is expected");
  info("Start parsing network model.");
  const auto begin = std::chrono::steady_clock::now();
  bool parsed = false;
  if (!options_.deploy.empty()) {
    parsers_->caffe.reset(nvcaffeparser1::createCaffeParser());
    parsed = parsers_->caffe ? parse_caffe(options_, *parsers_->caffe, network) : fail("The Caffe parser cannot start");
  } else {
    parsers_->uff.reset(nvuffparser::createUffParser());
    parsed = parsers_->uff ? parse_uff(options_, *parsers_->uff, network) : fail("The UFF parser cannot start");
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (parsed) info("Finished parsing network model. Parse time: " + text_of(seconds));
  return parsed;
}

}  // namespace ingot::trtexec
