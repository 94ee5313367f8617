// Python's pickles as data: objects are built, and nothing of them is run.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/byte_reader.h"

namespace ingot {

// Values refer to each other by their place in the list, so cycles do no harm.
struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInteger,
    kFloat,
    kText,        // also bytes
    kList,        // also tuples and sets
    kDict,        // keys and values in turn
    kGlobal,      // text: "module name"
    kCall,        // items: what is called, its arguments; never called
    kPersistent,  // items: the id
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<uint32_t> items;
};

struct Pickle {
  std::vector<PickleValue> values;
  uint32_t root = 0;
  const PickleValue& operator[](uint32_t index) const { return values[index]; }
};

// Reads one pickle and leaves the reader behind it.
Result<Pickle> read_pickle(ByteReader& reader);

}  // namespace ingot
