#include "import/weights/pickle.h"

#include <cstring>

namespace ingot {
namespace {

using Kind = PickleValue::Kind;

class Machine {
 public:
  explicit Machine(ByteReader& reader) : reader_(reader) {}

  Result<Pickle> run() {
    for (;;) {
      TRY_ASSIGN(uint8_t code, reader_.read<uint8_t>());
      if (code == '.') break;
      TRY(step(code));
    }
    if (stack_.empty()) return invalid("the pickle leaves nothing");
    pickle_.root = stack_.back();
    return std::move(pickle_);
  }

 private:
  uint32_t make(PickleValue value) {
    pickle_.values.push_back(std::move(value));
    return static_cast<uint32_t>(pickle_.values.size() - 1);
  }
  void push(PickleValue value) { stack_.push_back(make(std::move(value))); }
  void push_integer(int64_t value) { push({Kind::kInteger, value, 0, {}, {}}); }
  Result<uint32_t> pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) return invalid("the pickle takes more than it has");
    const uint32_t top = stack_.back();
    stack_.pop_back();
    return top;
  }
  // The values behind the last mark.
  Result<std::vector<uint32_t>> pop_mark() {
    if (marks_.empty()) return invalid("the pickle has no mark where one is wanted");
    const size_t mark = marks_.back();
    marks_.pop_back();
    std::vector<uint32_t> items(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark);
    return items;
  }
  Status push_tuple(size_t count) {
    PickleValue tuple{Kind::kList, 0, 0, {}, std::vector<uint32_t>(count)};
    for (size_t i = count; i-- > 0;) {
      TRY_ASSIGN(tuple.items[i], pop());
    }
    push(std::move(tuple));
    return Ok{};
  }
  Status push_text(uint64_t length) {
    TRY_ASSIGN(Bytes bytes, reader_.take(length));
    push({Kind::kText, 0, 0, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), {}});
    return Ok{};
  }
  Result<std::string> line() {
    std::string text;
    for (;;) {
      TRY_ASSIGN(char c, reader_.read<char>());
      if (c == '\n') return text;
      text += c;
      if (text.size() > 4096) return invalid("a line of the pickle does not end");
    }
  }
  Status append(const std::vector<uint32_t>& items, bool pairs) {
    if (stack_.empty()) return invalid("the pickle adds to nothing");
    if (pairs && items.size() % 2) return invalid("the pickle adds a key without a value");
    PickleValue& target = pickle_.values[stack_.back()];
    // An object of a class, such as an OrderedDict, takes them too.
    if (target.kind != Kind::kList && target.kind != Kind::kDict && target.kind != Kind::kCall)
      return invalid("the pickle adds to what is no list or dict");
    if (target.kind == Kind::kCall) {
      if (!pairs) return Ok{};
      target.kind = Kind::kDict;
      target.items.clear();
    }
    if ((target.kind == Kind::kDict) != pairs) return invalid("the pickle adds to what is of another kind");
    target.items.insert(target.items.end(), items.begin(), items.end());
    return Ok{};
  }
  Status call() {
    TRY_ASSIGN(uint32_t arguments, pop());
    TRY_ASSIGN(uint32_t callee, pop());
    push({Kind::kCall, 0, 0, {}, {callee, arguments}});
    return Ok{};
  }
  Status recall(uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) return invalid("the pickle recalls what it never kept");
    stack_.push_back(found->second);
    return Ok{};
  }
  Status keep(uint32_t key) {
    if (stack_.empty()) return invalid("the pickle keeps nothing");
    memo_[key] = stack_.back();
    return Ok{};
  }
  Status push_long(uint64_t length) {
    TRY_ASSIGN(Bytes bytes, reader_.take(length));
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size() && i < 8; ++i) value |= static_cast<uint64_t>(bytes[i]) << (8 * i);
    if (!bytes.empty() && bytes.size() < 8 && (static_cast<uint8_t>(bytes.back()) & 0x80)) value |= ~uint64_t{0} << (8 * bytes.size());
    push_integer(static_cast<int64_t>(value));  // longer ones are magic numbers, of which these bits are enough
    return Ok{};
  }

  Status step(uint8_t code) {
    switch (code) {
      case 0x80:
        return read_and<uint8_t>([](uint8_t version) -> Status {
          if (version > 5) return unsupported("the pickle is of protocol " + std::to_string(version) + "; 5 is the newest known");
          return Ok{};
        });
      case 0x95: return read_and<uint64_t>([](uint64_t) -> Status { return Ok{}; });  // a frame
      case '(': marks_.push_back(stack_.size()); return Ok{};
      case '0': return pop_unused();
      case '1': return drop_mark();
      case '2':
        if (stack_.empty()) return invalid("the pickle doubles nothing");
        stack_.push_back(stack_.back());
        return Ok{};
      case 'N': push({}); return Ok{};
      case 0x88: push({Kind::kBool, 1, 0, {}, {}}); return Ok{};
      case 0x89: push({Kind::kBool, 0, 0, {}, {}}); return Ok{};
      case 'J': return read_and<int32_t>([&](int32_t value) { return push_integer(value), Status(); });
      case 'K': return read_and<uint8_t>([&](uint8_t value) { return push_integer(value), Status(); });
      case 'M': return read_and<uint16_t>([&](uint16_t value) { return push_integer(value), Status(); });
      case 0x8a: return read_and<uint8_t>([&](uint8_t length) { return push_long(length); });
      case 0x8b: return read_and<uint32_t>([&](uint32_t length) { return push_long(length); });
      case 'G':
        return read_and<uint64_t>([&](uint64_t bits) {
          bits = __builtin_bswap64(bits);
          PickleValue value{Kind::kFloat, 0, 0, {}, {}};
          std::memcpy(&value.number, &bits, sizeof bits);
          return push(std::move(value)), Status();
        });
      case 'X':
      case 'B':
      case 'T': return read_and<uint32_t>([&](uint32_t length) { return push_text(length); });
      case 0x8c:
      case 'C':
      case 'U': return read_and<uint8_t>([&](uint8_t length) { return push_text(length); });
      case 0x8d:
      case 0x8e: return read_and<uint64_t>([&](uint64_t length) { return push_text(length); });
      case '}': push({Kind::kDict, 0, 0, {}, {}}); return Ok{};
      case ']':
      case ')':
      case 0x8f: push({Kind::kList, 0, 0, {}, {}}); return Ok{};
      case 0x85: return push_tuple(1);
      case 0x86: return push_tuple(2);
      case 0x87: return push_tuple(3);
      case 't':
      case 'l':
      case 0x91: return gather(Kind::kList);
      case 'd': return gather(Kind::kDict);
      case 'a': return append_top(1, false);
      case 's': return append_top(2, true);
      case 'e':
      case 0x90: return append_marked(false);
      case 'u': return append_marked(true);
      case 'q': return read_and<uint8_t>([&](uint8_t key) { return keep(key); });
      case 'r': return read_and<uint32_t>([&](uint32_t key) { return keep(key); });
      case 0x94: return keep(static_cast<uint32_t>(memo_.size()));
      case 'h': return read_and<uint8_t>([&](uint8_t key) { return recall(key); });
      case 'j': return read_and<uint32_t>([&](uint32_t key) { return recall(key); });
      case 'c': return push_global();
      case 0x93: return push_stack_global();
      case 'R':
      case 0x81: return call();
      case 'b': return pop_unused();  // an object's state
      case 'Q': {
        TRY_ASSIGN(uint32_t id, pop());
        push({Kind::kPersistent, 0, 0, {}, {id}});
        return Ok{};
      }
      default: return unsupported("the pickle has an instruction " + std::to_string(code) + " that PyTorch does not write");
    }
  }

  template <class T, class Function>
  Status read_and(Function&& function) {
    TRY_ASSIGN(T value, reader_.read<T>());
    return function(value);
  }
  Status pop_unused() {
    TRY_ASSIGN(uint32_t unused, pop());
    (void)unused;
    return Ok{};
  }
  Status drop_mark() {
    TRY_ASSIGN(std::vector<uint32_t> items, pop_mark());
    (void)items;
    return Ok{};
  }
  Status gather(Kind kind) {
    TRY_ASSIGN(std::vector<uint32_t> items, pop_mark());
    if (kind == Kind::kDict && items.size() % 2) return invalid("the pickle adds a key without a value");
    push({kind, 0, 0, {}, std::move(items)});
    return Ok{};
  }
  Status append_top(size_t count, bool pairs) {
    std::vector<uint32_t> items(count);
    for (size_t i = count; i-- > 0;) {
      TRY_ASSIGN(items[i], pop());
    }
    return append(items, pairs);
  }
  Status append_marked(bool pairs) {
    TRY_ASSIGN(std::vector<uint32_t> items, pop_mark());
    return append(items, pairs);
  }
  Status push_global() {
    TRY_ASSIGN(std::string module, line());
    TRY_ASSIGN(std::string name, line());
    push({Kind::kGlobal, 0, 0, module + " " + name, {}});
    return Ok{};
  }
  Status push_stack_global() {
    TRY_ASSIGN(uint32_t name, pop());
    TRY_ASSIGN(uint32_t module, pop());
    push({Kind::kGlobal, 0, 0, pickle_.values[module].text + " " + pickle_.values[name].text, {}});
    return Ok{};
  }

  ByteReader& reader_;
  Pickle pickle_;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, uint32_t> memo_;
};

}  // namespace

Result<Pickle> read_pickle(ByteReader& reader) { return Machine(reader).run(); }

}  // namespace ingot
