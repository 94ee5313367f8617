#include "import/tensorflow/bundle.h"

#include <cstdio>
#include <cstring>

#include "import/tensorflow/messages.h"

namespace ingot {
namespace {

constexpr uint64_t kTableMagic = 0xdb4775248b80fb57u;
constexpr size_t kFooterBytes = 48, kMostEntries = 10'000'000;
constexpr int kMostShards = 4096;
constexpr const char* kObjectGraph = "_CHECKPOINTABLE_OBJECT_GRAPH";

// Seven bits a byte, the lowest first.
Result<uint64_t> read_varint(ByteReader& reader) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    TRY_ASSIGN(uint8_t byte, reader.read<uint8_t>());
    value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return value;
  }
  return invalid("a number of the table does not end");
}

struct Block {
  uint64_t offset, size;
};

Result<Block> read_block_place(ByteReader& reader) {
  TRY_ASSIGN(uint64_t offset, read_varint(reader));
  TRY_ASSIGN(uint64_t size, read_varint(reader));
  return Block{offset, size};
}

// Entries share the start of their key with the one before; behind them stand restart points and their number.
template <class Use>
Status read_block(Bytes table, Block place, Use&& use) {
  ByteReader reader(table);
  TRY(reader.seek(place.offset));
  TRY_ASSIGN(Bytes block, reader.take(place.size));
  TRY_ASSIGN(uint8_t compression, reader.read<uint8_t>());
  if (compression != 0) return unsupported("its blocks are compressed (kind " + std::to_string(compression) + ")");
  if (block.size() < 4) return invalid("a block of the table has " + std::to_string(block.size()) + " bytes");
  uint32_t restarts = 0;
  std::memcpy(&restarts, block.data() + block.size() - 4, 4);
  if (restarts > (block.size() - 4) / 4) return invalid("a block of the table claims " + std::to_string(restarts) + " restart points");
  ByteReader entries(block.first(block.size() - 4 - restarts * size_t{4}));
  std::string key;
  while (entries.remaining() > 0) {
    TRY_ASSIGN(uint64_t shared, read_varint(entries));
    TRY_ASSIGN(uint64_t own, read_varint(entries));
    TRY_ASSIGN(uint64_t length, read_varint(entries));
    TRY_ASSIGN(Bytes rest, entries.take(own));
    TRY_ASSIGN(Bytes value, entries.take(length));
    if (shared > key.size()) return invalid("a key of the table goes on from one that is shorter");
    key.resize(shared);
    key.append(reinterpret_cast<const char*>(rest.data()), rest.size());
    if (key.size() > 65536) return invalid("a key of the table has " + std::to_string(key.size()) + " bytes");
    TRY(use(key, value));
  }
  return Ok{};
}

// Numbers that sort as bytes do: the sign turned, behind as many leading ones as there are further bytes.
void add_sorted_number(std::string& key, int64_t number) {
  int bytes = 1;
  while (bytes < 8 && (number < -(int64_t{1} << (7 * bytes - 1)) || number >= int64_t{1} << (7 * bytes - 1))) ++bytes;
  // What needs more than 8 bytes is no place in a tensor, and finds nothing.
  const uint64_t bits = static_cast<uint64_t>(number) ^ (((uint64_t{1} << bytes) - 1) << (7 * bytes));
  for (int i = bytes - 1; i >= 0; --i) key.push_back(static_cast<char>(bits >> (8 * i)));
}

// The key of a slice's entry: 0, the name, the number of dimensions, then start and length of each (-1 for all of it).
std::string slice_key(const std::string& name, const tf::TensorSlice& slice) {
  std::string key(1, '\0');
  for (char c : name) {
    key.push_back(c);
    if (c == '\0') key.push_back('\xff');
    if (c == '\xff') key.push_back('\0');
  }
  key.push_back('\0');
  key.push_back('\1');
  if (slice.extent_size() > 0) key.push_back('\1');
  key.push_back(static_cast<char>(slice.extent_size()));
  for (const auto& extent : slice.extent()) {
    add_sorted_number(key, extent.start());
    add_sorted_number(key, extent.has_length_case() == tf::TensorSlice::Extent::kLength ? extent.length() : -1);
  }
  return key;
}

std::string string_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

