// Text files of weights. The first line counts the others, which are
//   name count hex...          the bits of floats, by tensorrtx and others
//   name type count hex...     type 0: bits of floats, 1: of halfs
//   name type (d0, d1) BYTES   type as above; the elements as they lie in memory
#include <algorithm>
#include <charconv>

#include "import/file_guess.h"
#include "import/weights/formats.h"

namespace ingot {
namespace {

class Text {
 public:
  explicit Text(Bytes bytes) : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}

  // Of the line that ends here, from 1 on.
  int64_t line_number() const { return 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'); }
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  std::string_view word() {
    const size_t begin = at_;
    while (!at_end() && static_cast<unsigned char>(text_[at_]) > ' ') ++at_;
    return text_.substr(begin, at_ - begin);
  }
  // What remains of the line.
  std::string_view line() {
    const size_t begin = at_;
    at_ = std::min(text_.find('\n', at_), text_.size());
    return text_.substr(begin, at_ - begin);
  }
  Result<std::string_view> take(size_t count) {
    if (count > text_.size() - at_)
      return invalid(std::to_string(count) + " bytes are wanted at " + std::to_string(at_) + ", but the data ends at " +
                     std::to_string(text_.size()));
    at_ += count;
    return text_.substr(at_ - count, count);
  }
  bool skip(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

template <class T>
Result<T> number(std::string_view word, int base, const char* what) {
  T value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc{} || end != word.data() + word.size() || word.empty())
    return invalid(std::string(what) + " is '" + std::string(word.substr(0, 40)) + "', which is no number");
  return value;
}

size_t words_of(std::string_view line) {
  size_t count = 0;
  bool inside = false;
  for (char c : line) {
    const bool is_word = static_cast<unsigned char>(c) > ' ';
    count += is_word && !inside;
    inside = is_word;
  }
  return count;
}

Result<DataType> type_of(int64_t code) {
  if (code == 0) return DataType::kFloat;
  if (code == 1) return DataType::kHalf;
  return invalid("the type is " + std::to_string(code) + "; 0 (float) and 1 (half) are known");
}

Result<Array> read_hex(WeightSource& source, std::string_view line, DataType type, int64_t count) {
  TRY(source.take(static_cast<int64_t>(bytes_of(type, count))));
  TRY_ASSIGN(Array array, Array::make(type, {count}));
  Text words(Bytes(reinterpret_cast<const std::byte*>(line.data()), line.size()));
  for (int64_t i = 0; i < count; ++i) {
    words.skip_space();
    TRY_ASSIGN(uint32_t bits, number<uint32_t>(words.word(), 16, "an element"));
    if (type == DataType::kFloat) {
      array.as_mutable<uint32_t>()[i] = bits;
    } else {
      if (bits > UINT16_MAX) return invalid("an element has more bits than a half");
      array.as_mutable<uint16_t>()[i] = static_cast<uint16_t>(bits);
    }
  }
  return array;
}

// From behind "name": both dialects of hexadecimal numbers have all of an entry in one line.
Result<Array> read_text_entry(WeightSource& source, std::string_view line) {
  Text words(Bytes(reinterpret_cast<const std::byte*>(line.data()), line.size()));
  const size_t total = words_of(line);
  words.skip_space();
  TRY_ASSIGN(int64_t first, number<int64_t>(words.word(), 10, "a count"));
  if (first >= 0 && total - 1 == static_cast<size_t>(first)) return read_hex(source, words.line(), DataType::kFloat, first);
  words.skip_space();
  const auto second = number<int64_t>(words.word(), 10, "a count");
  if (second.ok() && *second >= 0 && total - 2 == static_cast<size_t>(*second)) {
    TRY_ASSIGN(DataType type, type_of(first));
    return read_hex(source, words.line(), type, *second);
  }
  // Neither fits: 0 and 1 with a count behind them are types.
  const bool has_type = (first == 0 || first == 1) && second.ok();
  return invalid("the line announces " + std::to_string(has_type ? *second : first) + " elements, and " +
                 std::to_string(total - (has_type ? 2 : 1)) + " follow");
}

Result<Array> read_binary_entry(WeightSource& source, Text& text, int64_t code) {
  TRY_ASSIGN(DataType type, type_of(code));
  Shape shape;
  while (!text.skip(')')) {
    text.skip_blanks();
    std::string digits;
    while (text.peek() >= '0' && text.peek() <= '9' && digits.size() < 20) {
      digits += text.peek();
      text.skip(text.peek());
    }
    TRY_ASSIGN(int64_t dim, number<int64_t>(digits, 10, "a dim"));
    shape.push_back(dim);
    text.skip(',');
    text.skip_blanks();
    if (shape.size() > 8 || text.at_end()) return invalid("the dims do not end");
  }
  if (!text.skip(' ')) return invalid("a blank is wanted behind the dims");
  TRY_ASSIGN(int64_t count, volume(shape));
  TRY_ASSIGN(std::string_view data, text.take(bytes_of(type, count)));
  return source.array(type, std::move(shape), Bytes(reinterpret_cast<const std::byte*>(data.data()), data.size()));
}

}  // namespace

Result<WeightMap> read_wts(WeightSource& source) {
  Text text(source.bytes);
  text.skip_space();
  const std::string_view head = text.word();
  auto count = number<int64_t>(head, 10, "the count of entries");
  if (!count.ok())
    return invalid("no file of weights that is known: neither .wts text, .npy, .npz, safetensors nor PyTorch's" +
                   guess_of(source.bytes, true));
  WeightMap weights;
  for (int64_t i = 0; i < *count; ++i) {
    text.skip_space();
    const std::string name(text.word());
    if (name.empty()) return invalid("there are " + std::to_string(i) + " entries, and the first line counts " + std::to_string(*count));
    const std::string where = "entry '" + name.substr(0, 100) + "'";
    // "type (" tells the binary dialect.
    text.skip_blanks();
    const std::string_view code = text.word();
    text.skip_blanks();
    Array array;
    if (text.skip('(')) {
      TRY_ASSIGN(int64_t type, number<int64_t>(code, 10, "the type").within(where));
      TRY_ASSIGN(array, read_binary_entry(source, text, type).within(where));
    } else {
      const std::string_view rest = text.line();
      const std::string_view line(code.data(), static_cast<size_t>(rest.data() + rest.size() - code.data()));
      auto entry = read_text_entry(source, line);
      if (!entry.ok()) return std::move(entry).error().within("line " + std::to_string(text.line_number()) + ", " + where);
      array = std::move(*entry);
    }
    TRY(source.add(weights, name, std::move(array)));
  }
  return weights;
}

}  // namespace ingot
