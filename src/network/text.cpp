// The text form: Network::text writes it, parse_network reads it. docs/text-form.md describes it.
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/byte_reader.h"
#include "network/field_text.h"
#include "network/network.h"

namespace ingot {
namespace {

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '/' || c == ':' || c == '$' || c == '-';
}

// Names stand bare where they can, else in quotes.
std::string name_text(const std::string& name) {
  bool bare = !name.empty() && name != "_" && name[0] != '-';
  for (char c : name) bare &= is_name_character(c);
  return bare ? name : quote(name);
}

// Numbers in [-1, 1) from a seed: weights of examples that need many.
float seeded_value(uint64_t seed, int64_t index) {
  uint64_t x = seed * 0x9e3779b97f4a7c15ull + static_cast<uint64_t>(index) * 0xbf58476d1ce4e5b9ull + 0x94d049bb133111ebull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  x ^= x >> 31;
  return static_cast<float>(static_cast<int32_t>(x >> 40) - (1 << 23)) / static_cast<float>(1 << 23);
}

class Parser {
 public:
  explicit Parser(std::string_view text, int depth = 0) : text_(text), depth_(depth) {}

  Result<std::unique_ptr<Network>> parse() {
    auto network = std::make_unique<Network>();
    network_ = network.get();
    TRY(statements(false));
    return network;
  }

  // The body of a subnetwork: up to its closing brace.
  Result<std::shared_ptr<Network>> parse_body(size_t* consumed, int* lines) {
    auto network = std::make_shared<Network>();
    network_ = network.get();
    TRY(statements(true));
    *consumed = position_;
    *lines = line_ - 1;
    return network;
  }

 private:
  static constexpr int kDeepest = 16;

  Error wrong(const std::string& message) const { return invalid("line " + std::to_string(line_) + ": " + message); }

