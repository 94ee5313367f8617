// Control flow of TensorFlow 1 as functions. A loop is a frame: its values pass Enter, Merge, Switch (by the condition) and come back
// through NextIteration, or leave through Exit. A branch's values pass Switch, and the results of both branches meet in Merge.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "import/tensorflow/graph.h"

namespace ingot {
namespace {

// A tensor of the graph: the index of its node, and which output.
using Place = std::pair<size_t, int64_t>;

class Frames {
 public:
  explicit Frames(TfGraph& graph) : graph_(graph) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) nodes_.emplace(graph.nodes[i].name, i);
  }

  void turn() {
    const size_t count = graph_.nodes.size();  // those that are added need no turning
    for (size_t i = 0; i < count; ++i) {
      if (node(i).op == "Enter" || node(i).op == "RefEnter") frames_[frame_of(i)].push_back(i);
      if (node(i).op == "NextIteration") backward_.insert(i);
      if (const auto from = source(i, 0)) {
        if (node(i).op == "Merge" && node(*from).op.ends_with("Enter")) merges_[frame_of(*from)].push_back(i);
        if (node(i).op == "Switch" && node(*from).op == "Merge") switches_.emplace(*from, i);
        if (node(i).op == "Exit") exits_[*from].push_back(i);
      }
    }
    for (size_t i = 0; i < count; ++i) {
      if (node(i).op == "Exit") turn_exit(i);
      if (node(i).op == "Merge") turn_merge(i);
    }
  }

