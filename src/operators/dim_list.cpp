#include "operators/dim_list.h"

namespace ingot {

Dim input_dim(int64_t axis) { return Dim::symbol("d" + std::to_string(axis)); }

Result<Dims> DimList::resolve(const Dims& input) const {
  std::map<std::string, Dim, std::less<>> replacements;
  for (size_t i = 0; i < input.size(); ++i) replacements["d" + std::to_string(i)] = input[i];
  Dims resolved;
  for (const Dim& dim : dims) {
    std::string unknown;
    dim.visit_symbols([&](const std::string& symbol) {
      if (!replacements.contains(symbol)) unknown = symbol;
    });
    if (!unknown.empty()) {
      return invalid("'" + unknown + "' in " + to_text(dims) + " is none of d0, d1, ... of an input " + to_text(input));
    }
    resolved.push_back(dim.substitute(replacements));
  }
  return resolved;
}

FieldValue DimList::to_field() const {
  if (!all_constant(dims)) return to_text(dims);
  std::vector<int64_t> numbers;
  for (const Dim& dim : dims) numbers.push_back(dim.value());
  return numbers;
}

Status DimList::set_from_field(const FieldValue& field) {
  if (const auto* numbers = std::get_if<std::vector<int64_t>>(&field)) {
    dims.assign(numbers->begin(), numbers->end());
    return Ok{};
  }
  const auto* word = std::get_if<std::string>(&field);
  if (!word || word->size() < 2 || word->front() != '[' || word->back() != ']') {
    return invalid("dims are a list of integers, or a text such as \"[d0, 2*d1]\"");
  }
  dims.clear();
  std::string_view rest = std::string_view(*word).substr(1, word->size() - 2);
  while (!rest.empty()) {
    // Commas inside of parentheses belong to a dim such as min(d0, d1).
    size_t length = 0;
    for (int depth = 0; length < rest.size() && (depth > 0 || rest[length] != ','); ++length) {
      depth += rest[length] == '(' ? 1 : rest[length] == ')' ? -1 : 0;
    }
    TRY_ASSIGN(Dim dim, Dim::parse(rest.substr(0, length)));
    dims.push_back(std::move(dim));
    rest = length < rest.size() ? rest.substr(length + 1) : std::string_view();
  }
  return Ok{};
}

}  // namespace ingot
