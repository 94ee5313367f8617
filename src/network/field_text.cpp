#include "network/field_text.h"

#include <charconv>
#include <cmath>

#include "network/network.h"

namespace ingot {
namespace {

template <class T>
std::string shortest(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  std::string result(text, end);
  // A number that is not an integer field must not read as one.
  if (result.find_first_of(".en") == std::string::npos) result += ".0";
  return result;
}

bool is_word(const std::string& text) {
  if (text.empty() || text == "true" || text == "false" || text == "inf" || text == "nan" || text == "array") return false;
  for (char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return !std::isdigit(static_cast<unsigned char>(text[0]));
}

std::string indent(const std::string& text) {
  std::string result;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    result += "  " + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return result;
}

}  // namespace

std::string number_to_text(double value) { return shortest(value); }
std::string float_to_text(float value) { return shortest(value); }

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += static_cast<char>(c);
    } else if (c == '\n') {
      result += "\\n";
    } else if (c < 0x20 || c == 0x7f) {
      static constexpr char kHex[] = "0123456789abcdef";
      result += std::string("\\x") + kHex[c >> 4] + kHex[c & 15];
    } else {
      result += static_cast<char>(c);
    }
  }
  return result + "\"";
}

std::string values_to_text(const Array& array) {
  std::string text;
  for (int64_t i = 0; i < array.count(); ++i) {
    if (i) text += " ";
    if (array.type() == DataType::kUint64)
      text += std::to_string(static_cast<uint64_t>(array.integer(i)));
    else if (!is_floating(array.type()))
      text += std::to_string(array.integer(i));
    else if (array.type() == DataType::kDouble)
      text += number_to_text(array.number(i));
    else
      text += float_to_text(static_cast<float>(array.number(i)));
  }
  return text;
}

std::string field_to_text(const FieldValue& value) {
  struct Writer {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return number_to_text(number); }
    std::string operator()(const std::string& text) const { return is_word(text) ? text : quote(text); }
    std::string operator()(const std::vector<int64_t>& list) const { return to_text(list); }
    std::string operator()(const std::vector<double>& list) const {
      std::string text = "[";
      for (size_t i = 0; i < list.size(); ++i) text += (i ? ", " : "") + number_to_text(list[i]);
      return text + "]";
    }
    std::string operator()(const Array& array) const {
      if (!array.data()) return "none";
      return "array(" + std::string(name_of(array.type())) + " " + to_text(array.shape()) + " = " + values_to_text(array) + ")";
    }
    std::string operator()(const std::shared_ptr<Network>& network) const {
      return network ? "{\n" + indent(network->text()) + "}" : std::string("none");
    }
  };
  return std::visit(Writer{}, value);
}

}  // namespace ingot
