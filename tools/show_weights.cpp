// Lists a file of weights: usage show_weights FILE. A line of JSON for each entry: name, dims, type, sum and the first three values.
#include <cmath>
#include <cstdio>

#include "import/weights/weights.h"

namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < ' ')
      result += '?';
    else
      result += c;
  }
  return result + "\"";
}

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return std::isfinite(value) ? text : "null";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: show_weights FILE\n"), 2;
  auto weights = ingot::load_weights_file(argv[1]);
  if (!weights.ok()) return std::fprintf(stderr, "%s\n", weights.error().message.c_str()), 1;
  for (const auto& [name, array] : *weights) {
    double sum = 0;
    std::string first;
    for (int64_t i = 0; i < array.count(); ++i) {
      sum += array.number(i);
      if (i < 3) first += (i ? ", " : "") + number(array.number(i));
    }
    std::printf("{\"name\": %s, \"shape\": %s, \"dtype\": %s, \"sum\": %s, \"first\": [%s]}\n", quoted(name).c_str(),
                ingot::to_text(array.shape()).c_str(), quoted(std::string(ingot::name_of(array.type()))).c_str(), number(sum).c_str(),
                first.c_str());
  }
  return 0;
}