  void skip_space() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t' || text_[position_] == '\r')) ++position_;
  }
  bool at_line_end() {
    skip_space();
    return position_ >= text_.size() || text_[position_] == '\n' || text_[position_] == '#';
  }
  bool accept(char c) {
    skip_space();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  Status expect(char c) {
    if (accept(c)) return Ok{};
    return wrong(std::string("'") + c + "' is wanted" + seen());
  }
  std::string seen() {
    skip_space();
    if (position_ >= text_.size()) return "; the text ends";
    return "; got '" + std::string(text_.substr(position_, 12)) + "'";
  }
  Result<std::string> quoted() {
    TRY(expect('"'));
    std::string result;
    while (position_ < text_.size() && text_[position_] != '"') {
      char c = text_[position_++];
      if (c == '\n') return wrong("a quoted text runs past the end of the line");
      if (c == '\\') {
        if (position_ >= text_.size()) break;
        c = text_[position_++];
        if (c == 'n') {
          c = '\n';
        } else if (c == 'x') {
          if (text_.size() - position_ < 2) return wrong("\\x needs two digits");
          unsigned value = 0;
          const char* begin = text_.data() + position_;
          if (std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) return wrong("\\x needs two digits");
          c = static_cast<char>(value);
          position_ += 2;
        }
      }
      result += c;
    }
    if (position_ >= text_.size()) return wrong("a quoted text does not end");
    ++position_;
    return result;
  }
  Result<std::string> name() {
    skip_space();
    if (position_ < text_.size() && text_[position_] == '"') return quoted();
    const size_t begin = position_;
    while (position_ < text_.size() && is_name_character(text_[position_])) ++position_;
    if (begin == position_) return wrong("a name is wanted" + seen());
    return std::string(text_.substr(begin, position_ - begin));
  }
  Result<double> number() {
    skip_space();
    const size_t begin = position_;
    while (position_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[position_])) || text_[position_] == '.' ||
                                        text_[position_] == '-' || text_[position_] == '+'))
      ++position_;
    const std::string_view token = text_.substr(begin, position_ - begin);
    double value = 0;
    const auto parsed = std::from_chars(token.data(), token.data() + token.size(), value);
    if (token.empty() || parsed.ec != std::errc() || parsed.ptr != token.data() + token.size()) {
      position_ = begin;
      return wrong("a number is wanted" + seen());
    }
    return value;
  }
  Result<Dims> dims() {
    TRY(expect('['));
    Dims result;
    if (accept(']')) return result;
    while (true) {
      // A dimension's own parentheses may hold commas.
      skip_space();
      const size_t begin = position_;
      int open = 0;
      while (position_ < text_.size() && text_[position_] != '\n' && (open > 0 || (text_[position_] != ',' && text_[position_] != ']'))) {
        open += (text_[position_] == '(') - (text_[position_] == ')');
        ++position_;
      }
      auto dim = Dim::parse(text_.substr(begin, position_ - begin));
      if (!dim.ok()) return wrong(dim.error().message);
      result.push_back(std::move(dim).value());
      if (accept(']')) return result;
      TRY(expect(','));
    }
  }
  Result<Shape> shape() {
    TRY_ASSIGN(Dims parsed, dims());
    if (!all_constant(parsed)) return wrong("the shape " + to_text(parsed) + " must be numbers");
    return constant_shape(parsed);
  }
  Result<TensorType> tensor_type() {
    TensorType type;
    skip_space();
    if (position_ < text_.size() && text_[position_] != '[') {
      TRY_ASSIGN(std::string word, name());
      auto parsed = data_type_from_name(word);
      if (!parsed.ok()) return wrong(parsed.error().message);
      type.type = *parsed;
    }
    TRY_ASSIGN(type.dims, dims());
    return type;
  }
  Result<Array> array_values(DataType type, const Shape& array_shape) {
    TRY_ASSIGN(int64_t count, volume(array_shape));
    const size_t before = position_;
    if (!at_line_end() && std::isalpha(static_cast<unsigned char>(text_[position_]))) {
      TRY_ASSIGN(std::string word, name());
      if (word == "seed") {
        TRY_ASSIGN(double seed, number());
        if (count > (int64_t{1} << 28)) return wrong("seeded weights of " + std::to_string(count) + " elements are too many");
        TRY_ASSIGN(Array array, Array::make(type, array_shape));
        const bool integral = !is_floating(type);
        for (int64_t i = 0; i < count; ++i) array.set_number(i, seeded_value(static_cast<uint64_t>(seed), i) * (integral ? 100 : 1));
        return array;
      }
      position_ = before;
    }
    // Each value takes a character at least, so the text bounds what is allocated.
    if (count > static_cast<int64_t>(text_.size())) return wrong(std::to_string(count) + " values are wanted, more than the text holds");
    TRY_ASSIGN(Array array, Array::make(type, array_shape));
    for (int64_t i = 0; i < count; ++i) {
      if (at_line_end()) return wrong(std::to_string(count) + " values are wanted; got " + std::to_string(i));
      skip_space();
      const char* begin = text_.data() + position_;
      const char* end = text_.data() + text_.size();
      if (!is_floating(type)) {
        int64_t integer = 0;
        uint64_t large = 0;
        auto parsed = std::from_chars(begin, end, integer);
        if (parsed.ec == std::errc::result_out_of_range && type == DataType::kUint64) {
          parsed = std::from_chars(begin, end, large);
          integer = static_cast<int64_t>(large);
        }
        if (parsed.ec == std::errc() && (parsed.ptr == end || !(is_name_character(*parsed.ptr)))) {
          array.set_integer(i, integer);
          position_ = static_cast<size_t>(parsed.ptr - text_.data());
          continue;
        }
      }
      TRY_ASSIGN(double value, number());
      // A float's shortest text must be read as float: reading it as double rounds twice.
      float narrow = 0;
      if (type == DataType::kFloat && std::from_chars(begin, text_.data() + position_, narrow).ec == std::errc()) value = narrow;
      array.set_number(i, value);
    }
    return array;
  }
  Result<FieldValue> field_value() {
    skip_space();
    if (position_ >= text_.size()) return wrong("a value is wanted; the text ends");
    const char c = text_[position_];
    if (c == '"') {
      TRY_ASSIGN(std::string text, quoted());
      return FieldValue(std::move(text));
    }
    if (c == '[') return list();
    if (c == '{') return body();
    if (text_.substr(position_, 6) == "array(") {
      position_ += 6;
      TRY_ASSIGN(TensorType type, tensor_type());
      if (!all_constant(type.dims)) return wrong("the shape of an array must be numbers");
      TRY(expect('='));
      TRY_ASSIGN(Array array, array_values(type.type, constant_shape(type.dims)));
      TRY(expect(')'));
      return FieldValue(std::move(array));
    }
    const size_t begin = position_;
    while (position_ < text_.size() && (is_name_character(text_[position_]) || text_[position_] == '+')) ++position_;
    return scalar(text_.substr(begin, position_ - begin));
  }
  Result<FieldValue> scalar(std::string_view token) {
    if (token.empty()) return wrong("a value is wanted" + seen());
    if (token == "true") return FieldValue(true);
    if (token == "false") return FieldValue(false);
    if (token == "none") return FieldValue(Array());
    int64_t integer = 0;
    auto parsed = std::from_chars(token.data(), token.data() + token.size(), integer);
    if (parsed.ec == std::errc() && parsed.ptr == token.data() + token.size()) return FieldValue(integer);
    double value = 0;
    parsed = std::from_chars(token.data(), token.data() + token.size(), value);
    if (parsed.ec == std::errc() && parsed.ptr == token.data() + token.size()) return FieldValue(value);
    return FieldValue(std::string(token));
  }
  Result<FieldValue> list() {
    TRY(expect('['));
    std::vector<double> numbers;
    std::vector<int64_t> integers;
    bool integral = true;
    if (!accept(']')) {
      while (true) {
        TRY_ASSIGN(FieldValue value, field_value());
        if (const auto* integer = std::get_if<int64_t>(&value)) {
          integers.push_back(*integer);
          numbers.push_back(static_cast<double>(*integer));
        } else if (const auto* real = std::get_if<double>(&value)) {
          integral = false;
          numbers.push_back(*real);
        } else {
          return wrong("a list holds numbers");
        }
        if (accept(']')) break;
        TRY(expect(','));
      }
    }
    if (integral) return FieldValue(std::move(integers));
    return FieldValue(std::move(numbers));
  }
  Result<FieldValue> body() {
    if (depth_ >= kDeepest) return wrong("networks are nested more than " + std::to_string(kDeepest) + " deep");
    TRY(expect('{'));
    size_t consumed = 0;
    int lines = 0;
    Parser inner(text_.substr(position_), depth_ + 1);
    auto network = inner.parse_body(&consumed, &lines);
    if (!network.ok()) return wrong("in the network that begins here: " + network.error().message);
    position_ += consumed;
    line_ += lines;
    return FieldValue(std::move(network).value());
  }

  Status statements(bool until_brace) {
    while (true) {
      while (position_ < text_.size() && (std::isspace(static_cast<unsigned char>(text_[position_])) || text_[position_] == '#')) {
        if (text_[position_] == '#') {
          while (position_ < text_.size() && text_[position_] != '\n') ++position_;
        } else {
          if (text_[position_] == '\n') ++line_;
          ++position_;
        }
      }
      if (position_ >= text_.size()) {
        if (until_brace) return wrong("'}' is wanted; the text ends");
        return Ok{};
      }
      if (until_brace && text_[position_] == '}') {
        ++position_;
        return Ok{};
      }
      TRY(statement());
      if (!at_line_end()) return wrong("the end of the line is wanted" + seen());
    }
  }
  Status statement() {
    const size_t begin = position_;
    TRY_ASSIGN(std::string first, name());
    skip_space();
    const bool assigns = position_ < text_.size() && (text_[position_] == '=' || text_[position_] == ',');
    if (!assigns) {
      if (first == "input") return input();
      if (first == "output") return output();
      if (first == "weights") return weights();
      if (first == "profile") return profile();
      if (first == "bound") return bound();
      if (first == "network") {
        TRY_ASSIGN(network_->name, name());
        return Ok{};
      }
    }
    position_ = begin;
    return layer();
  }
  Status input() {
    TRY_ASSIGN(std::string input_name, name());
    TRY_ASSIGN(TensorType type, tensor_type());
    Tensor* tensor = nullptr;
    auto added = network_->add_input(std::move(input_name), type);
    if (!added.ok()) return wrong(added.error().message);
    tensor = *added;
    while (!at_line_end()) {
      TRY_ASSIGN(std::string word, name());
      if (word == "host") {
        tensor->type.place = Place::kHost;
      } else if (word == "values") {
        TRY(expect('='));
        TRY_ASSIGN(Dims values, dims());
        tensor->type.values = std::move(values);
      } else if (word == "format") {
        TRY(expect('='));
        TRY_ASSIGN(tensor->format_hint, name());
      } else {
        return wrong("an input takes host, values=[...] or format=...; got '" + word + "'");
      }
    }
    return Ok{};
  }
  Status output() {
    TRY_ASSIGN(std::string output_name, name());
    TRY_ASSIGN(Tensor * tensor, find(output_name));
    if (Status status = network_->mark_output(tensor); !status.ok()) return wrong(status.error().message);
    return Ok{};
  }
  Status weights() {
    TRY_ASSIGN(std::string weights_name, name());
    if (network_->find_tensor(weights_name)) return wrong("the name '" + weights_name + "' is taken");
    TRY_ASSIGN(TensorType type, tensor_type());
    if (!all_constant(type.dims)) return wrong("the shape of weights must be numbers; got " + to_text(type.dims));
    TRY(expect('='));
    TRY_ASSIGN(Array array, array_values(type.type, constant_shape(type.dims)));
    network_->add_constant(std::move(weights_name), std::move(array));
    return Ok{};
  }
  // profile 0 x min=[1] opt=[2] max=[4]; "values" before min= makes it a shape input's.
  Status profile() {
    TRY_ASSIGN(double index, number());
    if (index != std::floor(index) || index < 0 || index > 1000) return wrong("the number of a profile is 0 to 1000");
    TRY_ASSIGN(std::string input_name, name());
    ProfileEntry entry;
    bool values = false;
    while (!at_line_end()) {
      TRY_ASSIGN(std::string word, name());
      if (word == "values") {
        values = true;
        continue;
      }
      TRY(expect('='));
      TRY_ASSIGN(Shape numbers, shape());
      if (word == "min")
        entry.min = numbers;
      else if (word == "opt")
        entry.opt = numbers;
      else if (word == "max")
        entry.max = numbers;
      else
        return wrong("a profile has min, opt and max; got '" + word + "'");
    }
    if (network_->profiles.size() <= static_cast<size_t>(index)) network_->profiles.resize(static_cast<size_t>(index) + 1);
    Profile& target = network_->profiles[static_cast<size_t>(index)];
    (values ? target.values : target.shapes)[input_name] = entry;
    return Ok{};
  }
  // bound n$0 = 3*batch
  Status bound() {
    TRY_ASSIGN(std::string symbol, name());
    TRY(expect('='));
    const size_t begin = position_;
    while (position_ < text_.size() && text_[position_] != '\n' && text_[position_] != '#') ++position_;
    auto most = Dim::parse(text_.substr(begin, position_ - begin));
    if (!most.ok()) return wrong(most.error().message);
    network_->bound_symbol(symbol, *most);
    return Ok{};
  }
  Result<Tensor*> find(const std::string& tensor_name) {
    Tensor* tensor = network_->find_tensor(tensor_name);
    if (!tensor) return wrong("there is no tensor '" + tensor_name + "' above this line");
    return tensor;
  }
  Status layer() {
    std::vector<std::string> results;
    do {
      TRY_ASSIGN(std::string result, name());
      if (network_->find_tensor(result)) return wrong("the name '" + result + "' is taken");
      results.push_back(std::move(result));
    } while (accept(','));
    TRY(expect('='));
    TRY_ASSIGN(std::string op_name, name());
    auto made = OperatorCatalogue::instance().make(op_name);
    if (!made.ok()) return wrong(made.error().message);
    std::unique_ptr<Operator> op = std::move(made).value();
    TRY(expect('('));
    std::vector<Tensor*> inputs;
    if (!accept(')')) {
      do {
        TRY_ASSIGN(std::string input_name, name());
        if (input_name == "_") {
          inputs.push_back(nullptr);
        } else {
          TRY_ASSIGN(Tensor * tensor, find(input_name));
          inputs.push_back(tensor);
        }
      } while (accept(','));
      TRY(expect(')'));
    }
    std::string layer_name = results[0];
    while (!at_line_end()) {
      if (accept('@')) {
        TRY_ASSIGN(layer_name, name());
        continue;
      }
      TRY_ASSIGN(std::string field, name());
      TRY(expect('='));
      TRY_ASSIGN(FieldValue value, field_value());
      if (Status status = op->set_field(field, value); !status.ok()) return wrong(op_name + ": " + status.error().message);
    }
    auto added = network_->add_layer(std::move(op), inputs, layer_name);
    if (!added.ok()) return wrong(added.error().message);
    Layer* layer = *added;
    if (layer->outputs().size() < results.size())
      return wrong(op_name + " gives " + std::to_string(layer->outputs().size()) + " outputs; " + std::to_string(results.size()) +
                   " are named");
    for (size_t i = 0; i < results.size(); ++i) {
      if (Status status = network_->rename(layer->output(i), results[i]); !status.ok()) return wrong(status.error().message);
    }
    return Ok{};
  }

  std::string_view text_;
  size_t position_ = 0;
  int line_ = 1;
  int depth_ = 0;
  Network* network_ = nullptr;
};

}  // namespace

