// Zip archives by their central directory, with 64-bit sizes; files are stored or deflated.
#include <zlib.h>

#include <cstring>

#include "import/weights/formats.h"

namespace ingot {
namespace {

constexpr uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator64 = 0x07064b50, kCentral = 0x02014b50, kLocal = 0x04034b50;

template <class T>
T at(Bytes bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Directory {
  uint64_t count, offset;
};

Result<Directory> find_directory(Bytes bytes) {
  constexpr size_t kSize = 22, kFarthest = 65535 + kSize;
  for (size_t back = kSize; back <= bytes.size() && back <= kFarthest; ++back) {
    const size_t end = bytes.size() - back;
    if (at<uint32_t>(bytes, end) != kEnd) continue;
    Directory directory{at<uint16_t>(bytes, end + 10), at<uint32_t>(bytes, end + 16)};
    if (directory.offset != UINT32_MAX && directory.count != UINT16_MAX) return directory;
    if (end < 20 || at<uint32_t>(bytes, end - 20) != kLocator64) return invalid("the archive's 64-bit directory is not found");
    const auto place = at<uint64_t>(bytes, end - 20 + 8);
    if (place > bytes.size() || bytes.size() - place < 56 || at<uint32_t>(bytes, place) != kEnd64)
      return invalid("the archive's 64-bit directory is not found");
    return Directory{at<uint64_t>(bytes, place + 32), at<uint64_t>(bytes, place + 48)};
  }
  return invalid("not a zip archive, or truncated: its directory is not found");
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip(Bytes bytes, size_t most_entries) {
  TRY_ASSIGN(Directory directory, find_directory(bytes));
  if (directory.count > most_entries)
    return invalid("the archive has " + std::to_string(directory.count) + " files; " + std::to_string(most_entries) + " are the limit");
  ByteReader reader(bytes);
  TRY(reader.seek(directory.offset));
  std::vector<ZipEntry> entries;
  for (uint64_t i = 0; i < directory.count; ++i) {
    TRY_ASSIGN(Bytes head, reader.take(46));
    if (at<uint32_t>(head, 0) != kCentral) return invalid("the archive's directory is damaged");
    const auto flags = at<uint16_t>(head, 8), method = at<uint16_t>(head, 10);
    uint64_t packed = at<uint32_t>(head, 20), size = at<uint32_t>(head, 24), place = at<uint32_t>(head, 42);
    TRY_ASSIGN(Bytes name, reader.take(at<uint16_t>(head, 28)));
    TRY_ASSIGN(Bytes extra, reader.take(at<uint16_t>(head, 30)));
    TRY_ASSIGN(Bytes comment, reader.take(at<uint16_t>(head, 32)));
    (void)comment;
    // 64-bit sizes stand in an extra field, only those that do not fit above.
    for (size_t p = 0; p + 4 <= extra.size();) {
      const size_t length = at<uint16_t>(extra, p + 2);
      if (length > extra.size() - p - 4) break;
      if (at<uint16_t>(extra, p) == 1) {
        size_t q = p + 4;
        const size_t end = q + length;
        for (uint64_t* value : {&size, &packed, &place}) {
          if (*value != UINT32_MAX || q + 8 > end) continue;
          *value = at<uint64_t>(extra, q);
          q += 8;
        }
      }
      p += 4 + length;
    }
    ZipEntry entry;
    entry.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
    const std::string where = "'" + entry.name.substr(0, 100) + "'";
    if (flags & 1) return unsupported(where + " is encrypted");
    if (method != 0 && method != 8)
      return unsupported(where + " is packed by method " + std::to_string(method) + "; stored and deflated files are read");
    if (place > bytes.size() || bytes.size() - place < 30 || at<uint32_t>(bytes, place) != kLocal)
      return invalid(where + " is not where the directory says");
    const uint64_t data = place + 30 + at<uint16_t>(bytes, place + 26) + at<uint16_t>(bytes, place + 28);
    if (data > bytes.size() || packed > bytes.size() - data) return invalid(where + " goes beyond the end of the archive");
    if (method == 0 && packed != size)
      return invalid(where + " is stored in " + std::to_string(packed) + " bytes and has " + std::to_string(size));
    entry.packed = bytes.subspan(data, packed);
    entry.size = size;
    entry.is_deflated = method == 8;
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<Bytes> unpack(WeightSource& source, const ZipEntry& entry, std::shared_ptr<const void>* keeper) {
  if (!entry.is_deflated) return entry.packed;
  // No deflated byte stands for more than about a thousand.
  if (entry.size > entry.packed.size() * 1100 + 1100 || entry.size > UINT32_MAX || entry.packed.size() > UINT32_MAX)
    return invalid("'" + entry.name.substr(0, 100) + "' claims to unpack to " + std::to_string(entry.size) + " bytes");
  TRY(source.take(static_cast<int64_t>(entry.size)));
  const auto unpacked = std::make_shared<std::vector<std::byte>>(entry.size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return out_of_memory("memory ran out while the archive was unpacked");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(entry.packed.data()));
  stream.avail_in = static_cast<uInt>(entry.packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(unpacked->data());
  stream.avail_out = static_cast<uInt>(entry.size);
  const int code = inflate(&stream, Z_FINISH);
  const uLong written = stream.total_out;
  inflateEnd(&stream);
  if (code != Z_STREAM_END || written != entry.size)
    return invalid("'" + entry.name.substr(0, 100) + "' does not unpack to its " + std::to_string(entry.size) + " bytes");
  *keeper = unpacked;
  return Bytes(*unpacked);
}

}  // namespace ingot
