#include "import/onnx/pattern.h"

#include <limits>
#include <memory>
#include <optional>
#include <string_view>

namespace ingot {
namespace {

constexpr size_t kMostSteps = 20'000;
constexpr int64_t kMostRepeats = 1000, kDeepest = 100;  // RE2 has the first limit, too
constexpr uint32_t kLastLetter = 0x10ffff;

// Code points of UTF-8; an error where it is none.
Result<std::vector<uint32_t>> letters_of(const std::string& text) {
  std::vector<uint32_t> letters;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return invalid("a string is not UTF-8");
    uint32_t letter = length == 1 ? first : first & (0x7fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next >> 6 != 2) return invalid("a string is not UTF-8");
      letter = letter << 6 | (next & 0x3fu);
    }
    letters.push_back(letter);
    i += length;
  }
  return letters;
}

}  // namespace

// Reads an expression into a tree and writes the tree's steps.
class PatternParser {
 public:
  explicit PatternParser(std::vector<uint32_t> letters) : letters_(std::move(letters)) {}

  Result<Pattern> run() {
    TRY_ASSIGN(const Tree tree, alternatives(0));
    if (at_ < letters_.size()) return invalid("the pattern has a ')' without its '('");
    TRY(write(tree));
    pattern_.steps_.push_back({});
    return std::move(pattern_);
  }

 private:
  using Kind = Pattern::Kind;
  using Set = Pattern::Set;
  enum class Form { kSet, kSequence, kAlternatives, kRepeat, kAtStart, kAtEnd };
  struct Tree {
    Form form = Form::kSequence;
    size_t set = 0;
    int64_t least = 0, most = -1;  // of kRepeat; -1 for any number
    std::vector<Tree> parts = {};
  };

  bool is_at(char letter) const { return at_ < letters_.size() && letters_[at_] == static_cast<unsigned char>(letter); }
  bool take(char letter) {
    if (!is_at(letter)) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    for (size_t i = 0; i < word.size(); ++i) {
      if (at_ + i >= letters_.size() || letters_[at_ + i] != static_cast<unsigned char>(word[i])) return false;
    }
    at_ += word.size();
    return true;
  }

  Tree of_set(Set set) {
    pattern_.sets_.push_back(std::move(set));
    return {Form::kSet, pattern_.sets_.size() - 1};
  }

  Result<Tree> alternatives(int64_t depth) {
    if (depth > kDeepest) return unsupported("the pattern is nested more than " + std::to_string(kDeepest) + " deep");
    Tree tree{Form::kAlternatives};
    do {
      Tree sequence;
      while (at_ < letters_.size() && !is_at('|') && !is_at(')')) {
        TRY_ASSIGN(Tree part, repeated(depth));
        sequence.parts.push_back(std::move(part));
      }
      tree.parts.push_back(std::move(sequence));
    } while (take('|'));
    return tree;
  }

  // How often what stands in front of it is repeated; nothing where no such sign stands here.
  Result<std::optional<std::pair<int64_t, int64_t>>> times() {
    using Times = std::optional<std::pair<int64_t, int64_t>>;
    if (take('*')) return Times(std::pair<int64_t, int64_t>(0, -1));
    if (take('+')) return Times(std::pair<int64_t, int64_t>(1, -1));
    if (take('?')) return Times(std::pair<int64_t, int64_t>(0, 1));
    const size_t start = at_;
    if (!take('{')) return Times();
    const auto number = [&]() -> std::optional<int64_t> {
      if (at_ >= letters_.size() || letters_[at_] < '0' || letters_[at_] > '9') return std::nullopt;
      int64_t value = 0;
      for (; at_ < letters_.size() && letters_[at_] >= '0' && letters_[at_] <= '9' && value <= kMostRepeats; ++at_)
        value = value * 10 + letters_[at_] - '0';
      return value;
    };
    const auto least = number();
    if (!least) {  // a brace that is a letter
      at_ = start;
      return Times();
    }
    int64_t most = *least;
    if (take(',')) most = number().value_or(-1);
    if (!take('}')) {
      at_ = start;
      return Times();
    }
    if (*least > kMostRepeats || most > kMostRepeats)
      return unsupported("the pattern repeats a part more than " + std::to_string(kMostRepeats) + " times");
    if (most >= 0 && most < *least)
      return invalid("the pattern repeats a part at least " + std::to_string(*least) + " and at most " + std::to_string(most) + " times");
    return Times(std::pair(*least, most));
  }