std::string Network::text(int64_t most_elements) const {
  std::string text;
  if (!name.empty()) text += "network " + name_text(name) + "\n";
  for (const auto& [symbol, most] : bounds_) text += "bound " + symbol + " = " + most.text() + "\n";
  for (const Tensor* input : inputs_) {
    text += "input " + name_text(input->name) + " " + input->type.text();
    if (input->type.place == Place::kHost) text += " host";
    if (input->type.values) text += " values=" + to_text(*input->type.values);
    if (!input->format_hint.empty()) text += " format=" + name_text(input->format_hint);
    text += "\n";
  }
  for (const auto& tensor : tensors_) {
    if (!tensor->is_constant()) continue;
    const Array& array = tensor->constant;
    text += "weights " + name_text(tensor->name) + " " + std::string(name_of(array.type())) + " " + to_text(array.shape()) + " = " +
            (array.count() > most_elements || tensor->is_packed ? std::string("...") : values_to_text(array)) + "\n";
  }
  const auto order = in_order();
  if (!order.ok()) return text + "# " + order.error().message + "\n";
  for (const Layer* layer : *order) {
    std::string line;
    for (const Tensor* output : layer->outputs()) line += (line.empty() ? "" : ", ") + name_text(output->name);
    line += " = " + std::string(layer->op().name()) + "(";
    for (size_t i = 0; i < layer->inputs().size(); ++i) {
      const Tensor* input = layer->inputs()[i];
      line += (i ? ", " : "") + (input ? name_text(input->name) : std::string("_"));
    }
    line += ")" + layer->op().fields_text();
    if (!layer->outputs().empty() && layer->name != layer->outputs()[0]->name) line += " @" + name_text(layer->name);
    line += "  # ";
    for (size_t i = 0; i < layer->outputs().size(); ++i) line += (i ? ", " : "") + layer->outputs()[i]->type.text();
    text += line + "\n";
  }
  for (const Tensor* output : outputs_) text += "output " + name_text(output->name) + "\n";
  for (size_t i = 0; i < profiles.size(); ++i) {
    const auto write = [&](const std::map<std::string, ProfileEntry>& entries, const char* values) {
      for (const auto& [input_name, entry] : entries)
        text += "profile " + std::to_string(i) + " " + name_text(input_name) + values + " min=" + to_text(entry.min) +
                " opt=" + to_text(entry.opt) + " max=" + to_text(entry.max) + "\n";
    };
    write(profiles[i].shapes, "");
    write(profiles[i].values, " values");
  }
  return text;
}

Result<std::unique_ptr<Network>> parse_network(std::string_view text) { return Parser(text).parse(); }

}  // namespace ingot
