#include "plan/plan.h"

#include <fcntl.h>
#include <google/protobuf/arena.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <set>
#include <unordered_map>

#include "base/hash.h"
#include "base/thread_pool.h"
#include "plan.pb.h"
#include "plan/tactics_of.h"

namespace ingot {
namespace {

constexpr uint32_t kTag = 0x74727466;  // "ftrt"
constexpr size_t kHeaderSize = 64, kEntrySize = 40, kAlignment = 64, kMostSections = 16;
constexpr size_t kHugePage = 2 << 20;
constexpr uint32_t kMetadata = 1, kWeights = 2;
constexpr uint8_t kProductVersion[4] = {10, 0, 0, 1};

// Pieces that the threads hash and copy one by one.
constexpr size_t kPiece = 1 << 20;

// The digest of a section: its hash, or, of a long one, the hash of its pieces' hashes, so that all threads can work on it.
Hash128 digest_of(Bytes section) {
  if (section.size() <= kPiece) return hash_bytes(section.data(), section.size());
  std::vector<Hash128> pieces((section.size() + kPiece - 1) / kPiece);
  ThreadPool::shared().run(static_cast<int64_t>(pieces.size()), [&](int64_t piece, int) {
    const size_t begin = static_cast<size_t>(piece) * kPiece;
    pieces[static_cast<size_t>(piece)] = hash_bytes(section.data() + begin, std::min(kPiece, section.size() - begin));
  });
  return hash_bytes(pieces.data(), pieces.size() * sizeof(Hash128));
}

size_t align(size_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

template <class T>
void put(std::vector<std::byte>& out, size_t at, const T& value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}

// Collects weights, each once: equal bytes share one place.
class WeightsWriter {
 public:
  void add(const void* data, size_t size, ingot_plan::Blob* blob) {
    blob->set_size(size);
    if (size == 0) return;
    const Hash128 hash = hash_bytes(data, size);
    auto& places = known_[hash.hex()];
    if (places == 0) {
      bytes_.resize(align(bytes_.size()));
      places = bytes_.size() + 1;
      const auto* begin = static_cast<const std::byte*>(data);
      bytes_.insert(bytes_.end(), begin, begin + size);
    }
    blob->set_offset(places - 1);
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  std::unordered_map<std::string, size_t> known_;
};

void write_array(const Array& array, bool with_bytes, WeightsWriter& weights, ingot_plan::Array* out) {
  out->set_type(static_cast<int>(array.type()));
  for (int64_t size : array.shape()) out->add_shape(size);
  if (with_bytes) weights.add(array.data(), array.byte_count(), out->mutable_bytes());
}

// Constants named in `without` go without their bytes, plain and packed.
void write_network(const Network& network, const std::vector<Choice>* choices, const std::set<std::string>& without, WeightsWriter& weights,
                   ingot_plan::Network* out);

void write_field(const Field& field, WeightsWriter& weights, ingot_plan::Field* out) {
  out->set_name(field.name);
  struct Writer {
    WeightsWriter& weights;
    ingot_plan::Field* out;
    void operator()(bool value) const { out->set_flag(value); }
    void operator()(int64_t value) const { out->set_integer(value); }
    void operator()(double value) const { out->set_number(value); }
    void operator()(const std::string& value) const { out->set_text(value); }
    void operator()(const std::vector<int64_t>& value) const {
      out->mutable_integers();
      for (int64_t item : value) out->mutable_integers()->add_integers(item);
    }
    void operator()(const std::vector<double>& value) const {
      out->mutable_numbers();
      for (double item : value) out->mutable_numbers()->add_numbers(item);
    }
    void operator()(const Array& value) const {
      out->mutable_array();
      if (value.data()) write_array(value, true, weights, out->mutable_array());
    }
    void operator()(const std::shared_ptr<Network>& value) const {
      if (value) write_network(*value, nullptr, {}, weights, out->mutable_network());
    }
  };
  std::visit(Writer{weights, out}, field.value);
}

// In the order in which reading creates them, so that a plan that was read writes the same bytes.
std::vector<const Tensor*> tensors_in_order(const Network& network) {
  std::vector<const Tensor*> tensors(network.inputs().begin(), network.inputs().end());
  for (const auto& tensor : network.tensors()) {
    if (tensor->is_constant()) tensors.push_back(tensor.get());
  }
  for (const auto& layer : network.layers()) tensors.insert(tensors.end(), layer->outputs().begin(), layer->outputs().end());
  return tensors;
}

void write_network(const Network& network, const std::vector<Choice>* choices, const std::set<std::string>& without, WeightsWriter& weights,
                   ingot_plan::Network* out) {
  out->set_name(network.name);
  std::unordered_map<const Tensor*, int> place;
  for (const Tensor* tensor : tensors_in_order(network)) {
    place[tensor] = out->tensors_size();
    ingot_plan::Tensor* entry = out->add_tensors();
    entry->set_name(tensor->name);
    entry->set_type(static_cast<int>(tensor->type.type));
    for (const Dim& dim : tensor->type.dims) entry->add_dims(dim.text());
    if (tensor->type.values) {
      entry->mutable_values();
      for (const Dim& value : *tensor->type.values) entry->mutable_values()->add_dims(value.text());
    }
    entry->set_place(static_cast<int>(tensor->type.place));
    entry->set_recipe(tensor->recipe);
    entry->set_format_hint(tensor->format_hint);
    if (tensor->range_min == tensor->range_min) {
      entry->set_range_min(tensor->range_min);
      entry->set_range_max(tensor->range_max);
    }
    if (tensor->is_packed || (tensor->is_constant() && without.contains(tensor->name))) {
      entry->mutable_constant()->set_type(static_cast<int>(tensor->type.type));
      for (const Dim& dim : tensor->type.dims) entry->mutable_constant()->add_shape(dim.value());
    } else if (tensor->is_constant()) {
      write_array(tensor->constant, true, weights, entry->mutable_constant());
    }
  }
  for (size_t i = 0; i < network.layers().size(); ++i) {
    const Layer& layer = *network.layers()[i];
    ingot_plan::Layer* entry = out->add_layers();
    entry->set_name(layer.name);
    entry->set_op(std::string(layer.op().name()));
    for (const Field& field : layer.op().fields()) write_field(field, weights, entry->add_fields());
    for (const Tensor* input : layer.inputs()) entry->add_inputs(input ? place[input] : -1);
    for (const Tensor* output : layer.outputs()) entry->add_outputs(place[output]);
    entry->set_metadata(layer.metadata);
    if (!choices) continue;
    const Choice& choice = (*choices)[i];
    entry->mutable_choice()->set_tactic(choice.tactic);
    entry->mutable_choice()->set_ms(choice.ms);
    for (Format format : choice.input_formats) entry->mutable_choice()->add_input_formats(static_cast<int>(format));
    for (Format format : choice.output_formats) entry->mutable_choice()->add_output_formats(static_cast<int>(format));
    for (const PackedWeights& packed : choice.packed) {
      if (without.contains(layer.input(packed.input)->name)) continue;
      ingot_plan::Packed* item = entry->mutable_choice()->add_packed();
      item->set_packing(packed.packing);
      item->set_input(static_cast<uint32_t>(packed.input));
      weights.add(packed.data, packed.size, item->mutable_bytes());
    }
  }
  for (const Tensor* input : network.inputs()) out->add_inputs(place[input]);
  for (const Tensor* output : network.outputs()) out->add_outputs(place[output]);
  for (const auto& [symbol, most] : network.symbol_bounds()) {
    ingot_plan::Bound* bound = out->add_bounds();
    bound->set_symbol(symbol);
    bound->set_most(most.text());
  }
  for (const Profile& profile : network.profiles) {
    ingot_plan::Profile* entry = out->add_profiles();
    const auto write = [&](const std::map<std::string, ProfileEntry>& entries, bool of_values) {
      for (const auto& [input, shapes] : entries) {
        ingot_plan::ProfileEntry* item = entry->add_entries();
        item->set_input(input);
        item->set_of_values(of_values);
        for (int64_t size : shapes.min) item->add_least(size);
        for (int64_t size : shapes.opt) item->add_best(size);
        for (int64_t size : shapes.max) item->add_most(size);
      }
    };
    write(profile.shapes, false);
    write(profile.values, true);
  }
}

// Reads the metadata; everything in it comes from outside.
class PlanReader {
 public:
  PlanReader(Bytes weights, std::shared_ptr<const void> keeper) : weights_(weights), keeper_(std::move(keeper)) {}

  Result<std::unique_ptr<Network>> network(const ingot_plan::Network& in, std::vector<Choice>* choices, int depth = 0) {
    if (depth > 16) return invalid("networks are nested more than 16 deep");
    auto network = std::make_unique<Network>();
    network->name = in.name();
    std::vector<Tensor*> tensors(static_cast<size_t>(in.tensors_size()), nullptr);
    std::vector<bool> is_input(tensors.size(), false);
    for (const auto& bound : in.bounds()) {
      TRY_ASSIGN(Dim most, Dim::parse(bound.most()));
      network->bound_symbol(bound.symbol(), most);
    }
    for (int place : in.inputs()) {
      if (place < 0 || place >= in.tensors_size()) return invalid("an input points outside the tensors");
      TRY_ASSIGN(TensorType type, tensor_type(in.tensors(place)));
      if (tensors[place]) return invalid("an input is named twice");
      TRY_ASSIGN(tensors[place], network->add_input(in.tensors(place).name(), std::move(type)));
      decorate(in.tensors(place), tensors[place]);
    }
    for (int i = 0; i < in.tensors_size(); ++i) {
      const auto& entry = in.tensors(i);
      if (!entry.has_constant()) continue;
      if (tensors[i]) return invalid("the tensor '" + entry.name() + "' is an input and a constant");
      if (network->find_tensor(entry.name())) return invalid("the name '" + entry.name() + "' is taken");
      TRY_ASSIGN(Array value, array(entry.constant()));
      const bool packed = !entry.constant().has_bytes();
      tensors[i] = network->add_constant(entry.name(), std::move(value));
      if (packed) tensors[i]->is_packed = true;
      TRY_ASSIGN(tensors[i]->type, tensor_type(entry));
      decorate(entry, tensors[i]);
    }
    for (const auto& entry : in.layers()) TRY(layer(entry, in, *network, tensors, choices, depth));
    for (int place : in.outputs()) {
      if (place < 0 || place >= in.tensors_size() || !tensors[place]) return invalid("an output points at no tensor");
      TRY(network->mark_output(tensors[place]));
    }
    for (const auto& profile : in.profiles()) {
      Profile read;
      for (const auto& item : profile.entries()) {
        ProfileEntry entry{
            {item.least().begin(), item.least().end()}, {item.best().begin(), item.best().end()}, {item.most().begin(), item.most().end()}};
        if (entry.min.size() != entry.opt.size() || entry.min.size() != entry.max.size())
          return invalid("the profile of '" + item.input() + "' has shapes of different ranks");
        const Tensor* input = network->find_tensor(item.input());
        if (!input || !input->is_input()) return invalid("a profile names '" + item.input() + "', which is no input");
        if (!item.of_values() && entry.min.size() != input->type.dims.size())
          return invalid("the profile of '" + item.input() + "' " + to_text(input->type.dims) + " has shapes of rank " +
                         std::to_string(entry.min.size()));
        (item.of_values() ? read.values : read.shapes)[item.input()] = std::move(entry);
      }
      network->profiles.push_back(std::move(read));
    }
    return network;
  }

 private:
  static Result<DataType> data_type(int number) {
    if (number < 0 || number >= kDataTypeCount) return invalid("there is no element type " + std::to_string(number));
    return static_cast<DataType>(number);
  }
  static Result<Format> format(int number) {
    if (number < 0 || number > static_cast<int>(Format::kHwc16)) return invalid("there is no format " + std::to_string(number));
    return static_cast<Format>(number);
  }
  Result<Bytes> blob(const ingot_plan::Blob& in) const {
    if (in.size() == 0) return weights_.first(0);
    if (in.offset() % kAlignment != 0) return invalid("weights lie at " + std::to_string(in.offset()) + ", which is not 64-byte aligned");
    ByteReader reader(weights_);
    TRY(reader.seek(in.offset()));
    return reader.take(in.size());
  }
  Result<Array> array(const ingot_plan::Array& in) const {
    TRY_ASSIGN(DataType type, data_type(in.type()));
    Shape shape(in.shape().begin(), in.shape().end());
    TRY_ASSIGN(int64_t count, volume(shape));
    if (!in.has_bytes()) return Array::borrow(type, std::move(shape), nullptr, nullptr);
    TRY_ASSIGN(Bytes bytes, blob(in.bytes()));
    if (count > (int64_t{1} << 48) || bytes.size() != bytes_of(type, count))
      return invalid("weights of shape " + to_text(shape) + " take " + std::to_string(bytes.size()) + " bytes");
    return Array::borrow(type, std::move(shape), bytes.data(), keeper_);
  }
  static Result<TensorType> tensor_type(const ingot_plan::Tensor& in) {
    TensorType type;
    TRY_ASSIGN(type.type, data_type(in.type()));
    if (in.place() < 0 || in.place() > 1) return invalid("the tensor '" + in.name() + "' has no such place");
    type.place = static_cast<Place>(in.place());
    for (const std::string& text : in.dims()) {
      TRY_ASSIGN(Dim dim, Dim::parse(text));
      type.dims.push_back(std::move(dim));
    }
    if (in.has_values()) {
      type.values.emplace();
      for (const std::string& text : in.values().dims()) {
        TRY_ASSIGN(Dim value, Dim::parse(text));
        type.values->push_back(std::move(value));
      }
    }
    return type;
  }
  static void decorate(const ingot_plan::Tensor& in, Tensor* tensor) {
    tensor->recipe = in.recipe();
    tensor->format_hint = in.format_hint();
    if (in.range_min() != 0 || in.range_max() != 0) {
      tensor->range_min = in.range_min();
      tensor->range_max = in.range_max();
    }
  }
  Result<FieldValue> field(const ingot_plan::Field& in, int depth) {
    switch (in.value_case()) {
      case ingot_plan::Field::kFlag: return FieldValue(in.flag());
      case ingot_plan::Field::kInteger: return FieldValue(static_cast<int64_t>(in.integer()));
      case ingot_plan::Field::kNumber: return FieldValue(in.number());
      case ingot_plan::Field::kText: return FieldValue(in.text());
      case ingot_plan::Field::kIntegers:
        return FieldValue(std::vector<int64_t>(in.integers().integers().begin(), in.integers().integers().end()));
      case ingot_plan::Field::kNumbers:
        return FieldValue(std::vector<double>(in.numbers().numbers().begin(), in.numbers().numbers().end()));
      case ingot_plan::Field::kArray: {
        if (!in.array().has_bytes()) return FieldValue(Array());  // a field that is left open
        TRY_ASSIGN(Array value, array(in.array()));
        return FieldValue(std::move(value));
      }
      case ingot_plan::Field::kNetwork: {
        TRY_ASSIGN(std::unique_ptr<Network> inner, network(in.network(), nullptr, depth + 1));
        return FieldValue(std::shared_ptr<Network>(std::move(inner)));
      }
      default: return invalid("the field '" + in.name() + "' has no value");
    }
  }
  Status layer(const ingot_plan::Layer& in, const ingot_plan::Network& whole, Network& network, std::vector<Tensor*>& tensors,
               std::vector<Choice>* choices, int depth) {
    const std::string where = "layer '" + in.name() + "'";
    auto made = OperatorCatalogue::instance().make(in.op());
    if (!made.ok()) return std::move(made).error().within(where);
    for (const auto& item : in.fields()) {
      auto value = field(item, depth);
      if (!value.ok()) return std::move(value).error().within(where);
      if (Status status = (*made)->set_field(item.name(), *value); !status.ok()) return std::move(status).within(where);
    }
    std::vector<Tensor*> inputs;
    for (int place : in.inputs()) {
      if (place < -1 || place >= whole.tensors_size() || (place >= 0 && !tensors[place]))
        return invalid(where + " reads a tensor that no earlier layer makes");
      inputs.push_back(place < 0 ? nullptr : tensors[place]);
    }
    auto added = network.add_layer(std::move(made).value(), std::move(inputs), in.name());
    if (!added.ok()) return std::move(added).error();
    Layer* layer = *added;
    layer->metadata = in.metadata();
    if (static_cast<size_t>(in.outputs_size()) != layer->outputs().size())
      return invalid(where + " has " + std::to_string(layer->outputs().size()) + " outputs; the plan names " +
                     std::to_string(in.outputs_size()));
    for (int i = 0; i < in.outputs_size(); ++i) {
      const int place = in.outputs(i);
      if (place < 0 || place >= whole.tensors_size() || tensors[place])
        return invalid(where + " writes a tensor that has a source already");
      Tensor* output = layer->output(static_cast<size_t>(i));
      TRY(network.rename(output, whole.tensors(place).name()).within(where));
      TRY_ASSIGN(TensorType type, tensor_type(whole.tensors(place)));
      if (type.type != output->type.type || type.dims != output->type.dims)
        return invalid(where + " gives " + output->type.text() + "; the plan says " + type.text());
      output->type.place = type.place;
      decorate(whole.tensors(place), output);
      tensors[place] = output;
    }
    if (!choices) return Ok{};
    Choice choice;
    choice.tactic = in.choice().tactic();
    choice.ms = in.choice().ms();
    for (int number : in.choice().input_formats()) {
      TRY_ASSIGN(Format read, format(number));
      choice.input_formats.push_back(read);
    }
    for (int number : in.choice().output_formats()) {
      TRY_ASSIGN(Format read, format(number));
      choice.output_formats.push_back(read);
    }
    if (choice.input_formats.size() != layer->inputs().size() || choice.output_formats.size() != layer->outputs().size())
      return invalid(where + " has formats for another number of tensors");
    for (const auto& item : in.choice().packed()) {
      PackedWeights packed;
      packed.packing = item.packing();
      packed.input = item.input();
      if (packed.input >= layer->inputs().size() || !layer->input(packed.input) || !layer->input(packed.input)->is_constant())
        return invalid(where + " has packed weights for input " + std::to_string(packed.input) + ", which is no constant");
      TRY_ASSIGN(Bytes bytes, blob(item.bytes()));
      packed.data = bytes.data();
      packed.size = bytes.size();
      packed.keeper = keeper_;
      choice.packed.push_back(std::move(packed));
    }
    choices->push_back(std::move(choice));
    return Ok{};
  }

  Bytes weights_;
  std::shared_ptr<const void> keeper_;
};

}  // namespace

std::string Plan::property(const std::string& name) const {
  const auto found = properties.find(name);
  return found == properties.end() ? "" : found->second;
}

std::string join_names(const std::vector<std::string>& names) {
  std::string lines;
  for (const std::string& name : names) lines += name + "\n";
  return lines;
}

std::vector<std::string> split_names(const std::string& lines) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    names.push_back(lines.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

Result<std::vector<std::byte>> write_plan(const Plan& plan) {
  // In an arena, as what is read: a message that memory runs out for leaks otherwise.
  google::protobuf::Arena arena;
  ingot_plan::Plan& metadata = *google::protobuf::Arena::CreateMessage<ingot_plan::Plan>(&arena);
  WeightsWriter weights;
  const std::vector<std::string> stripped = split_names(plan.property(kStrippedProperty));
  const std::set<std::string> without(stripped.begin(), stripped.end());
  write_network(*plan.network, &plan.choices, without, weights, metadata.mutable_network());
  for (const auto& [name, value] : plan.properties) {
    ingot_plan::Property* property = metadata.add_properties();
    property->set_name(name);
    property->set_value(value);
  }
  if (metadata.ByteSizeLong() > INT_MAX) return unsupported("the plan's metadata is larger than 2 GB");
  const std::string text = metadata.SerializeAsString();
  const Bytes sections[2] = {std::as_bytes(std::span(text.data(), text.size())), Bytes(weights.bytes())};
  const uint32_t kinds[2] = {kMetadata, kWeights};
  size_t offset = align(kHeaderSize + 2 * kEntrySize);
  size_t offsets[2];
  for (int i = 0; i < 2; ++i) {
    offsets[i] = offset;
    offset = align(offset + sections[i].size());
  }
  std::vector<std::byte> out(offset, std::byte{0});
  put(out, 0, kTag);
  put(out, 4, uint32_t{0});
  put(out, 8, uint64_t{out.size()});
  put(out, 16, uint32_t{kPlanFormatVersion});
  put(out, 20, uint32_t{2});
  put(out, 24, kProductVersion);
  for (int i = 0; i < 2; ++i) {
    const size_t entry = kHeaderSize + i * kEntrySize;
    const Hash128 digest = digest_of(sections[i]);
    put(out, entry, kinds[i]);
    put(out, entry + 8, uint64_t{offsets[i]});
    put(out, entry + 16, uint64_t{sections[i].size()});
    put(out, entry + 24, digest.low);
    put(out, entry + 32, digest.high);
    if (!sections[i].empty()) std::memcpy(out.data() + offsets[i], sections[i].data(), sections[i].size());
  }
  return out;
}

namespace {

struct Section {
  uint32_t kind = 0;
  Bytes bytes;
  Hash128 digest;

  Status check() const {
    if (digest_of(bytes) == digest) return Ok{};
    return invalid("the plan is damaged: the digest of its " +
                   std::string(kind == kMetadata  ? "metadata"
                               : kind == kWeights ? "weights"
                                                  : "section") +
                   " differs");
  }
};

// The sections as the file says, whose digests are still to be checked.
Result<std::vector<Section>> sections_of(Bytes bytes) {
  ByteReader reader(bytes);
  TRY_ASSIGN(uint32_t tag, reader.read<uint32_t>());
  if (tag != kTag) return invalid("this is no plan: it does not begin with \"ftrt\"");
  TRY_ASSIGN(uint32_t zero, reader.read<uint32_t>());
  TRY_ASSIGN(uint64_t size, reader.read<uint64_t>());
  TRY_ASSIGN(uint32_t version, reader.read<uint32_t>());
  TRY_ASSIGN(uint32_t count, reader.read<uint32_t>());
  if (zero != 0 || version != kPlanFormatVersion)
    return invalid("the plan has format " + std::to_string(version) + "; this library reads " + std::to_string(kPlanFormatVersion) +
                   " (a plan that NVIDIA's library wrote must be built again from its model)");
  if (size != bytes.size())
    return invalid("the plan says it has " + std::to_string(size) + " bytes; there are " + std::to_string(bytes.size()));
  if (count > kMostSections) return invalid("the plan says it has " + std::to_string(count) + " sections");
  TRY(reader.seek(kHeaderSize));
  std::vector<Section> sections(count);
  for (Section& made : sections) {
    TRY_ASSIGN(made.kind, reader.read<uint32_t>());
    TRY_ASSIGN(uint32_t reserved, reader.read<uint32_t>());
    (void)reserved;
    TRY_ASSIGN(uint64_t offset, reader.read<uint64_t>());
    TRY_ASSIGN(uint64_t length, reader.read<uint64_t>());
    TRY_ASSIGN(made.digest.low, reader.read<uint64_t>());
    TRY_ASSIGN(made.digest.high, reader.read<uint64_t>());
    ByteReader section(bytes);
    TRY(section.seek(offset));
    TRY_ASSIGN(made.bytes, section.take(length));
    if (offset % kAlignment != 0) return invalid("section " + std::to_string(made.kind) + " of the plan is not 64-byte aligned");
  }
  return sections;
}

}  // namespace

Result<std::set<std::string>> tactics_of(Bytes bytes) {
  TRY_ASSIGN(const std::vector<Section> sections, sections_of(bytes));
  std::set<std::string> tactics;
  for (const Section& section : sections) {
    if (section.kind != kMetadata || section.bytes.size() > INT_MAX) continue;
    TRY(section.check());
    google::protobuf::Arena arena;
    ingot_plan::Plan& message = *google::protobuf::Arena::CreateMessage<ingot_plan::Plan>(&arena);
    if (!message.ParseFromArray(section.bytes.data(), static_cast<int>(section.bytes.size())))
      return invalid("the plan's metadata cannot be read");
    for (const auto& layer : message.network().layers()) tactics.insert(layer.choice().tactic());
  }
  return tactics;
}

Result<Plan> read_plan(Bytes bytes, std::shared_ptr<const void> keeper) {
  TRY_ASSIGN(const std::vector<Section> sections, sections_of(bytes));
  Bytes metadata, weights;
  for (const Section& section : sections) {
    TRY(section.check());
    if (section.kind == kMetadata) metadata = section.bytes;
    if (section.kind == kWeights) weights = section.bytes;
  }
  if (metadata.size() > INT_MAX) return invalid("the plan's metadata is larger than 2 GB");
  google::protobuf::Arena arena;
  ingot_plan::Plan& message = *google::protobuf::Arena::CreateMessage<ingot_plan::Plan>(&arena);
  if (metadata.empty() || !message.ParseFromArray(metadata.data(), static_cast<int>(metadata.size())))
    return invalid("the plan's metadata cannot be read");
  Plan plan;
  PlanReader plan_reader(weights, std::move(keeper));
  TRY_ASSIGN(plan.network, plan_reader.network(message.network(), &plan.choices));
  for (const auto& property : message.properties()) plan.properties[property.name()] = property.value();
  return plan;
}

Result<AlignedBytes> copy_aligned(Bytes bytes) {
  // Large plans lie in huge pages: 50 faults in place of 25000 for 100 MB, and fewer misses when kernels walk the weights.
  const size_t alignment = bytes.size() < kHugePage ? kAlignment : kHugePage;
  const size_t rounded = (bytes.size() + alignment) / alignment * alignment;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(alignment, rounded));
  if (!memory) return out_of_memory("no memory for a plan of " + std::to_string(bytes.size()) + " bytes");
  if (alignment == kHugePage) madvise(memory, rounded, MADV_HUGEPAGE);
  const int64_t pieces = static_cast<int64_t>((bytes.size() + kHugePage - 1) / kHugePage);
  ThreadPool::shared().run(pieces, [&](int64_t piece, int) {
    const size_t begin = static_cast<size_t>(piece) * kHugePage;
    std::memcpy(memory + begin, bytes.data() + begin, std::min(kHugePage, bytes.size() - begin));
  });
  return AlignedBytes{std::shared_ptr<std::byte>(memory, std::free), bytes.size()};
}

Result<Plan> read_plan_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return invalid(path + ": " + std::strerror(errno));
  struct stat info {};
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(file);
    return invalid(path + ": it is no regular file");
  }
  const auto size = static_cast<size_t>(info.st_size);
  if (size < kHeaderSize) {
    close(file);
    return invalid(path + ": " + std::to_string(size) + " bytes are too few for a plan");
  }
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return out_of_memory(path + ": " + std::strerror(errno));
  std::shared_ptr<const void> keeper(mapped, [size](const void* address) { munmap(const_cast<void*>(address), size); });
  return read_plan(Bytes(static_cast<const std::byte*>(mapped), size), keeper).within(path);
}

}  // namespace ingot
