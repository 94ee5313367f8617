// The command of the project: `ingot inspect FILE` shows a model of any format.
#include <cstdio>
#include <cstring>

#include "report.h"

namespace ingot::tools {
namespace {

constexpr const char* kUsage =
    "usage: ingot inspect FILE [--weights FILE] [--shapes NAME:1x3x224x224,...] [--outputs NAME,...] [--json[=FILE]] [--svg[=FILE]]\n"
    "\n"
    "Shows a model: ONNX, Caffe (a .prototxt, with --weights its .caffemodel), UFF, a frozen TensorFlow graph, the folder of a "
    "SavedModel,\n"
    "a plan, or a file of weights. Inputs, outputs, operators with counts, parameters, FLOPs, and what would be declined and why.\n"
    "\n"
    "  --weights FILE   the weights of a Caffe definition\n"
    "  --shapes LIST    dims of inputs in place of those in the file; -1 leaves one open\n"
    "  --outputs LIST   outputs in place of the file's own (Caffe, UFF, TensorFlow)\n"
    "  --json[=FILE]    the same as JSON\n"
    "  --svg[=FILE]     a picture of the network\n"
    "\n"
    "Ends with 0, with 2 where something would be declined, with 1 where the file cannot be read.\n";

struct Options {
  ModelFileOptions file;
  bool json = false, svg = false;
  std::string json_path, svg_path;
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(at, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<std::map<std::string, Shape, std::less<>>> parse_shapes(const std::string& text) {
  std::map<std::string, Shape, std::less<>> shapes;
  for (const std::string& part : split(text, ',')) {
    const size_t colon = part.rfind(':');
    if (colon == std::string::npos) return invalid("--shapes: '" + part + "' is no NAME:1x3x224x224");
    Shape shape;
    for (const std::string& number : split(part.substr(colon + 1), 'x')) {
      char* end = nullptr;
      const long long value = std::strtoll(number.c_str(), &end, 10);
      if (number.empty() || *end || value < -1) return invalid("--shapes: '" + number + "' of '" + part + "' is no dimension");
      shape.push_back(value);
    }
    shapes[part.substr(0, colon)] = shape;
  }
  return shapes;
}

Result<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 0; i < argc; ++i) {
    std::string name = argv[i];
    if (!name.starts_with("--")) {
      if (!options.file.path.empty()) return invalid("one file at a time: '" + options.file.path + "' or '" + name + "'");
      options.file.path = name;
      continue;
    }
    std::string value;
    const size_t equals = name.find('=');
    const bool given = equals != std::string::npos;
    if (given) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    if (name == "--json") {
      options.json = true;
      options.json_path = value;
      continue;
    }
    if (name == "--svg") {
      options.svg = true;
      options.svg_path = value;
      continue;
    }
    if (name != "--weights" && name != "--shapes" && name != "--outputs") return invalid("the option " + name + " is not known");
    if (!given) {
      if (i + 1 == argc) return invalid(name + " has no value");
      value = argv[++i];
    }
    if (name == "--weights") {
      options.file.weights = value;
    } else if (name == "--outputs") {
      options.file.outputs = split(value, ',');
    } else {
      TRY_ASSIGN(options.file.input_shapes, parse_shapes(value));
    }
  }
  if (options.file.path.empty()) return invalid("which file?");
  if (options.json && options.svg && options.json_path.empty() && options.svg_path.empty())
    return invalid("--json and --svg both go to the standard output; give one of them a file: --svg=FILE");
  return options;
}

Status write(const std::string& path, const std::string& text) {
  if (path.empty()) {
    std::fputs(text.c_str(), stdout);
    return Ok{};
  }
  FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return invalid("'" + path + "' cannot be written: " + std::strerror(errno));
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) return invalid("'" + path + "' cannot be written: " + std::strerror(errno));
  return Ok{};
}

Result<int> inspect(int argc, char** argv) {
  TRY_ASSIGN(Options options, parse(argc, argv));
  TRY_ASSIGN(ModelFile file, read_model_file(options.file));
  if (options.json) TRY(write(options.json_path, report_json(options.file.path, file)));
  if (options.svg) {
    if (!file.network) return invalid(options.file.path + ": weights alone have no picture");
    TRY(write(options.svg_path, draw_svg(*file.network)));
  }
  const bool said = (options.json && options.json_path.empty()) || (options.svg && options.svg_path.empty());
  if (!said) TRY(write("", report_text(options.file.path, file)));
  return file.declined.empty() ? 0 : 2;
}

int run(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "--help" || command == "-h" || command == "help") return std::fputs(kUsage, stdout), 0;
  if (command != "inspect") return std::fputs(kUsage, stderr), 1;
  if (argc == 3 && (std::string_view(argv[2]) == "--help" || std::string_view(argv[2]) == "-h")) return std::fputs(kUsage, stdout), 0;
  const auto code = inspect(argc - 2, argv + 2);
  if (code.ok()) return *code;
  std::fprintf(stderr, "ingot: %s\n", code.error().message.c_str());
  return 1;
}

}  // namespace
}  // namespace ingot::tools

int main(int argc, char** argv) { return ingot::tools::run(argc, argv); }