  Result<Tree> repeated(int64_t depth) {
    TRY_ASSIGN(Tree tree, atom(depth));
    for (int64_t signs = 0;; ++signs) {
      TRY_ASSIGN(const auto repeats, times());
      if (!repeats) return tree;
      if (signs > 0) return invalid("the pattern repeats a repetition; put it into brackets");
      take('?');  // which way is tried first does not matter for a full match
      Tree outer{Form::kRepeat, 0, repeats->first, repeats->second};
      outer.parts.push_back(std::move(tree));
      tree = std::move(outer);
    }
  }

  Result<Tree> atom(int64_t depth) {
    if (take('(')) {
      if (take("?P<") || take("?<")) {
        while (at_ < letters_.size() && !is_at('>')) ++at_;
        if (!take('>')) return invalid("the pattern has a group whose name does not end");
      } else if (!take("?:") && is_at('?')) {
        return unsupported("the pattern has a group that begins with '(?'; groups, (?:...) and (?P<name>...) are supported");
      }
      TRY_ASSIGN(Tree inner, alternatives(depth + 1));
      if (!take(')')) return invalid("the pattern has a '(' without its ')'");
      return inner;
    }
    if (take('[')) return letter_class();
    if (take('.')) return of_set({{{'\n', '\n'}}, true});
    if (take('^')) return Tree{Form::kAtStart};
    if (take('$')) return Tree{Form::kAtEnd};
    for (char sign : {'*', '+', '?'}) {
      if (is_at(sign)) return invalid(std::string("the pattern has a '") + sign + "' with nothing in front of it");
    }
    if (take("\\A")) return Tree{Form::kAtStart};
    if (take("\\z")) return Tree{Form::kAtEnd};
    Set set;
    TRY(one_letter(&set));
    return of_set(std::move(set));
  }

