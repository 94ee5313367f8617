// Walks a Caffe definition and fills a network; one object imports one model.
#pragma once

#include <map>
#include <set>

#include "import/caffe/layer.h"
#include "import/error_list.h"

namespace ingot {

class CaffeImporter {
 public:
  CaffeImporter(const caffe::NetParameter& net, const CaffeWeights* weights, Network& network, const CaffeImportOptions& options);
  // Goes on behind errors, to find them all.
  Result<CaffeBlobs> run();

  // For CaffeLayer.
  Network& network() { return network_; }
  const CaffeImportOptions& options() const { return options_; }
  const CaffeWeights* weights() const { return weights_; }
  Result<Array> made_up(const std::string& layer, int64_t index, const Shape& shape, double centre);

 private:
  struct Blob {
    Tensor* tensor = nullptr;  // null where an error has been told, or where the layer has no meaning for inference
    bool is_broken = false;
    int64_t readers = 0;
  };

  Status add_input(const std::string& name, Shape shape);
  void import_inputs();
  void import_layer(const caffe::LayerParameter& layer);
  Result<std::vector<Tensor*>> dispatch(const CaffeLayer& layer);
  bool takes_part(const caffe::LayerParameter& layer) const;
  // Renames a tensor that has this name by itself, which gives way to one that has it from the model.
  Status free_name(const std::string& name);
  Status name_blobs();
  Status mark_outputs();
  std::string describe(const caffe::LayerParameter& layer, const std::vector<Tensor*>& inputs) const;
  void report(const caffe::LayerParameter& layer, const std::vector<Tensor*>& inputs, Error error);

  const caffe::NetParameter& net_;
  const CaffeWeights* weights_;
  Network& network_;
  const CaffeImportOptions& options_;
  Log& log_;
  ErrorList errors_;
  std::map<std::string, Blob, std::less<>> blobs_;
  std::vector<std::string> blob_order_;  // as they first appear
  int64_t random_bytes_left_;
};

}  // namespace ingot
