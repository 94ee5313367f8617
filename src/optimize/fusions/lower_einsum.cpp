// einsum(a, b) => sums, transposes and reshapes around a matmul, where no label repeats within an operand and none broadcasts
#include <optional>
#include <string>
#include <vector>

#include "operators/einsum.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// The equation with letters in place of each "..."; null where it has one and no arrow, since letters would change the result's order.
std::optional<std::string> spell_out(const std::string& equation, const std::vector<int64_t>& ranks) {
  std::string text;
  for (char c : equation) {
    if (c != ' ') text += c;
  }
  if (text.find("...") == std::string::npos) return text;
  const size_t arrow = text.find("->");
  if (arrow == std::string::npos) return std::nullopt;
  std::string letters;  // of the dims of an ellipsis, the last first
  for (char c = 'a'; c <= 'z'; ++c) {
    for (char letter : {c, static_cast<char>(c - 'a' + 'A')}) {
      if (text.find(letter) == std::string::npos) letters += letter;
    }
  }
  std::string result;
  size_t most = 0, operand = 0;
  const auto add_term = [&](const std::string& term, std::optional<int64_t> rank) {
    const size_t dots = term.find("...");
    if (dots == std::string::npos) {
      result += term;
      return true;
    }
    const int64_t own = rank ? *rank - (static_cast<int64_t>(term.size()) - 3) : static_cast<int64_t>(most);
    if (own < 0 || own > static_cast<int64_t>(letters.size())) return false;
    most = std::max(most, static_cast<size_t>(own));
    result += term.substr(0, dots);
    for (int64_t k = own; k-- > 0;) result += letters[static_cast<size_t>(k)];
    result += term.substr(dots + 3);
    return true;
  };
  for (size_t begin = 0; begin <= arrow;) {
    const size_t end = std::min(text.find(',', begin), arrow);
    if (operand >= ranks.size() || !add_term(text.substr(begin, end - begin), ranks[operand++])) return std::nullopt;
    if (end != arrow) result += ',';
    begin = end + 1;
  }
  result += "->";
  if (!add_term(text.substr(arrow + 2), std::nullopt)) return std::nullopt;
  return result;
}

}  // namespace

FUSION(lower_einsum, kRecognize) {
  auto a = Pattern::any(), b = Pattern::any();
  auto y = Pattern::of<Einsum>(a, b);
  fusions.push_back({"lower_einsum", y, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const DataType type = m[y]->type.type;
                       if (type != DataType::kFloat && type != DataType::kHalf && type != DataType::kBf16) return nullptr;
                       const auto equation = spell_out(m.op<Einsum>(y).equation, {m[a]->type.rank(), m[b]->type.rank()});
                       if (!equation) return nullptr;
                       auto parts = Einsum(*equation).decompose(network, {m[a], m[b]});
                       if (!parts.ok() || !((*parts)[0]->type.dims == m[y]->type.dims)) return nullptr;
                       return (*parts)[0];
                     }});
}

EXAMPLE("batches of matrices are multiplied") {
  expect_rewrite("lower_einsum", R"(
    input a [2, n, 3]
    input b [2, 3, 4]
    y = einsum(a, b) equation="bij,bjk->bik"
    output y)",
                 R"(
    input a [2, n, 3]
    input b [2, 3, 4]
    y = matmul(a, b) to=float
    output y)");
}

EXAMPLE("an ellipsis stands for batches") {
  expect_rewrite("lower_einsum", R"(
    input a [2, 3, n, 4]
    input b [2, 3, 5, 4]
    y = einsum(a, b) equation="...id, ...jd -> ...ij"
    output y)",
                 R"(
    input a [2, 3, n, 4]
    input b [2, 3, 5, 4]
    t = transpose(b) permutation=[0, 1, 3, 2]
    y = matmul(a, t) to=float
    output y)");
}

EXAMPLE("a sum that no matrix product makes stays") {
  expect_unchanged("lower_einsum", R"(
    input a [3, 3]
    input b [3, 4]
    y = einsum(a, b) equation="ii,ij->j"
    output y)");
  expect_unchanged("lower_einsum", R"(
    input a [2, 1, 3]
    input b [2, 4, 3]
    y = einsum(a, b) equation="...i,...i->..."
    output y)");
}

}  // namespace ingot