  // A letter, or what an escape stands for, added to `set`.
  Status one_letter(Set* set) {
    uint32_t letter = letters_[at_++];
    if (letter != '\\') {
      set->ranges.push_back({letter, letter});
      return Ok{};
    }
    if (at_ >= letters_.size()) return invalid("the pattern ends with a backslash");
    letter = letters_[at_++];
    static constexpr Pattern::Range kDigits[] = {{'0', '9'}}, kWord[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
                                    kSpace[] = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    const auto add = [&](const auto& ranges, bool inverted) {
      uint32_t next = 0;
      for (const auto& range : ranges) {
        if (!inverted) set->ranges.push_back(range);
        if (inverted && range.first > next) set->ranges.push_back({next, range.first - 1});
        next = range.last + 1;
      }
      if (inverted) set->ranges.push_back({next, kLastLetter});
      return Status(Ok{});
    };
    switch (letter) {
      case 'd': return add(kDigits, false);
      case 'D': return add(kDigits, true);
      case 'w': return add(kWord, false);
      case 'W': return add(kWord, true);
      case 's': return add(kSpace, false);
      case 'S': return add(kSpace, true);
      case 't': letter = '\t'; break;
      case 'n': letter = '\n'; break;
      case 'r': letter = '\r'; break;
      case 'f': letter = '\f'; break;
      case 'v': letter = '\v'; break;
      case 'a': letter = '\a'; break;
      default:
        if (letter == '_' || letter >= 0x80 || (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
            (letter >= 'A' && letter <= 'Z'))
          return unsupported("the pattern has an escape '\\" + std::string(letter < 0x80 ? 1 : 0, static_cast<char>(letter)) +
                             "' that is not supported");
    }
    set->ranges.push_back({letter, letter});
    return Ok{};
  }

  Result<Tree> letter_class() {
    Set set;
    set.inverted = take('^');
    for (bool first = true; first || !is_at(']'); first = false) {
      if (at_ >= letters_.size()) return invalid("the pattern has a '[' without its ']'");
      if (is_at('[') && at_ + 1 < letters_.size() && letters_[at_ + 1] == ':')
        return unsupported("the pattern has a class of the kind [[:alpha:]]; write its letters out");
      const size_t before = set.ranges.size();
      TRY(one_letter(&set));
      if (!is_at('-') || at_ + 1 >= letters_.size() || letters_[at_ + 1] == ']') continue;
      ++at_;
      Set last;
      TRY(one_letter(&last));
      const bool is_range = set.ranges.size() == before + 1 && set.ranges.back().first == set.ranges.back().last &&
                            last.ranges.size() == 1 && last.ranges[0].first == last.ranges[0].last &&
                            set.ranges.back().first <= last.ranges[0].first;
      if (!is_range) return invalid("the pattern has a range of letters that does not ascend");
      set.ranges.back().last = last.ranges[0].first;
    }
    ++at_;
    return of_set(std::move(set));
  }

  // Appends the steps of a tree, which go on behind them.
  Status write(const Tree& tree) {
    auto& steps = pattern_.steps_;
    // Parts without letters give no steps, but take their time.
    if (++written_ > 4 * kMostSteps || steps.size() > kMostSteps)
      return unsupported("the pattern has more than " + std::to_string(kMostSteps) + " steps");
    switch (tree.form) {
      case Form::kSet: steps.push_back({Kind::kOneOf, tree.set}); break;
      case Form::kAtStart: steps.push_back({Kind::kAtStart}); break;
      case Form::kAtEnd: steps.push_back({Kind::kAtEnd}); break;
      case Form::kSequence:
        for (const Tree& part : tree.parts) TRY(write(part));
        break;
      case Form::kAlternatives: {
        std::vector<size_t> ends;
        for (size_t i = 0; i < tree.parts.size(); ++i) {
          const size_t split = steps.size();
          const bool is_last = i + 1 == tree.parts.size();
          if (!is_last) steps.push_back({Kind::kSplit, split + 1});
          TRY(write(tree.parts[i]));
          if (is_last) break;
          ends.push_back(steps.size());
          steps.push_back({Kind::kJump});
          steps[split].b = steps.size();
        }
        for (size_t end : ends) steps[end].a = steps.size();
        break;
      }
      case Form::kRepeat: {
        for (int64_t i = 0; i < tree.least; ++i) TRY(write(tree.parts[0]));
        if (tree.most < 0) {
          const size_t split = steps.size();
          steps.push_back({Kind::kSplit, split + 1});
          TRY(write(tree.parts[0]));
          steps.push_back({Kind::kJump, split});
          steps[split].b = steps.size();
        }
        for (int64_t i = tree.least; i < tree.most; ++i) {
          const size_t split = steps.size();
          steps.push_back({Kind::kSplit, split + 1});
          TRY(write(tree.parts[0]));
          steps[split].b = steps.size();
        }
        break;
      }
    }
    return Ok{};
  }

  std::vector<uint32_t> letters_;
  size_t at_ = 0, written_ = 0;
  Pattern pattern_;
};

bool Pattern::Set::has(uint32_t letter) const {
  for (const Range& range : ranges) {
    if (letter >= range.first && letter <= range.last) return !inverted;
  }
  return inverted;
}

Result<Pattern> Pattern::parse(const std::string& text) {
  TRY_ASSIGN(std::vector<uint32_t> letters, letters_of(text));
  return PatternParser(std::move(letters)).run();
}

Result<bool> Pattern::matches(const std::string& text, int64_t* steps_left) const {
  TRY_ASSIGN(const std::vector<uint32_t> letters, letters_of(text));
  std::vector<size_t> now, next, stack;
  std::vector<size_t> seen(steps_.size(), std::numeric_limits<size_t>::max());  // the place where a step was last reached
  const auto reach = [&](std::vector<size_t>& list, size_t step, size_t place) {
    stack.push_back(step);
    while (!stack.empty()) {
      const size_t at = stack.back();
      stack.pop_back();
      if (seen[at] == place) continue;
      seen[at] = place;
      --*steps_left;
      const Step& here = steps_[at];
      switch (here.kind) {
        case Kind::kJump: stack.push_back(here.a); break;
        case Kind::kSplit:
          stack.push_back(here.b);
          stack.push_back(here.a);
          break;
        case Kind::kAtStart:
          if (place == 0) stack.push_back(at + 1);
          break;
        case Kind::kAtEnd:
          if (place == letters.size()) stack.push_back(at + 1);
          break;
        default: list.push_back(at);
      }
    }
  };
  reach(now, 0, 0);
  for (size_t place = 0; place < letters.size() && !now.empty(); ++place) {
    if (*steps_left < 0) return unsupported("matching the pattern takes too many steps; match it before the network");
    next.clear();
    for (size_t at : now) {
      if (steps_[at].kind == Kind::kOneOf && sets_[steps_[at].a].has(letters[place])) reach(next, at + 1, place + 1);
    }
    now.swap(next);
  }
  for (size_t at : now) {
    if (steps_[at].kind == Kind::kDone) return true;
  }
  return false;
}

}  // namespace ingot