Result<std::map<std::string, std::string>> read_sorted_table(Bytes bytes) {
  if (bytes.size() < kFooterBytes) return invalid("not a table: it has " + std::to_string(bytes.size()) + " bytes");
  const Bytes footer = bytes.last(kFooterBytes);
  uint64_t magic = 0;
  std::memcpy(&magic, footer.data() + kFooterBytes - 8, 8);
  if (magic != kTableMagic) return invalid("not a table, or truncated: its last bytes are not those of one");
  ByteReader reader(footer);
  TRY_ASSIGN(Block meta, read_block_place(reader));
  (void)meta;
  TRY_ASSIGN(Block index, read_block_place(reader));
  std::map<std::string, std::string> entries;
  TRY(read_block(bytes, index, [&](const std::string&, Bytes value) -> Status {
    ByteReader place(value);
    TRY_ASSIGN(Block block, read_block_place(place));
    return read_block(bytes, block, [&](const std::string& key, Bytes data) -> Status {
      if (entries.size() >= kMostEntries) return invalid("the table has more than " + std::to_string(kMostEntries) + " entries");
      entries[key] = string_of(data);
      return Ok{};
    });
  }));
  return entries;
}

Result<TensorBundle> TensorBundle::open(const std::string& prefix) {
  TRY_ASSIGN(auto index, MappedFile::open(prefix + ".index"));
  TensorBundle bundle;
  auto entries = read_sorted_table(index->bytes());
  if (!entries.ok()) return std::move(entries).error().within(prefix + ".index");
  bundle.entries_ = std::move(*entries);
  tf::BundleHeader header;
  const auto found = bundle.entries_.find("");
  if (found == bundle.entries_.end() || !header.ParseFromString(found->second)) return invalid(prefix + ".index: it has no header");
  if (header.endianness() != 0) return unsupported(prefix + ".index: its numbers are big-endian");
  if (header.num_shards() < 1 || header.num_shards() > kMostShards)
    return invalid(prefix + ".index: it tells of " + std::to_string(header.num_shards()) + " shards");
  for (int i = 0; i < header.num_shards(); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, ".data-%05d-of-%05d", i, header.num_shards());
    TRY_ASSIGN(auto shard, MappedFile::open(prefix + name));
    bundle.shards_.push_back(std::move(shard));
  }
  if (!bundle.has(kObjectGraph)) return bundle;
  auto text = bundle.bytes_of_string(kObjectGraph);
  tf::TrackableObjectGraph objects;
  if (!text.ok() || text->size() > INT_MAX || !objects.ParseFromArray(text->data(), static_cast<int>(text->size()))) return bundle;
  for (const auto& object : objects.nodes()) {
    for (const auto& attribute : object.attributes()) {
      if (!attribute.full_name().empty()) bundle.full_names_.emplace(attribute.full_name(), attribute.checkpoint_key());
    }
  }
  return bundle;
}

Result<Array> TensorBundle::tensor(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return invalid("the checkpoint has no '" + key + "'");
  tf::BundleEntry entry;
  if (!entry.ParseFromString(found->second)) return invalid("the checkpoint's entry '" + key + "' is damaged");
  return entry.slices_size() > 0 ? joined(entry, key) : read(entry, key);
}

