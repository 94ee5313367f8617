// Caffe models become networks: the entries of the Caffe reader.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/log.h"
#include "network/network.h"

namespace ingot {

// A layer as a program's own code sees it.
struct CaffeForeignLayer {
  std::string name, type;
  std::vector<Tensor*> inputs;
  Arrays blobs;  // as float
  size_t output_count = 0;
};
// Makes the outputs of a layer; nothing where it does not know it.
using CaffeCustomLayer = std::function<std::optional<Result<std::vector<Tensor*>>>(const CaffeForeignLayer& layer, Network& network)>;

struct CaffeImportOptions {
  Log* log = nullptr;
  std::string name;                                        // what messages call the definition; "Caffe model" where empty
  std::optional<Dim> batch;                                // takes the place of the first dim of every input
  std::map<std::string, Shape, std::less<>> input_shapes;  // of inputs, in place of those that the definition gives
  std::vector<std::string> outputs;                        // blobs to mark; where none are named, those that no layer reads
  bool mark_outputs = true;
  bool four_dims = false;     // inner products give [N, M, 1, 1] and reductions keep their dims, as TensorRT has it
  bool half_weights = false;  // rounds weights to half; an error where one does not fit
  CaffeCustomLayer custom;    // asked before the layers that are known
  // Limits against hostile files.
  size_t most_errors = 100;
  std::vector<Error>* errors = nullptr;  // receives every error of a layer; the returned one sums them up
  int64_t most_layers = 100'000;
  int64_t most_random_bytes = int64_t{1} << 32;  // of made-up weights, where there is no model
  size_t most_message_bytes = size_t{1} << 31;   // of the weights' file
};

// Tensors by the names of blobs; of a blob that layers change in place, the last one.
using CaffeBlobs = std::map<std::string, Tensor*, std::less<>>;

// Adds the layers of `deploy` (text) to the network. `model` holds their weights; where it is null, weights are made up, for timing.
Result<CaffeBlobs> import_caffe_into(Bytes deploy, const Bytes* model, Network& network, const CaffeImportOptions& options = {});
Result<CaffeBlobs> import_caffe_files_into(const std::string& deploy, const std::string& model, Network& network,
                                           const CaffeImportOptions& options = {});
Result<std::unique_ptr<Network>> import_caffe(Bytes deploy, const Bytes* model, const CaffeImportOptions& options = {});
// `model` may be empty.
Result<std::unique_ptr<Network>> import_caffe_files(const std::string& deploy, const std::string& model,
                                                    const CaffeImportOptions& options = {});

// The blob of a .binaryproto file, such as a mean image: float or half, of rank 4.
Result<Array> read_caffe_blob(Bytes bytes);

}  // namespace ingot
