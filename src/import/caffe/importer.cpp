#include "import/caffe/importer.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "base/spelling.h"
#include "operators/onnx_input.h"
#include "operators/register.h"

namespace ingot {
namespace {

// Layers that only training needs; what they give is no tensor of ours.
bool is_for_training(const std::string& type) {
  return type == "Accuracy" || type == "Silence" || type == "HDF5Output" || (type.ends_with("Loss") && type != "SoftmaxWithLoss");
}

bool is_data(const std::string& type) {
  static const std::set<std::string, std::less<>> kTypes = {"Data",          "ImageData", "HDF5Data",      "WindowData",
                                                            "AnnotatedData", "VideoData", "ImageLabelData"};
  return kTypes.contains(type);
}

}  // namespace

CaffeCatalogue& CaffeCatalogue::instance() {
  static CaffeCatalogue catalogue;
  return catalogue;
}

std::vector<std::string> CaffeCatalogue::names() const {
  std::vector<std::string> names;
  for (const auto& [name, import] : imports_) names.push_back(name);
  return names;
}

CaffeImporter::CaffeImporter(const caffe::NetParameter& net, const CaffeWeights* weights, Network& network,
                             const CaffeImportOptions& options)
    : net_(net),
      weights_(weights),
      network_(network),
      options_(options),
      log_(options.log ? *options.log : null_log()),
      errors_(options.name, options.most_errors),
      random_bytes_left_(options.most_random_bytes) {
  register_all_operators();
  register_all_caffe_layers();
}

Result<CaffeBlobs> CaffeImporter::run() {
  if (net_.layer_size() > options_.most_layers)
    return invalid(errors_.name() + ": the definition has " + std::to_string(net_.layer_size()) + " layers; " +
                   std::to_string(options_.most_layers) + " are the limit");
  if (!net_.name().empty()) network_.name = net_.name();
  import_inputs();
  for (const auto& layer : net_.layer()) {
    if (errors_.full()) break;
    if (takes_part(layer)) import_layer(layer);
  }
  for (const auto& [name, shape] : options_.input_shapes) {
    const Tensor* tensor = network_.find_tensor(name);
    if (errors_.empty() && (!tensor || !tensor->is_input()))
      errors_.add(invalid("dims are given for an input '" + name + "', which the model does not have"));
  }
  if (options_.errors) *options_.errors = errors_.all();
  TRY(errors_.status());
  TRY(name_blobs());
  if (options_.mark_outputs) TRY(mark_outputs().within(errors_.name()));
  CaffeBlobs result;
  for (const auto& [name, blob] : blobs_) {
    if (blob.tensor) result.emplace(name, blob.tensor);
  }
  return result;
}

Status CaffeImporter::add_input(const std::string& name, Shape shape) {
  if (const auto given = options_.input_shapes.find(name); given != options_.input_shapes.end()) shape = given->second;
  TensorType type;
  for (int64_t size : shape) {
    if (size < -1 || size > INT32_MAX) return invalid("the input '" + name + "' has a dimension of " + std::to_string(size));
    type.dims.push_back(size < 0 ? Dim::symbol(network_.make_symbol("d")) : Dim(size));
  }
  if (type.dims.empty()) return invalid("the input '" + name + "' has no dims; give it an input_shape");
  if (options_.batch) type.dims[0] = *options_.batch;
  if (blobs_.contains(name)) return invalid("two inputs are called '" + name + "'");
  TRY(free_name(name));
  TRY_ASSIGN(Tensor * tensor, network_.add_input(name, std::move(type)));
  blobs_[name].tensor = tensor;
  blob_order_.push_back(name);
  return Ok{};
}

// input, with input_shape or, in old definitions, four of input_dim each.
void CaffeImporter::import_inputs() {
  for (int i = 0; i < net_.input_size(); ++i) {
    Shape shape;
    if (i < net_.input_shape_size()) {
      shape.assign(net_.input_shape(i).dim().begin(), net_.input_shape(i).dim().end());
    } else if (net_.input_dim_size() >= 4 * (i + 1)) {
      shape.assign(net_.input_dim().begin() + 4 * i, net_.input_dim().begin() + 4 * i + 4);
    }
    Status status = add_input(net_.input(i), std::move(shape));
    if (!status.ok()) errors_.add(std::move(status).error());
  }
}

// Whether the layer belongs to the phase, level and stage of the net, as Caffe's rules have it.
bool CaffeImporter::takes_part(const caffe::LayerParameter& layer) const {
  const auto& state = net_.state();
  const auto meets = [&](const caffe::NetStateRule& rule) {
    if (rule.has_phase() && rule.phase() != state.phase()) return false;
    if (rule.has_min_level() && state.level() < rule.min_level()) return false;
    if (rule.has_max_level() && state.level() > rule.max_level()) return false;
    const auto has = [&](const std::string& stage) {
      return std::find(state.stage().begin(), state.stage().end(), stage) != state.stage().end();
    };
    return std::all_of(rule.stage().begin(), rule.stage().end(), has) &&
           std::none_of(rule.not_stage().begin(), rule.not_stage().end(), has);
  };
  if (layer.has_phase() && layer.phase() != state.phase()) return false;
  if (layer.include_size() > 0) return std::any_of(layer.include().begin(), layer.include().end(), meets);
  return std::none_of(layer.exclude().begin(), layer.exclude().end(), meets);
}

void CaffeImporter::import_layer(const caffe::LayerParameter& layer) {
  const auto set = [&](const std::string& top, Tensor* tensor, bool broken) {
    const bool known = blobs_.contains(top);
    Blob& blob = blobs_[top];
    if (!known) blob_order_.push_back(top);
    blob = {tensor, broken, 0};
  };
  if (layer.type() == "Input" || layer.type() == "MemoryData") {
    for (int i = 0; i < layer.top_size(); ++i) {
      Shape shape;
      const auto& given = layer.input_param();
      if (const int at = given.shape_size() == 1 ? 0 : i; at < given.shape_size())
        shape.assign(given.shape(at).dim().begin(), given.shape(at).dim().end());
      const auto& memory = layer.memory_data_param();
      if (layer.type() == "MemoryData" && i == 0) shape = {memory.batch_size(), memory.channels(), memory.height(), memory.width()};
      if (layer.type() == "MemoryData" && i > 0) {
        set(layer.top(i), nullptr, false);  // labels
        continue;
      }
      Status status = add_input(layer.top(i), std::move(shape));
      if (!status.ok()) {
        report(layer, {}, std::move(status).error());
        set(layer.top(i), nullptr, true);
      }
    }
    return;
  }
  std::vector<Tensor*> inputs;
  bool broken = false;
  const bool training = is_for_training(layer.type());
  for (int i = 0; i < layer.bottom_size(); ++i) {
    const auto found = blobs_.find(layer.bottom(i));
    if (found == blobs_.end()) {
      if (!training)
        report(layer, inputs,
               invalid("no layer before it gives its bottom '" + layer.bottom(i) + "'" + meant_instead_of(layer.bottom(i), blob_order_)));
      broken = true;
      continue;
    }
    if (!training || layer.type() == "Silence") ++found->second.readers;
    if (found->second.is_broken) broken = true;
    // Labels and the like; SoftmaxWithLoss is told by its first bottom.
    if (!found->second.tensor && !broken && !training) {
      if (layer.type() == "SoftmaxWithLoss" && i > 0) continue;
      report(layer, inputs, unsupported("its bottom '" + layer.bottom(i) + "' is of use in training alone"));
      broken = true;
    }
    inputs.push_back(found->second.tensor);
  }
  const auto fail = [&] {
    for (const std::string& top : layer.top()) set(top, nullptr, true);
  };
  if (training) {
    if (layer.type() != "Silence")
      log_.verbose(errors_.name() + ": layer '" + layer.name() + "' (" + layer.type() + ") is of use in training alone, and left out");
    for (const std::string& top : layer.top()) set(top, nullptr, false);
    return;
  }
  if (broken) return fail();
  Result<std::vector<Tensor*>> outputs = dispatch(CaffeLayer(*this, layer, inputs));
  if (!outputs.ok()) {
    report(layer, inputs, std::move(outputs).error());
    return fail();
  }
  for (size_t i = 0; i < static_cast<size_t>(layer.top_size()); ++i)
    set(layer.top(static_cast<int>(i)), i < outputs->size() ? (*outputs)[i] : nullptr, false);
}

Result<std::vector<Tensor*>> CaffeImporter::dispatch(const CaffeLayer& layer) {
  if (options_.custom) {
    CaffeForeignLayer foreign{layer.name(), layer.type(), layer.inputs(), {}, layer.output_count()};
    for (int64_t i = 0; i < layer.blob_count(); ++i) {
      TRY_ASSIGN(Array blob, weights_->blob(layer.name(), i));
      foreign.blobs.push_back(std::move(blob));
    }
    if (auto outputs = options_.custom(foreign, network_)) return std::move(*outputs);
  }
  if (is_data(layer.type()))
    return unsupported("it reads training data; for inference put an Input layer with input_param { shape { dim: ... } } in its place");
  const CaffeLayerImport import = CaffeCatalogue::instance().find(layer.type());
  if (!import) {
    const std::string meant = meant_instead_of(layer.type(), CaffeCatalogue::instance().names());
    return unsupported("no such layer is known" + (meant.empty() ? "; give" : meant + " Else give") +
                       " the parser a plugin factory that makes it, or put known layers in its place");
  }
  TRY_ASSIGN(std::vector<Tensor*> outputs, import(layer));
  if (outputs.size() > layer.output_count())
    return invalid("it has " + std::to_string(outputs.size()) + " outputs and " + std::to_string(layer.output_count()) + " tops");
  return outputs;
}

// Made up from the names, so that two imports agree: uniform in a range that keeps activations of the order of 1.
Result<Array> CaffeImporter::made_up(const std::string& layer, int64_t index, const Shape& shape, double centre) {
  TRY_ASSIGN(int64_t count, volume(shape));
  if (count > random_bytes_left_ / 4) return invalid("weights of dims " + to_text(shape) + " would be made up, which is above the limit");
  random_bytes_left_ -= count * 4;
  TRY_ASSIGN(Array array, Array::make(DataType::kFloat, shape));
  float* values = array.as_mutable<float>();
  const std::string key = layer + '\0' + std::to_string(index);
  const Hash128 seed = hash_bytes(key.data(), key.size());
  uint64_t state = 0;
  std::memcpy(&state, &seed, sizeof state);
  const double fan_in = shape.empty() || shape[0] == 0 ? 1 : static_cast<double>(count) / static_cast<double>(shape[0]);
  const double spread = centre != 0 ? 0.1 : std::sqrt(3 / std::max(fan_in, 1.0));
  for (int64_t i = 0; i < count; ++i) {
    state += 0x9e3779b97f4a7c15u;  // splitmix64
    uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    values[i] = static_cast<float>(centre + spread * (static_cast<double>(mixed >> 11) * 0x1p-52 - 1));
  }
  return array;
}

Status CaffeImporter::free_name(const std::string& name) {
  Tensor* other = network_.find_tensor(name);
  if (!other || other->is_input()) return Ok{};
  std::string spare;
  int64_t suffix = other->id();
  do {
    spare = name + "_" + std::to_string(suffix++);
  } while (network_.find_tensor(spare));
  return network_.rename(other, spare);
}

// Tensors get the names of their blobs; of a blob changed in place the last one, and earlier ones step aside.
Status CaffeImporter::name_blobs() {
  for (const auto& [name, blob] : blobs_) {
    Tensor* tensor = blob.tensor;
    if (!tensor || tensor->name == name || tensor->is_input() || tensor->is_constant()) continue;
    TRY(free_name(name));
    // An input keeps its name where a layer right behind it changes the blob in place; find() still gives the last one.
    if (!network_.find_tensor(name)) TRY(network_.rename(tensor, name));
  }
  return Ok{};
}

Status CaffeImporter::mark_outputs() {
  std::vector<std::string> names = options_.outputs;
  if (names.empty()) {
    for (const std::string& name : blob_order_) {
      const Blob& blob = blobs_.find(name)->second;
      if (blob.tensor && blob.readers == 0) names.push_back(name);
    }
  }
  if (names.empty()) return invalid("the model has no outputs: each blob is read by another layer; name one");
  for (const std::string& name : names) {
    const auto found = blobs_.find(name);
    if (found == blobs_.end() || !found->second.tensor)
      return invalid("there is no blob '" + name + "' that could be an output; the last one is '" +
                     (blob_order_.empty() ? std::string() : blob_order_.back()) + "'");
    Tensor* tensor = found->second.tensor;
    if (tensor->is_input() || tensor->is_constant() || tensor->is_output()) {
      TRY_ASSIGN(tensor, network_.add(Elementwise(ScalarOp::kIdentity), {tensor}, "output '" + name + "'"));
      if (!network_.find_tensor(name)) TRY(network_.rename(tensor, name));
      found->second.tensor = tensor;
    }
    TRY(network_.mark_output(tensor));
  }
  return Ok{};
}

std::string CaffeImporter::describe(const caffe::LayerParameter& layer, const std::vector<Tensor*>& inputs) const {
  std::string text = "layer '" + layer.name() + "' (" + layer.type();
  for (size_t i = 0; i < inputs.size(); ++i) text += (i ? ", " : "; inputs ") + (inputs[i] ? inputs[i]->type.text() : "none");
  return text + ")";
}

void CaffeImporter::report(const caffe::LayerParameter& layer, const std::vector<Tensor*>& inputs, Error error) {
  errors_.add(std::move(error).within(describe(layer, inputs)));
}

// ---- What layers see ----

bool CaffeLayer::four_dims() const { return importer_.options().four_dims; }
Network& CaffeLayer::network() const { return importer_.network(); }

Status CaffeLayer::expects(size_t least_inputs, size_t most_inputs, size_t least_outputs, size_t most_outputs) const {
  const auto range = [](size_t least, size_t most) {
    return most == SIZE_MAX ? "at least " + std::to_string(least)
           : least == most  ? std::to_string(least)
                            : std::to_string(least) + " to " + std::to_string(most);
  };
  if (inputs_.size() < least_inputs || inputs_.size() > most_inputs)
    return invalid("it has " + std::to_string(inputs_.size()) + " bottoms; " + range(least_inputs, most_inputs) + " are wanted");
  if (output_count() < least_outputs || output_count() > most_outputs)
    return invalid("it has " + std::to_string(output_count()) + " tops; " + range(least_outputs, most_outputs) + " are wanted");
  return Ok{};
}

Result<int64_t> CaffeLayer::axis(int64_t axis, size_t input) const { return normalize_axis(axis, rank(input)); }

Result<int64_t> CaffeLayer::known_dim(int64_t axis, size_t input) const {
  if (axis < 0 || axis >= rank(input))
    return invalid("the input " + inputs_[input]->type.text() + " has no dimension " + std::to_string(axis));
  const Dim& dim = dims(input)[static_cast<size_t>(axis)];
  if (!dim.is_constant())
    return unsupported("dimension " + std::to_string(axis) + " of " + inputs_[input]->type.text() +
                       " has to be known; give the inputs their dims");
  return dim.value();
}

int64_t CaffeLayer::blob_count() const { return importer_.weights() ? importer_.weights()->count(name()) : -1; }

Result<Array> CaffeLayer::blob(int64_t index, const Shape& shape, double centre) const {
  TRY_ASSIGN(int64_t count, volume(shape));
  if (!importer_.weights()) return importer_.made_up(name(), index, shape, centre);
  TRY_ASSIGN(Array array, importer_.weights()->blob(name(), index));
  if (array.count() != count)
    return invalid("blob " + std::to_string(index) + " has dims " + to_text(array.shape()) + "; " + to_text(shape) + " is wanted");
  if (count == 0) return invalid("blob " + std::to_string(index) + " is empty");
  TRY_ASSIGN(array, array.reshaped(shape));
  if (!importer_.options().half_weights) return array;
  const float* values = array.as<float>();
  for (int64_t i = 0; i < count; ++i) {
    if (!(std::fabs(values[i]) < 65520.f))
      return invalid("element " + std::to_string(i) + " of blob " + std::to_string(index) + " is " + std::to_string(values[i]) +
                     ", which no half holds");
  }
  TRY_ASSIGN(array, array.converted(DataType::kHalf));
  return array.converted(DataType::kFloat);
}

Result<Tensor*> CaffeLayer::weights(int64_t index, const Shape& shape, const char* role, double centre) const {
  TRY_ASSIGN(Array array, blob(index, shape, centre));
  return constant(std::move(array), role);
}

Tensor* CaffeLayer::constant(Array array, const char* role) const { return network().add_constant(name() + " " + role, std::move(array)); }

Tensor* CaffeLayer::scalar(double value) const { return network().add_constant(name() + " value", Array::scalar(DataType::kFloat, value)); }

Result<std::vector<Tensor*>> CaffeLayer::add_all(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs) const {
  TRY_ASSIGN(Layer * layer, network().add_layer(std::move(op), std::move(inputs), name()));
  return layer->outputs();
}

}  // namespace ingot
