// State dicts of PyTorch: pickles whose tensors are views of storages. A storage is a file of a zip archive, or follows the pickles.
#include <cstring>
#include <unordered_map>

#include "import/weights/formats.h"
#include "import/weights/pickle.h"

namespace ingot {
namespace {

using Kind = PickleValue::Kind;

struct Storage {
  Bytes bytes;
  std::shared_ptr<const void> keeper;  // null where they lie in the file
};

Result<DataType> type_of(const std::string& global) {
  static const std::pair<const char*, DataType> kTypes[] = {{"FloatStorage", DataType::kFloat}, {"DoubleStorage", DataType::kDouble},
                                                            {"HalfStorage", DataType::kHalf},   {"BFloat16Storage", DataType::kBf16},
                                                            {"LongStorage", DataType::kInt64},  {"IntStorage", DataType::kInt32},
                                                            {"ShortStorage", DataType::kInt16}, {"CharStorage", DataType::kInt8},
                                                            {"ByteStorage", DataType::kUint8},  {"BoolStorage", DataType::kBool}};
  for (const auto& [name, type] : kTypes) {
    if (global == std::string("torch ") + name || global == std::string("torch.cuda ") + name) return type;
  }
  return unsupported("its elements are of '" + global.substr(0, 60) + "', no numbers that are known");
}

class StateDict {
 public:
  StateDict(WeightSource& source, const Pickle& pickle, const std::unordered_map<std::string, Storage>& storages)
      : source_(source), pickle_(pickle), storages_(storages) {}

  Result<WeightMap> read() {
    uint32_t root = pickle_.root;
    // A checkpoint keeps the state dict among other things.
    for (const char* key : {"state_dict", "model_state_dict"}) {
      if (const PickleValue* inner = find(pickle_[root], key); inner && inner->kind == Kind::kDict) return read(*inner);
    }
    if (pickle_[root].kind != Kind::kDict) return unsupported("the file holds no state dict but another object; save model.state_dict()");
    return read(pickle_[root]);
  }

 private:
  const PickleValue* find(const PickleValue& dict, std::string_view key) const {
    if (dict.kind != Kind::kDict) return nullptr;
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue& name = pickle_[dict.items[i]];
      if (name.kind == Kind::kText && name.text == key) return &pickle_[dict.items[i + 1]];
    }
    return nullptr;
  }

  Result<WeightMap> read(const PickleValue& dict) {
    WeightMap weights;
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue &key = pickle_[dict.items[i]], *value = &pickle_[dict.items[i + 1]];
      if (key.kind != Kind::kText || value->kind != Kind::kCall) continue;  // epochs, versions
      const std::string where = "'" + key.text.substr(0, 100) + "'";
      // A parameter is a tensor with a wish for gradients.
      if (is_call(*value, "torch._utils _rebuild_parameter")) {
        const PickleValue& arguments = pickle_[value->items[1]];
        if (arguments.items.empty()) return invalid(where + " is a parameter of nothing");
        value = &pickle_[arguments.items[0]];
      }
      if (!is_call(*value, "torch._utils _rebuild_tensor_v2") && !is_call(*value, "torch._utils _rebuild_tensor")) continue;
      TRY_ASSIGN(Array array, tensor(pickle_[value->items[1]]).within(where));
      TRY(source_.add(weights, key.text, std::move(array)));
    }
    if (weights.empty()) return unsupported("the file holds no tensors by name; save model.state_dict()");
    return weights;
  }

  bool is_call(const PickleValue& value, std::string_view global) const {
    return value.kind == Kind::kCall && value.items.size() == 2 && pickle_[value.items[0]].kind == Kind::kGlobal &&
           pickle_[value.items[0]].text == global && pickle_[value.items[1]].kind == Kind::kList;
  }

  Result<Shape> numbers(const PickleValue& list) const {
    if (list.kind != Kind::kList || list.items.size() > 32) return invalid("its dims or strides are no list of numbers");
    Shape numbers;
    for (uint32_t item : list.items) {
      if (pickle_[item].kind != Kind::kInteger || pickle_[item].integer < 0) return invalid("its dims or strides are no numbers");
      numbers.push_back(pickle_[item].integer);
    }
    return numbers;
  }

