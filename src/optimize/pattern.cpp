#include "optimize/pattern.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ingot {
namespace {

bool is_commutative(ScalarOp op) {
  switch (op) {
    case ScalarOp::kAdd:
    case ScalarOp::kMul:
    case ScalarOp::kMin:
    case ScalarOp::kMax:
    case ScalarOp::kAnd:
    case ScalarOp::kOr:
    case ScalarOp::kXor:
    case ScalarOp::kEqual: return true;
    default: return false;
  }
}

bool is_near(const Array& constant, double value) {
  const bool is_short = constant.type() == DataType::kHalf || constant.type() == DataType::kBf16;
  return std::fabs(constant.number(0) - value) <= (is_short ? 4e-3 : 1e-5) * std::fabs(value);
}

}  // namespace

struct Pattern::Node {
  bool (*is)(const Operator&) = nullptr;
  std::optional<ScalarOp> scalar;
  std::vector<Pattern> inputs, choices;
  std::vector<std::function<bool(const Tensor&)>> conditions;
  bool used_once = false, used_inside = false, more_inputs = false;
  bool is_layer() const { return is || scalar; }
};

Pattern Pattern::any() { return Pattern(std::make_shared<Node>()); }
Pattern Pattern::constant() {
  return any().where([](const Tensor& tensor) { return tensor.is_constant(); });
}
Pattern Pattern::number() {
  return constant().where([](const Tensor& tensor) { return tensor.constant.count() == 1 && is_floating(tensor.type.type); });
}
Pattern Pattern::number(double value) {
  return number().where([value](const Tensor& tensor) { return is_near(tensor.constant, value); });
}
Pattern Pattern::of_operator(bool (*is)(const Operator&), std::vector<Pattern> inputs) {
  auto node = std::make_shared<Node>();
  node->is = is;
  node->inputs = std::move(inputs);
  return Pattern(std::move(node));
}
Pattern Pattern::of_scalar(ScalarOp op, std::vector<Pattern> inputs) {
  auto node = std::make_shared<Node>();
  node->scalar = op;
  node->inputs = std::move(inputs);
  return Pattern(std::move(node));
}
Pattern Pattern::either(std::vector<Pattern> choices) {
  auto node = std::make_shared<Node>();
  node->choices = std::move(choices);
  return Pattern(std::move(node));
}
Pattern Pattern::used_once() const {
  node_->used_once = true;
  return *this;
}
Pattern Pattern::used_inside() const {
  node_->used_inside = true;
  return *this;
}
Pattern Pattern::with_more_inputs() const {
  node_->more_inputs = true;
  return *this;
}
Pattern Pattern::where(std::function<bool(const Tensor&)> condition) const {
  node_->conditions.push_back(std::move(condition));
  return *this;
}

Tensor* Match::operator[](const Pattern& pattern) const {
  for (const auto& [node, tensor] : found_) {
    if (node == pattern.node()) return tensor;
  }
  return nullptr;
}
Layer& Match::layer(const Pattern& pattern) const { return *(*this)[pattern]->producer(); }
double Match::number(const Pattern& pattern) const { return (*this)[pattern]->constant.number(0); }

// Depth first with backtracking: a list of (pattern, tensor) that must still agree, and what is bound so far.
struct Matcher {
  struct Claim {
    const Pattern::Node* node;
    Tensor* tensor;
  };

  Match match;

  bool solve(std::vector<Claim> claims) {
    while (!claims.empty()) {
      const Claim claim = claims.back();
      claims.pop_back();
      if (!claim.tensor) return false;
      const Pattern::Node& node = *claim.node;
      if (Tensor* bound = bound_to(node)) {
        if (bound != claim.tensor) return false;
        continue;
      }
      if (node.used_once && (claim.tensor->readers().size() != 1 || claim.tensor->is_output())) return false;
      if (node.is_layer() && !is_right_layer(node, *claim.tensor)) return false;
      for (const auto& condition : node.conditions) {
        if (!condition(*claim.tensor)) return false;
      }
      match.found_.push_back({&node, claim.tensor});
      if (!node.choices.empty()) return solve_either(node, claim, claims);
      if (!node.is_layer()) continue;
      const auto& inputs = claim.tensor->producer()->inputs();
      if (node.scalar && is_commutative(*node.scalar) && node.inputs.size() == 2) return solve_commutative(node, inputs, claims);
      for (size_t i = node.inputs.size(); i-- > 0;) claims.push_back({node.inputs[i].node(), inputs[i]});
    }
    return all_uses_are_inside();
  }