// A variable in parts, each of which is an entry of its own.
Result<Array> TensorBundle::joined(const tf::BundleEntry& whole, const std::string& key) const {
  const auto type = tf_type_of(whole.dtype());
  if (!type) return unsupported("'" + key + "' has TensorFlow's type " + std::to_string(whole.dtype()) + ", which is no number type");
  Shape shape;
  for (const auto& dim : whole.shape().dim()) shape.push_back(dim.size());
  TRY_ASSIGN(const int64_t count, volume(shape));
  int64_t stored = 0;
  for (const auto& shard : shards_) stored += static_cast<int64_t>(shard->bytes().size());
  if (count > stored) return invalid("'" + key + "' " + to_text(shape) + " has more elements than the checkpoint has bytes");
  TRY_ASSIGN(Array array, Array::make(*type, shape));
  const size_t element = static_cast<size_t>(bits_of(*type)) / 8;
  int64_t filled = 0;
  for (const auto& slice : whole.slices()) {
    const std::string where = "a slice of '" + key + "'";
    const auto found = entries_.find(slice_key(key, slice));
    tf::BundleEntry entry;
    if (found == entries_.end() || !entry.ParseFromString(found->second)) return invalid(where + " is missing in the checkpoint");
    TRY_ASSIGN(const Array part, read(entry, key));
    bool fits = part.type() == *type && part.shape().size() == shape.size() && slice.extent_size() == static_cast<int>(shape.size());
    Shape start;
    for (size_t d = 0; fits && d < shape.size(); ++d) {
      start.push_back(slice.extent(static_cast<int>(d)).start());
      fits = start[d] >= 0 && start[d] <= shape[d] && part.shape()[d] <= shape[d] - start[d];
    }
    if (!fits) return invalid(where + " is " + to_text(part.shape()) + ", which does not fit into " + to_text(shape));
    filled += part.count();
    if (part.count() == 0) continue;
    // Row by row along the last axis.
    const int64_t row = shape.empty() ? 1 : part.shape().back();
    for (int64_t from = 0; from < part.count(); from += row) {
      int64_t to = 0, rest = from, stride = 1;
      for (size_t d = shape.size(); d-- > 0;) {
        to += (start[d] + rest % part.shape()[d]) * stride;
        rest /= part.shape()[d];
        stride *= shape[d];
      }
      std::memcpy(static_cast<std::byte*>(array.mutable_data()) + static_cast<size_t>(to) * element,
                  static_cast<const std::byte*>(part.data()) + static_cast<size_t>(from) * element, static_cast<size_t>(row) * element);
    }
  }
  if (filled != count)
    return invalid("the slices of '" + key + "' hold " + std::to_string(filled) + " of its " + std::to_string(count) + " elements");
  return array;
}

Result<Array> TensorBundle::read(const tf::BundleEntry& entry, const std::string& key) const {
  const auto type = tf_type_of(entry.dtype());
  if (!type) return unsupported("'" + key + "' has TensorFlow's type " + std::to_string(entry.dtype()) + ", which is no number type");
  Shape shape;
  for (const auto& dim : entry.shape().dim()) shape.push_back(dim.size());
  TRY_ASSIGN(int64_t count, volume(shape));
  if (entry.shard_id() < 0 || static_cast<size_t>(entry.shard_id()) >= shards_.size())
    return invalid("'" + key + "' lies in shard " + std::to_string(entry.shard_id()) + " of " + std::to_string(shards_.size()));
  const auto& shard = shards_[static_cast<size_t>(entry.shard_id())];
  if (entry.size() < 0 || static_cast<size_t>(entry.size()) != bytes_of(*type, count))
    return invalid("'" + key + "' " + to_text(shape) + " takes " + std::to_string(bytes_of(*type, count)) + " bytes, but there are " +
                   std::to_string(entry.size()));
  ByteReader reader(shard->bytes());
  TRY(reader.seek(static_cast<uint64_t>(entry.offset())).within("'" + key + "'"));
  auto bytes = reader.take(static_cast<uint64_t>(entry.size()));
  if (!bytes.ok()) return std::move(bytes).error().within("'" + key + "'");
  const size_t alignment = static_cast<size_t>(bits_of(*type) + 7) / 8;
  if (count > 0 && *type != DataType::kBool && reinterpret_cast<uintptr_t>(bytes->data()) % alignment == 0)
    return Array::borrow(*type, shape, bytes->data(), shard);
  TRY_ASSIGN(Array copy, Array::make(*type, shape));
  if (count > 0) std::memcpy(copy.mutable_data(), bytes->data(), bytes->size());
  if (*type == DataType::kBool) {
    for (int64_t i = 0; i < count; ++i) copy.as_mutable<uint8_t>()[i] = copy.as<uint8_t>()[i] != 0;
  }
  return copy;
}

// A scalar of the string type: its length, a checksum of the lengths (4 bytes), then the bytes.
Result<Bytes> TensorBundle::bytes_of_string(const std::string& key) const {
  tf::BundleEntry entry;
  const auto found = entries_.find(key);
  if (found == entries_.end() || !entry.ParseFromString(found->second)) return invalid("the checkpoint's entry '" + key + "' is damaged");
  if (entry.shard_id() < 0 || static_cast<size_t>(entry.shard_id()) >= shards_.size()) return invalid("its shard is not there");
  ByteReader reader(shards_[static_cast<size_t>(entry.shard_id())]->bytes());
  TRY(reader.seek(static_cast<uint64_t>(entry.offset())));
  TRY_ASSIGN(uint64_t length, read_varint(reader));
  TRY_ASSIGN(uint32_t checksum, reader.read<uint32_t>());
  (void)checksum;
  return reader.take(length);
}

}  // namespace ingot