  // Arguments: storage, offset, dims, strides, ...
  Result<Array> tensor(const PickleValue& arguments) {
    if (arguments.items.size() < 4) return invalid("its tensor lacks storage, offset, dims or strides");
    const PickleValue& persistent = pickle_[arguments.items[0]];
    if (persistent.kind != Kind::kPersistent || pickle_[persistent.items[0]].kind != Kind::kList ||
        pickle_[persistent.items[0]].items.size() < 3)
      return invalid("its tensor has no storage");
    const std::vector<uint32_t>& id = pickle_[persistent.items[0]].items;  // "storage", type, key, device, count
    if (pickle_[id[1]].kind != Kind::kGlobal) return invalid("its storage has no type");
    TRY_ASSIGN(DataType type, type_of(pickle_[id[1]].text));
    const auto storage = storages_.find(pickle_[id[2]].text);
    if (storage == storages_.end()) return invalid("its storage '" + pickle_[id[2]].text.substr(0, 40) + "' is not in the file");
    const PickleValue& offset = pickle_[arguments.items[1]];
    if (offset.kind != Kind::kInteger || offset.integer < 0) return invalid("its offset is no number");
    TRY_ASSIGN(Shape shape, numbers(pickle_[arguments.items[2]]));
    TRY_ASSIGN(Shape strides, numbers(pickle_[arguments.items[3]]));
    if (shape.size() != strides.size()) return invalid("its dims and strides differ in number");
    return view(storage->second, type, offset.integer, shape, strides);
  }

  Result<Array> view(const Storage& storage, DataType type, int64_t offset, const Shape& shape, const Shape& strides) {
    TRY_ASSIGN(int64_t count, volume(shape));
    const int64_t element = static_cast<int64_t>(bits_of(type)) / 8, elements = static_cast<int64_t>(storage.bytes.size()) / element;
    int64_t last = offset;
    for (size_t d = 0; d < shape.size() && count > 0; ++d) {
      int64_t step = 0;
      if (!checked_multiply(shape[d] - 1, strides[d], &step) || !checked_add(last, step, &last))
        return invalid("its strides go beyond its storage");
    }
    if (count > 0 && (last >= elements || offset >= elements))
      return invalid("its elements go up to " + std::to_string(last) + ", and its storage has " + std::to_string(elements));
    WeightSource from = source_;
    if (storage.keeper) from.keeper = storage.keeper;
    const Shape dense = row_major_strides(shape);
    bool contiguous = true;
    for (size_t d = 0; d < shape.size(); ++d) contiguous = contiguous && (shape[d] == 1 || strides[d] == dense[d]);
    if (count == 0 || contiguous) {
      TRY_ASSIGN(Array array, from.array(type, shape,
                                         count == 0 ? Bytes()
                                                    : storage.bytes.subspan(static_cast<size_t>(offset * element),
                                                                            static_cast<size_t>(count * element))));
      source_.bytes_left = from.bytes_left;
      return array;
    }
    int64_t bytes = 0;
    if (!checked_multiply(count, element, &bytes)) return invalid("its dims " + to_text(shape) + " are too large");
    TRY(source_.take(bytes));
    TRY_ASSIGN(Array array, Array::make(type, shape));
    auto* target = static_cast<std::byte*>(array.mutable_data());
    for (IndexWalk walk(shape); !walk.done(); walk.next(), target += element) {
      int64_t at = offset;
      for (size_t d = 0; d < shape.size(); ++d) at += walk.index()[d] * strides[d];
      std::memcpy(target, storage.bytes.data() + at * element, static_cast<size_t>(element));
    }
    return array;
  }

  WeightSource& source_;
  const Pickle& pickle_;
  const std::unordered_map<std::string, Storage>& storages_;
};