 private:
  bool solve_either(const Pattern::Node& node, const Claim& claim, const std::vector<Claim>& claims) {
    const Match before = match;
    for (const Pattern& choice : node.choices) {
      std::vector<Claim> rest = claims;
      rest.push_back({choice.node(), claim.tensor});
      if (solve(std::move(rest))) return true;
      match = before;
    }
    return false;
  }
  bool solve_commutative(const Pattern::Node& node, const std::vector<Tensor*>& inputs, const std::vector<Claim>& claims) {
    const Match before = match;
    for (int swapped = 0; swapped < 2; ++swapped) {
      std::vector<Claim> rest = claims;
      rest.push_back({node.inputs[1].node(), inputs[swapped ? 0 : 1]});
      rest.push_back({node.inputs[0].node(), inputs[swapped ? 1 : 0]});
      if (solve(std::move(rest))) return true;
      match = before;
    }
    return false;
  }
  Tensor* bound_to(const Pattern::Node& node) const {
    for (const auto& [known, tensor] : match.found_) {
      if (known == &node) return tensor;
    }
    return nullptr;
  }
  static bool is_right_layer(const Pattern::Node& node, const Tensor& tensor) {
    const Layer* layer = tensor.producer();
    if (!layer || tensor.producer_index() != 0) return false;
    if (node.scalar) {
      const auto* elementwise = layer->as<Elementwise>();
      if (!elementwise || elementwise->op != *node.scalar) return false;
    } else if (!node.is(layer->op())) {
      return false;
    }
    if (layer->inputs().size() < node.inputs.size()) return false;
    for (size_t i = node.inputs.size(); !node.more_inputs && i < layer->inputs().size(); ++i) {
      if (layer->inputs()[i]) return false;
    }
    return true;
  }
  bool all_uses_are_inside() const {
    for (const auto& [node, tensor] : match.found_) {
      if (!node->used_inside) continue;
      if (tensor->is_output()) return false;
      for (const Layer* reader : tensor->readers()) {
        const bool inside = std::any_of(match.found_.begin(), match.found_.end(),
                                        [&](const auto& found) { return found.first->is_layer() && found.second->producer() == reader; });
        if (!inside) return false;
      }
    }
    return true;
  }
};

std::optional<Match> match(const Pattern& pattern, Tensor* root) {
  Matcher matcher;
  if (!matcher.solve({{pattern.node(), root}})) return std::nullopt;
  return std::move(matcher.match);
}

void add_fusions(RewriteCatalogue& catalogue, std::vector<Chapter> chapters, void (*fill)(std::vector<PatternFusion>& fusions)) {
  if (chapters.empty()) chapters = {Chapter::kSimplify};
  std::vector<PatternFusion> rules;
  fill(rules);
  std::vector<std::string> names;
  std::map<std::string, std::vector<PatternFusion>> by_name;
  for (PatternFusion& rule : rules) {
    if (!by_name.count(rule.name)) names.push_back(rule.name);
    by_name[rule.name].push_back(std::move(rule));
  }
  for (const std::string& name : names) {
    catalogue.add(Fusion{name, chapters, [rules = std::move(by_name[name])](Layer& root, Network& network) -> Result<Tensor*> {
                           for (const PatternFusion& rule : rules) {
                             auto found = match(rule.pattern, root.output());
                             if (!found) continue;
                             TRY_ASSIGN(Tensor * replacement, rule.build(*found, network));
                             if (replacement) return replacement;
                           }
                           return nullptr;
                         }});
  }
}

}  // namespace ingot
