// TensorFlow graphs and UFF models become networks: the entries of both readers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "import/tensorflow/graph.h"
#include "network/network.h"

namespace ingot {

// How the program lays out an input of rank 4.
enum class TfInputOrder { kAsInFile, kChannelsFirst, kChannelsLast };

struct TfInputSpec {
  Shape shape;  // with the batch, unless TfImportOptions::batch stands for it
  TfInputOrder order = TfInputOrder::kAsInFile;
};

// A node as a program's own code sees it.
struct TfForeignNode {
  std::string name, op;
  std::vector<Tensor*> inputs;  // without those that are constants
  Arrays constants;
  std::map<std::string, TfAttribute, std::less<>> attributes;
};
using TfCustomNode = std::function<std::optional<Result<std::vector<Tensor*>>>(const TfForeignNode& node, Network& network)>;

struct TfImportOptions {
  Log* log = nullptr;
  std::string name;                                        // what messages call the model
  std::optional<Dim> batch;                                // stands in front of the dims of every input
  std::map<std::string, TfInputSpec, std::less<>> inputs;  // any node may become one; placeholders with a known rank are inputs anyway
  std::vector<std::string> outputs;  // nodes, or "node:1"; where none are named, those of the file, or nodes that none reads
  bool four_dims = false;            // outputs get ones behind, up to rank 4 with the batch, as TensorRT has it
  bool half_weights = false;         // rounds float constants to half
  TfCustomNode custom;               // asked where no operator is known
  // Limits against hostile files.
  size_t most_errors = 100;
  std::vector<Error>* errors = nullptr;  // receives every error of a node; the returned one sums them up
  int64_t most_nodes = 2'000'000;
  int64_t most_constant_bytes = int64_t{2} << 30;  // of constants written in short or folded, each
};

Status import_tensorflow_into(Bytes bytes, Network& network, const TfImportOptions& options = {});
Status import_uff_into(Bytes bytes, Network& network, const TfImportOptions& options = {});
// By its name: .uff is UFF, a folder or saved_model.pb a SavedModel, everything else a frozen graph.
Status import_tensorflow_file_into(const std::string& path, Network& network, const TfImportOptions& options = {});
Result<std::unique_ptr<Network>> import_tensorflow_file(const std::string& path, const TfImportOptions& options = {});

}  // namespace ingot