// The types of storages by their keys, as the pickle names them.
std::unordered_map<std::string, DataType> storage_types(const Pickle& pickle) {
  std::unordered_map<std::string, DataType> types;
  for (const PickleValue& value : pickle.values) {
    if (value.kind != Kind::kPersistent) continue;
    const std::vector<uint32_t>& id = pickle[value.items[0]].items;
    if (id.size() < 3) continue;
    if (auto type = type_of(pickle[id[1]].text); type.ok()) types.emplace(pickle[id[2]].text, *type);
  }
  return types;
}

}  // namespace

Result<WeightMap> read_torch_zip(WeightSource& source) {
  TRY_ASSIGN(std::vector<ZipEntry> entries, read_zip(source.bytes, source.most_entries));
  const ZipEntry* pickled = nullptr;
  for (const ZipEntry& entry : entries) {
    if (entry.name == "data.pkl" || entry.name.ends_with("/data.pkl")) pickled = &entry;
    if (entry.name.ends_with("/constants.pkl") || entry.name.find("/code/") != std::string::npos)
      return unsupported("the file is a TorchScript program; save model.state_dict()");
  }
  const std::string folder = pickled->name.substr(0, pickled->name.size() - std::strlen("data.pkl"));
  std::shared_ptr<const void> keeper;
  TRY_ASSIGN(Bytes bytes, unpack(source, *pickled, &keeper));
  ByteReader reader(bytes);
  TRY_ASSIGN(Pickle pickle, read_pickle(reader).within("data.pkl"));
  std::unordered_map<std::string, Storage> storages;
  for (const ZipEntry& entry : entries) {
    if (entry.name == folder + "byteorder" && entry.packed.size() == 3) return unsupported("the file's numbers are big-endian");
    if (!entry.name.starts_with(folder + "data/")) continue;
    Storage storage;
    TRY_ASSIGN(storage.bytes, unpack(source, entry, &storage.keeper));
    storages.emplace(entry.name.substr(folder.size() + 5), std::move(storage));
  }
  return StateDict(source, pickle, storages).read();
}

// Pickles of a magic number, a version, the system, the object and the keys of storages; then each storage: a count and elements.
Result<WeightMap> read_torch_stream(WeightSource& source) {
  ByteReader reader(source.bytes);
  TRY_ASSIGN(Pickle magic, read_pickle(reader));
  constexpr uint64_t kLowBits = 0xa86a20f9469cfc6c;  // of the number 0x1950a86a20f9469cfc6c
  if (magic[magic.root].kind != Kind::kInteger || static_cast<uint64_t>(magic[magic.root].integer) != kLowBits)
    return invalid("the file is a pickle, but not one of torch.save");
  TRY_ASSIGN(Pickle version, read_pickle(reader));
  if (version[version.root].integer != 1001)
    return unsupported("the file is of version " + std::to_string(version[version.root].integer) + "; 1001 is known");
  TRY_ASSIGN(Pickle system, read_pickle(reader));
  TRY_ASSIGN(Pickle object, read_pickle(reader));
  TRY_ASSIGN(Pickle keys, read_pickle(reader));
  if (keys[keys.root].kind != Kind::kList) return invalid("the file lacks the keys of its storages");
  const std::unordered_map<std::string, DataType> types = storage_types(object);
  std::unordered_map<std::string, Storage> storages;
  for (uint32_t item : keys[keys.root].items) {
    const std::string& key = keys[item].text;
    const auto type = types.find(key);
    if (type == types.end()) return invalid("the type of storage '" + key.substr(0, 40) + "' is not told");
    TRY_ASSIGN(int64_t count, reader.read<int64_t>());
    int64_t bytes = 0;
    if (count < 0 || !checked_multiply(count, static_cast<int64_t>(bits_of(type->second)) / 8, &bytes))
      return invalid("a storage has " + std::to_string(count) + " elements");
    TRY_ASSIGN(Bytes data, reader.take(static_cast<uint64_t>(bytes)));
    storages.emplace(key, Storage{data, nullptr});
  }
  return StateDict(source, object, storages).read();
}

}  // namespace ingot
