// Patterns over layers: what a fusion looks for, and what it found.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "network/network.h"
#include "operators/elementwise.h"
#include "optimize/rewrite.h"

namespace ingot {

// A tensor that a fusion looks for. Copies are the same place: two uses of one pattern must find the same tensor.
class Pattern {
 public:
  // Any tensor; constants included.
  static Pattern any();
  // A constant tensor.
  static Pattern constant();
  // A constant of one element that equals `value` up to the rounding of its type.
  static Pattern number(double value);
  // A constant of one floating-point element, whatever it is.
  static Pattern number();
  // The first output of an operator Op that reads tensors like these. Inputs beyond those given must be left out.
  template <class Op, class... Inputs>
  static Pattern of(Inputs... inputs) {
    return of_operator([](const Operator& op) { return dynamic_cast<const Op*>(&op) != nullptr; }, {std::move(inputs)...});
  }
  // The same for a scalar function; operands of commutative ones are tried in every order.
  template <class... Inputs>
  static Pattern of(ScalarOp op, Inputs... inputs) {
    return of_scalar(op, {std::move(inputs)...});
  }
  // One of several; the one that fits first is taken.
  static Pattern either(std::vector<Pattern> choices);

  // Nobody else reads the tensor: one layer does, once, and it is no output of the network.
  Pattern used_once() const;
  // All readers are layers of the match, and it is no output of the network.
  Pattern used_inside() const;
  // The layer may read more inputs than the pattern names.
  Pattern with_more_inputs() const;
  // The tensor satisfies `condition`.
  Pattern where(std::function<bool(const Tensor&)> condition) const;
  // The operator satisfies `condition`.
  template <class Op>
  Pattern with(std::function<bool(const Op&)> condition) const {
    return where([condition](const Tensor& tensor) {
      const Op* op = tensor.producer() ? tensor.producer()->as<Op>() : nullptr;
      return op && condition(*op);
    });
  }

  struct Node;
  const Node* node() const { return node_.get(); }

 private:
  explicit Pattern(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  static Pattern of_operator(bool (*is)(const Operator&), std::vector<Pattern> inputs);
  static Pattern of_scalar(ScalarOp op, std::vector<Pattern> inputs);
  std::shared_ptr<Node> node_;
};

// The tensors that a pattern found.
class Match {
 public:
  // Null where the pattern stands in an alternative that was not taken.
  Tensor* operator[](const Pattern& pattern) const;
  // The layer that produces it; the pattern must be an operator's.
  Layer& layer(const Pattern& pattern) const;
  template <class Op>
  const Op& op(const Pattern& pattern) const {
    return *layer(pattern).as<Op>();
  }
  // The element of a constant of one element.
  double number(const Pattern& pattern) const;

 private:
  friend struct Matcher;
  std::vector<std::pair<const Pattern::Node*, Tensor*>> found_;
};

// Where `pattern` fits with `root` as its tensor, what it found.
std::optional<Match> match(const Pattern& pattern, Tensor* root);

// A rule: where `pattern` fits, `build` gives the tensor that takes the root's place, or null where it does not apply after all.
struct PatternFusion {
  std::string name;
  Pattern pattern;
  std::function<Result<Tensor*>(const Match&, Network&)> build;
};
// Rules of one name become one fusion, tried in their order; without a chapter it simplifies.
void add_fusions(RewriteCatalogue& catalogue, std::vector<Chapter> chapters, void (*fill)(std::vector<PatternFusion>& fusions));

// FUSION(fuse_x, kChapter, ...) { ... fusions.push_back({"fuse_x", pattern, build}); } in optimize/fusions/fuse_x.cpp.
#define FUSION(file, ...)                                             \
  static void fusions_of_##file(std::vector<PatternFusion>& fusions); \
  void register_rewrite_##file(RewriteCatalogue& catalogue) {         \
    using enum Chapter;                                               \
    add_fusions(catalogue, {__VA_ARGS__}, fusions_of_##file);         \
  }                                                                   \
  static void fusions_of_##file([[maybe_unused]] std::vector<PatternFusion>& fusions)

// PASS(remove_x) { ...; return changed; } in optimize/passes/remove_x.cpp.
#define PASS(file)                                                                                       \
  static Result<bool> pass_##file(Network& network, const OptimizeOptions& options);                     \
  void register_rewrite_##file(RewriteCatalogue& catalogue) { catalogue.add(Pass{#file, pass_##file}); } \
  static Result<bool> pass_##file([[maybe_unused]] Network& network, [[maybe_unused]] const OptimizeOptions& options)

}  // namespace ingot
