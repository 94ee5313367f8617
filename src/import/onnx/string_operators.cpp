// StringSplit, StringNormalizer and RegexFullMatch of strings that are known when the model is read.
#include <re2/re2.h>

#include <algorithm>

#include "import/onnx/importer.h"

namespace ingot {
namespace {

constexpr int64_t kMostPieces = 1'000'000;
constexpr double kMostSteps = 1e9;
constexpr std::string_view kBlanks = " \t\n\r\f\v";

// The pieces of a text: between delimiters, of which the first `most` count, or, where there is none, between runs of blanks.
std::vector<std::string> pieces_of(const std::string& text, const std::string& delimiter, size_t most) {
  std::vector<std::string> pieces;
  size_t at = delimiter.empty() ? text.find_first_not_of(kBlanks) : 0;
  while (at != std::string::npos) {
    const size_t end = pieces.size() == most ? std::string::npos
                       : delimiter.empty()   ? text.find_first_of(kBlanks, at)
                                             : text.find(delimiter, at);
    pieces.push_back(text.substr(at, end == std::string::npos ? end : end - at));
    if (end == std::string::npos) break;
    at = delimiter.empty() ? text.find_first_not_of(kBlanks, end) : end + delimiter.size();
  }
  return pieces;
}

Result<std::string> in_case(std::string text, bool upper) {
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) >= 0x80)
      return unsupported("it changes the case of letters beyond ASCII ('" + text.substr(0, 40) + "'); change it before the network");
    if (upper && letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    if (!upper && letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return text;
}

Status takes_strings(const ImportedNode& node) {
  if (node.input_values().size() != 1 || !node.input_values()[0] || !node.input_values()[0]->is_strings)
    return invalid("it takes one tensor of strings");
  return Ok{};
}

}  // namespace

// Outputs: the pieces [..., most of any string], filled up with empty ones, and how many each string has.
Result<Importer::Outputs> Importer::split_strings(const ImportedNode& node) {
  TRY(takes_strings(node));
  TRY_ASSIGN(const std::string delimiter, node.word("delimiter", ""));
  TRY_ASSIGN(const int64_t most, node.integer("maxsplit", -1));
  const Array& numbers = node.input_values()[0]->constant;
  std::vector<std::vector<std::string>> pieces;
  size_t longest = 0;
  for (int64_t i = 0; i < numbers.count(); ++i) {
    pieces.push_back(
        pieces_of(strings_[static_cast<size_t>(numbers.integer(i))], delimiter, most < 0 ? SIZE_MAX : static_cast<size_t>(most)));
    longest = std::max(longest, pieces.back().size());
  }
  if (!pieces.empty() && longest > static_cast<size_t>(kMostPieces) / pieces.size())
    return unsupported("the strings have more than " + std::to_string(kMostPieces) + " pieces");
  Shape shape = numbers.shape();
  shape.push_back(static_cast<int64_t>(longest));
  TRY_ASSIGN(Array parts, Array::make(DataType::kInt64, shape));
  TRY_ASSIGN(Array counts, Array::make(DataType::kInt64, numbers.shape()));
  for (size_t i = 0; i < pieces.size(); ++i) {
    counts.set_integer(static_cast<int64_t>(i), static_cast<int64_t>(pieces[i].size()));
    for (size_t k = 0; k < longest; ++k)
      parts.set_integer(static_cast<int64_t>(i * longest + k), intern(k < pieces[i].size() ? pieces[i][k] : std::string()));
  }
  return Outputs{new_strings(node.name() + "/pieces", std::move(parts)), new_constant(node.name() + "/counts", std::move(counts))};
}

// Strings [C] or [1, C] without the stop words, in one case; one empty string where none is left.
Result<Importer::Outputs> Importer::normalize_strings(const ImportedNode& node) {
  TRY(takes_strings(node));
  TRY_ASSIGN(const std::string action, node.word("case_change_action", "NONE"));
  TRY_ASSIGN(const int64_t is_case_sensitive, node.integer("is_case_sensitive", 0));
  TRY_ASSIGN(std::vector<std::string> stops, node.words("stopwords", {}));
  if (action != "NONE" && action != "LOWER" && action != "UPPER")
    return invalid("case_change_action is '" + action + "'; it is NONE, LOWER or UPPER");
  const Array& numbers = node.input_values()[0]->constant;
  if (numbers.rank() != 1 && !(numbers.rank() == 2 && numbers.shape()[0] == 1))
    return invalid("the strings are " + to_text(numbers.shape()) + "; [C] or [1, C] is wanted");
  const bool folds = !is_case_sensitive && !stops.empty();
  for (std::string& stop : stops) {
    if (!folds) break;
    TRY_ASSIGN(stop, in_case(stop, false));
  }
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < numbers.count(); ++i) {
    std::string text = strings_[static_cast<size_t>(numbers.integer(i))];
    std::string compared = text;
    if (folds) {
      TRY_ASSIGN(compared, in_case(text, false));
    }
    if (std::find(stops.begin(), stops.end(), compared) != stops.end()) continue;
    if (action != "NONE") {
      TRY_ASSIGN(text, in_case(text, action == "UPPER"));
    }
    kept.push_back(intern(text));
  }
  if (kept.empty()) kept.push_back(intern(""));
  Array result = Array::from_int64s(kept);
  if (numbers.rank() == 2) {
    TRY_ASSIGN(result, result.reshaped({1, static_cast<int64_t>(kept.size())}));
  }
  return Outputs{new_strings(node.proto().output(0), std::move(result))};
}

// Whether the whole of each string matches a pattern.
Result<Importer::Outputs> Importer::match_strings(const ImportedNode& node) {
  TRY(takes_strings(node));
  TRY_ASSIGN(const std::string text, node.word("pattern", ""));
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(int64_t{1} << 20);  // of the compiled pattern, which bounds the time for a byte of text
  const RE2 pattern(text, options);
  if (!pattern.ok()) return invalid("the pattern '" + text + "' is none of RE2: " + pattern.error());
  const Array& numbers = node.input_values()[0]->constant;
  TRY_ASSIGN(Array answers, Array::make(DataType::kBool, numbers.shape()));
  double bytes = 0;
  for (int64_t i = 0; i < numbers.count(); ++i) bytes += static_cast<double>(strings_[static_cast<size_t>(numbers.integer(i))].size());
  if (bytes * pattern.ProgramSize() > kMostSteps)
    return unsupported("the pattern has " + std::to_string(pattern.ProgramSize()) + " steps for each of " +
                       std::to_string(static_cast<int64_t>(bytes)) + " bytes, more than a file may ask for");
  for (int64_t i = 0; i < numbers.count(); ++i)
    answers.set_integer(i, RE2::FullMatch(strings_[static_cast<size_t>(numbers.integer(i))], pattern));
  return Outputs{new_constant(node.proto().output(0), std::move(answers))};
}

}  // namespace ingot
