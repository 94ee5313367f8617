// One layer of a Caffe model as the files of layers/ see it, and the catalogue that they fill.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "import/caffe/import.h"
#include "import/caffe/net_file.h"
#include "operators/elementwise.h"

namespace ingot {

class CaffeImporter;

class CaffeLayer {
 public:
  CaffeLayer(CaffeImporter& importer, const caffe::LayerParameter& parameter, std::vector<Tensor*> inputs)
      : importer_(importer), parameter_(parameter), inputs_(std::move(inputs)) {}

  const caffe::LayerParameter& parameter() const { return parameter_; }
  const std::string& name() const { return parameter_.name(); }
  const std::string& type() const { return parameter_.type(); }
  const std::vector<Tensor*>& inputs() const { return inputs_; }
  Tensor* input(size_t index = 0) const { return inputs_[index]; }
  const Dims& dims(size_t index = 0) const { return inputs_[index]->type.dims; }
  int64_t rank(size_t index = 0) const { return static_cast<int64_t>(dims(index).size()); }
  size_t output_count() const { return static_cast<size_t>(parameter_.top_size()); }
  bool four_dims() const;
  Network& network() const;

  // An error where there are fewer or more bottoms or tops.
  Status expects(size_t least_inputs, size_t most_inputs, size_t least_outputs = 1, size_t most_outputs = 1) const;
  // Negative axes count from the end; an error names the input.
  Result<int64_t> axis(int64_t axis, size_t input = 0) const;
  // The dim as a number; an error where it is not known.
  Result<int64_t> known_dim(int64_t axis, size_t input = 0) const;

  // Blobs of weights under other dims of as many elements. Without a model they are made up, around `centre`.
  int64_t blob_count() const;  // -1 where there is no model
  Result<Array> blob(int64_t index, const Shape& shape, double centre = 0) const;
  // The same as a constant of the network, called after the layer and `role`.
  Result<Tensor*> weights(int64_t index, const Shape& shape, const char* role, double centre = 0) const;
  Tensor* constant(Array array, const char* role) const;
  Tensor* scalar(double value) const;

  // Adds a layer that is called as this one, or this one and `part`.
  template <std::derived_from<Operator> Op>
  Result<Tensor*> add(Op op, std::vector<Tensor*> inputs, const char* part = nullptr) const {
    return network().add(std::move(op), std::move(inputs), part ? name() + "/" + part : name());
  }
  Result<std::vector<Tensor*>> add_all(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs) const;

 private:
  CaffeImporter& importer_;
  const caffe::LayerParameter& parameter_;
  std::vector<Tensor*> inputs_;
};

// The outputs in the order of tops; fewer where the rest is of no use for inference.
using CaffeLayerImport = Result<std::vector<Tensor*>> (*)(const CaffeLayer& layer);

// Types of layers by name, filled by the register_caffe_<file>() functions that the build lists.
class CaffeCatalogue {
 public:
  static CaffeCatalogue& instance();
  void add(std::string_view type, CaffeLayerImport import) { imports_.emplace(type, import); }
  CaffeLayerImport find(std::string_view type) const {
    const auto found = imports_.find(type);
    return found == imports_.end() ? nullptr : found->second;
  }
  std::vector<std::string> names() const;

 private:
  std::map<std::string, CaffeLayerImport, std::less<>> imports_;
};

// Fills the catalogue once; later calls do nothing.
void register_all_caffe_layers();

// At the end of layers/<file>.cpp: CAFFE_LAYERS(pooling) { catalogue.add("Pooling", one_caffe_output<import_pooling>); }
#define CAFFE_LAYERS(file) void register_caffe_##file(CaffeCatalogue& catalogue)

template <Result<Tensor*> (*kImport)(const CaffeLayer&)>
Result<std::vector<Tensor*>> one_caffe_output(const CaffeLayer& layer) {
  TRY_ASSIGN(Tensor * output, kImport(layer));
  return std::vector<Tensor*>{output};
}

}  // namespace ingot