 private:
  TfNode& node(size_t index) { return graph_.nodes[index]; }
  std::string frame_of(size_t enter) {
    const auto* name = node(enter).find<std::string>("frame_name");
    return name ? *name : "";
  }
  std::optional<size_t> find(const std::string& name) const {
    const auto found = nodes_.find(name);
    return found == nodes_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<size_t> source(size_t of, size_t input) {
    return input < node(of).inputs.size() ? find(node(of).inputs[input].node) : std::nullopt;
  }
  std::string fresh_name(std::string name) {
    while (nodes_.contains(name) || graph_.functions.contains(name)) name += "_";
    return name;
  }
  void break_node(size_t index, const std::string& why) {
    node(index).op = "Identity";
    node(index).inputs.clear();
    node(index).broken = why;
  }
  size_t add(TfNode made) {
    nodes_.emplace(made.name, graph_.nodes.size());
    graph_.nodes.push_back(std::move(made));
    return graph_.nodes.size() - 1;
  }

  // A function under construction: the nodes that its results need, up to tensors of the graph that become arguments.
  struct Builder {
    std::map<Place, size_t> arguments;  // by their number
    std::set<size_t> inside;
    std::vector<size_t> open;
  };

  // Takes in everything that `open` needs. `border` says what to do with a tensor: whether it is an argument (then it has been noted).
  template <class Border>
  Status collect(Builder& builder, Border&& border) {
    while (!builder.open.empty()) {
      const size_t at = builder.open.back();
      builder.open.pop_back();
      if (!builder.inside.insert(at).second) continue;
      // Branches that end in several places are written out for each.
      if (++collected_ > 16 * original_ + 100'000) return unsupported("its branches share so many nodes that they grow without bounds");
      if (depth_ > kDeepest) return unsupported("loops and branches are nested more than " + std::to_string(kDeepest) + " deep");
      // Inner loops and branches first: they become single nodes. turn_... adds nodes, so references are taken behind it.
      ++depth_;
      if (node(at).op == "Exit") turn_exit(at);
      if (node(at).op == "Merge") turn_merge(at);
      --depth_;
      if (!node(at).broken.empty() && node(at).op == "Identity") return unsupported(node(at).broken);
      if (node(at).op == "Enter" || node(at).op == "NextIteration" || node(at).op == "Switch" || node(at).op == "Merge")
        return unsupported("its control flow is not what tf.while_loop and tf.cond write: '" + node(at).name + "' (" + node(at).op +
                           ") stands on a path of its own");
      for (size_t i = 0; i < node(at).inputs.size(); ++i) {
        const auto from = source(at, i);
        if (!from) continue;  // told by the importer
        TRY_ASSIGN(bool is_argument, border(Place{*from, node(at).inputs[i].output}));
        if (!is_argument) builder.open.push_back(*from);
      }
    }
    return Ok{};
  }

  static std::string argument_name(size_t number) { return "argument/" + std::to_string(number); }

  // The tensor as the function reads it.
  TfInput inside(const Builder& builder, const TfInput& input) const {
    const auto from = find(input.node);
    if (!from) return input;
    const auto argument = builder.arguments.find({*from, input.output});
    return argument == builder.arguments.end() ? input : TfInput{argument_name(argument->second), 0};
  }

  std::string add_function(const std::string& name, const Builder& builder, size_t argument_count, const std::vector<TfInput>& results) {
    auto function = std::make_shared<TfFunction>();
    for (size_t i = 0; i < argument_count; ++i) {
      function->arguments.push_back(argument_name(i));
      function->graph.nodes.push_back({argument_name(i), "_Arg", {}, {}, {}, ""});
    }
    for (size_t index : builder.inside) {
      TfNode copy = graph_.nodes[index];
      for (TfInput& input : copy.inputs) input = inside(builder, input);
      function->graph.nodes.push_back(std::move(copy));
    }
    for (const TfInput& result : results) function->results.push_back(inside(builder, result));
    const std::string fresh = fresh_name(name);
    graph_.functions.emplace(fresh, std::move(function));
    return fresh;
  }

  // ---- loops ----

  void turn_exit(size_t exit) {
    if (node(exit).op != "Exit") return;
    const auto split = source(exit, 0);
    const auto merge = split ? source(*split, 0) : std::nullopt;
    std::optional<size_t> enter;
    for (size_t i = 0; merge && i < node(*merge).inputs.size(); ++i) {
      const auto from = source(*merge, i);
      if (from && node(*from).op.ends_with("Enter")) enter = from;
    }
    if (!enter) return break_node(exit, "the loop that it leaves has no beginning");
    const std::string frame = frame_of(*enter);
    if (Status status = turn_frame(frame); !status.ok())
      break_node(exit, "the loop '" + frame + "' cannot be taken: " + std::move(status).error().message);
    else if (node(exit).op == "Exit")
      break_node(exit, "the loop '" + frame + "' does not give this value");
  }

  struct Variable {
    size_t enter, next, merge;
    std::optional<size_t> split;
  };

  Result<std::vector<Variable>> variables_of(const std::string& frame) {
    std::vector<Variable> variables;
    for (size_t merge : merges_[frame]) {
      const auto first = source(merge, 0), second = source(merge, 1);
      if (!first || !second || node(*second).op != "NextIteration" || node(*second).inputs.empty() || node(*first).inputs.empty())
        return unsupported("'" + node(merge).name + "' does not come back through NextIteration");
      const auto split = switches_.find(merge);
      variables.push_back({*first, *second, merge, split == switches_.end() ? std::nullopt : std::optional(split->second)});
    }
    return variables;
  }

  Status turn_frame(const std::string& frame) {
    if (const auto [place, fresh] = turned_.emplace(frame, std::nullopt); !fresh)
      return place->second ? Status(Error{ErrorCode::kUnsupported, *place->second}) : Status(Ok{});
    Status status = turn_new_frame(frame);
    if (!status.ok()) turned_[frame] = status.error().message;
    return status;
  }

  Status turn_new_frame(const std::string& frame) {
    TRY_ASSIGN(std::vector<Variable> variables, variables_of(frame));
    std::optional<size_t> condition;
    Builder condition_builder, body;
    TfNode loop;
    for (size_t k = 0; k < variables.size(); ++k) {
      const Variable& variable = variables[k];
      loop.inputs.push_back(node(variable.enter).inputs.at(0));
      for (Builder* builder : {&condition_builder, &body}) {
        builder->arguments[{variable.merge, 0}] = k;
        if (variable.split) builder->arguments[{*variable.split, 1}] = k;
      }
      if (variable.split && !condition) condition = source(*variable.split, 1);
    }
    if (!condition || node(*condition).op != "LoopCond" || node(*condition).inputs.empty())
      return unsupported("its condition is not found");
    std::set<size_t> entered;
    for (const Variable& variable : variables) entered.insert(variable.enter);
    // What enters once is the same in each turn: further arguments behind the variables.
    for (size_t enter : frames_[frame]) {
      if (entered.contains(enter)) continue;
      if (node(enter).inputs.empty()) return invalid("'" + node(enter).name + "' reads nothing");
      for (Builder* builder : {&condition_builder, &body}) builder->arguments[{enter, 0}] = loop.inputs.size();
      loop.inputs.push_back(node(enter).inputs.at(0));
    }
    const auto take = [&](Builder& builder, const TfInput& result) -> Status {
      const auto from = find(result.node);
      if (!from) return invalid("it reads '" + result.node + "', and there is no such node");
      if (!builder.arguments.contains({*from, result.output})) builder.open.push_back(*from);
      return collect(builder, [&](Place place) -> Result<bool> {
        if (builder.arguments.contains(place)) return true;
        const TfNode& from = node(place.first);
        if (from.op.ends_with("Enter") && frame_of(place.first) != frame)
          return unsupported("'" + from.name + "' enters the loop '" + frame_of(place.first) + "'");
        return false;
      });
    };
    const TfInput verdict = node(*condition).inputs[0];
    TRY(take(condition_builder, verdict));
    std::vector<TfInput> results;
    for (const Variable& variable : variables) {
      results.push_back(node(variable.next).inputs.at(0));
      TRY(take(body, results.back()));
    }
    const size_t count = loop.inputs.size();
    for (size_t k = variables.size(); k < count; ++k) results.push_back({argument_name(k), 0});
    loop.name = fresh_name(frame);
    loop.op = "While";
    loop.attributes["cond"] = add_function(loop.name + "/condition", condition_builder, count, {verdict});
    loop.attributes["body"] = add_function(loop.name + "/body", body, count, results);
    const std::string name = node(add(std::move(loop))).name;
    for (size_t k = 0; k < variables.size(); ++k) {
      if (!variables[k].split) continue;
      for (size_t exit : exits_[*variables[k].split]) {
        node(exit).op = "Identity";
        node(exit).inputs = {{name, static_cast<int64_t>(k)}};
      }
    }
    return Ok{};
  }

  // ---- branches ----

  void turn_merge(size_t merge) {
    if (node(merge).op != "Merge") return;
    for (size_t i = 0; i < node(merge).inputs.size(); ++i) {
      const auto from = source(merge, i);
      if (from && (backward_.contains(*from) || node(*from).op.ends_with("Enter"))) return;  // a loop's
    }
    if (node(merge).inputs.size() != 2) return break_node(merge, "it merges " + std::to_string(node(merge).inputs.size()) + " branches");
    node(merge).op = "Merging";  // and is not begun again from its own branches
    if (Status status = turn_branches(merge); !status.ok()) {
      break_node(merge, "the branch that it ends cannot be taken: " + std::move(status).error().message);
    }
  }

  // The predicate of a node that waits for a branch: "cond/switch_t" hands on an output of a Switch.
  std::optional<TfInput> predicate_of_controls(const Builder& builder) {
    for (size_t index : builder.inside) {
      for (const std::string& control : node(index).controls) {
        auto at = find(control);
        for (int steps = 0; at && node(*at).op == "Identity" && steps < 8; ++steps) at = source(*at, 0);
        if (at && node(*at).op == "Switch" && node(*at).inputs.size() == 2) return node(*at).inputs[1];
      }
    }
    return std::nullopt;
  }

  Status turn_branches(size_t merge) {
    Builder builders[2];
    std::vector<TfInput> given;  // what arguments are outside
    std::map<std::string, size_t> numbers;
    std::optional<TfInput> predicate;
    std::optional<int64_t> taken[2];  // which output of Switch feeds each side
    const std::vector<TfInput> sides = node(merge).inputs;
    for (size_t side = 0; side < 2; ++side) {
      Builder& builder = builders[side];
      const auto border = [&](Place place) -> Result<bool> {
        if (node(place.first).op == "Merging") return unsupported("its branches lie on a cycle");
        if (node(place.first).op != "Switch" || node(place.first).inputs.size() != 2) return false;
        const TfInput data = node(place.first).inputs[0], by = node(place.first).inputs[1];
        const auto root = [&](TfInput input) {
          for (int steps = 0; steps < 8; ++steps) {
            const auto at = find(input.node);
            if (!at || node(*at).op != "Identity" || node(*at).inputs.empty()) break;
            input = node(*at).inputs[0];
          }
          return input.node + ":" + std::to_string(input.output);
        };
        if (predicate && root(*predicate) != root(by))
          return unsupported("its branches follow two conditions, '" + predicate->node + "' and '" + by.node + "'");
        predicate = by;
        if (taken[side] && *taken[side] != place.second) return unsupported("a branch reads both sides of a switch");
        taken[side] = place.second;
        const auto [number, fresh] = numbers.emplace(data.node + ":" + std::to_string(data.output), given.size());
        if (fresh) given.push_back(data);
        builder.arguments[place] = number->second;
        return true;
      };
      const auto from = find(sides[side].node);
      if (!from) return invalid("it reads '" + sides[side].node + "', and there is no such node");
      TRY_ASSIGN(bool is_argument, border({*from, sides[side].output}));
      if (!is_argument) builder.open.push_back(*from);
      TRY(collect(builder, border));
      if (!predicate) predicate = predicate_of_controls(builder);
    }
    if (!predicate) return unsupported("its condition is not found");
    // tf.cond merges the false side first; the switches say so where there are any.
    size_t no = 0;
    if (taken[0] == 1 || taken[1] == 0) no = 1;
    TfNode chosen;
    chosen.name = fresh_name(node(merge).name + "/if");
    chosen.op = "If";
    chosen.inputs = given;
    chosen.inputs.insert(chosen.inputs.begin(), *predicate);
    chosen.attributes["then_branch"] = add_function(chosen.name + "/then", builders[1 - no], given.size(), {sides[1 - no]});
    chosen.attributes["else_branch"] = add_function(chosen.name + "/else", builders[no], given.size(), {sides[no]});
    const std::string name = node(add(std::move(chosen))).name;
    node(merge).op = "Identity";
    node(merge).inputs = {{name, 0}};
    return Ok{};
  }

  static constexpr int kDeepest = 100;

  TfGraph& graph_;
  size_t original_ = graph_.nodes.size(), collected_ = 0;
  int depth_ = 0;
  std::unordered_map<std::string, size_t> nodes_;
  std::map<std::string, std::vector<size_t>> frames_;  // what enters each
  std::map<std::string, std::vector<size_t>> merges_;  // of the variables of each frame
  std::unordered_map<size_t, size_t> switches_;        // by the merge that they read
  std::unordered_map<size_t, std::vector<size_t>> exits_;
  std::set<size_t> backward_;
  std::map<std::string, std::optional<std::string>> turned_;  // frames, with why they could not be
};

}  // namespace

void turn_frames_into_functions(TfGraph& graph) {
  const bool any =
      std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const TfNode& node) { return node.op == "Merge" || node.op == "Exit"; });
  if (any) Frames(graph).turn();
}

}  // namespace ingot
