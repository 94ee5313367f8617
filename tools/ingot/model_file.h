// A model file of any format, as far as it can be read: what the file names, and the network that it becomes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "import/weights/weights.h"
#include "network/network.h"

namespace ingot::tools {

enum class FileFormat { kOnnx, kCaffe, kCaffeWeights, kUff, kGraphDef, kSavedModel, kPlan, kWeights };

struct ModelFileOptions {
  std::string path;
  std::string weights;                                     // of a Caffe definition
  std::map<std::string, Shape, std::less<>> input_shapes;  // in place of those in the file
  std::vector<std::string> outputs;                        // in place of the file's own
};

struct ModelFile {
  FileFormat format = FileFormat::kOnnx;
  std::vector<std::pair<std::string, std::string>> details;  // version, producer and the like
  std::map<std::string, int64_t> operators;                  // as the file calls them
  std::vector<std::string> declined;                         // each with node, cause and cure
  std::unique_ptr<Network> network;                          // what was read, also where something is declined; null for weights
  std::map<std::string, std::string> places;                 // of a plan: tactics by layer
  std::optional<WeightMap> weights;                          // of files of weights alone
};

std::string_view name_of(FileFormat format);
// An error where the file cannot be read at all; what it holds and we do not take is in `declined`.
Result<ModelFile> read_model_file(const ModelFileOptions& options);

}  // namespace ingot::tools
