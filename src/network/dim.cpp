#include "network/dim.h"

#include <algorithm>
#include <cctype>

#include "base/byte_reader.h"

namespace ingot {

struct Dim::Atom {
  enum Kind { kSymbol, kFloorDivide, kMin, kMax } kind = kSymbol;
  std::string name;  // of a symbol
  Dim a, b;          // operands of the others
  std::string text;  // canonical, what atoms are sorted and compared by
};

namespace {

using Term = Dim::Term;
using Factor = Dim::Factor;

bool same_factors(const Term& a, const Term& b) {
  return std::equal(a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end(),
                    [](const Factor& x, const Factor& y) { return x == y || x->text == y->text; });
}

// Longer products first, then by text; so the constant stands last.
bool before(const Term& a, const Term& b) {
  if (a.factors.size() != b.factors.size()) return a.factors.size() > b.factors.size();
  for (size_t i = 0; i < a.factors.size(); ++i) {
    if (a.factors[i]->text != b.factors[i]->text) return a.factors[i]->text < b.factors[i]->text;
  }
  return false;
}

void normalize(std::vector<Term>& terms) {
  std::stable_sort(terms.begin(), terms.end(), before);
  std::vector<Term> merged;
  for (Term& term : terms) {
    if (!merged.empty() && same_factors(merged.back(), term)) {
      // Sums of hostile sizes saturate: they can equal no real size.
      int64_t& sum = merged.back().coefficient;
      if (__builtin_add_overflow(sum, term.coefficient, &sum)) sum = term.coefficient < 0 ? INT64_MIN : INT64_MAX;
    } else {
      merged.push_back(std::move(term));
    }
  }
  std::erase_if(merged, [](const Term& term) { return term.coefficient == 0; });
  terms = std::move(merged);
}

int64_t floor_div(int64_t a, int64_t b) {
  if (b == -1) return a == INT64_MIN ? INT64_MAX : -a;
  int64_t q = a / b;
  if (a % b != 0 && (a < 0) != (b < 0)) --q;
  return q;
}

std::string text_of(const std::vector<Term>& terms) {
  if (terms.empty()) return "0";
  std::string text;
  for (const Term& term : terms) {
    int64_t coefficient = term.coefficient;
    if (!text.empty()) {
      text += coefficient < 0 ? " - " : " + ";
      if (coefficient < 0) coefficient = -coefficient;
    }
    if (term.factors.empty()) {
      text += std::to_string(coefficient);
      continue;
    }
    if (coefficient == -1)
      text += "-";
    else if (coefficient != 1)
      text += std::to_string(coefficient) + "*";
    for (size_t i = 0; i < term.factors.size(); ++i) text += (i ? "*" : "") + term.factors[i]->text;
  }
  return text;
}

}  // namespace

// Dim's vector of terms is private; this is the one door for the builders in this file.
static Dim make_dim(std::vector<Term> terms) {
  Dim dim;
  auto& target = const_cast<std::vector<Term>&>(dim.terms());
  target = std::move(terms);
  normalize(target);
  return dim;
}

static Dim make_atom(Dim::Atom::Kind kind, const Dim& a, const Dim& b) {
  // "(h - 1) / 2": parentheses only where the reader needs them.
  const auto operand = [](const Dim& dim) {
    const std::string text = dim.text();
    return dim.terms().size() > 1 || text.find('*') != std::string::npos ? "(" + text + ")" : text;
  };
  auto atom = std::make_shared<Dim::Atom>();
  atom->kind = kind;
  atom->a = a;
  atom->b = b;
  switch (kind) {
    case Dim::Atom::kFloorDivide: atom->text = "floor(" + operand(a) + " / " + operand(b) + ")"; break;
    case Dim::Atom::kMin: atom->text = "min(" + a.text() + ", " + b.text() + ")"; break;
    default: atom->text = "max(" + a.text() + ", " + b.text() + ")"; break;
  }
  return make_dim({{1, {atom}}});
}

Dim::Dim(int64_t value) {
  if (value != 0) terms_.push_back({value, {}});
}

Dim::Dim(const Dim&) = default;
Dim::Dim(Dim&&) noexcept = default;
Dim& Dim::operator=(const Dim&) = default;
Dim& Dim::operator=(Dim&&) noexcept = default;
Dim::~Dim() = default;

Dim Dim::symbol(std::string name) {
  auto atom = std::make_shared<Atom>();
  atom->text = name;
  atom->name = std::move(name);
  return make_dim({{1, {atom}}});
}

std::optional<std::string> Dim::symbol_name() const {
  if (terms_.size() != 1 || terms_[0].coefficient != 1 || terms_[0].factors.size() != 1) return std::nullopt;
  const Atom& atom = *terms_[0].factors[0];
  return atom.kind == Atom::kSymbol ? std::optional(atom.name) : std::nullopt;
}

Dim operator+(const Dim& a, const Dim& b) {
  std::vector<Term> terms = a.terms_;
  terms.insert(terms.end(), b.terms_.begin(), b.terms_.end());
  return make_dim(std::move(terms));
}

Dim operator-(const Dim& a, const Dim& b) { return a + Dim(-1) * b; }

Dim operator*(const Dim& a, const Dim& b) {
  std::vector<Term> terms;
  for (const Term& x : a.terms_) {
    for (const Term& y : b.terms_) {
      Term product;
      // Products of hostile sizes saturate: they can equal no real size.
      if (__builtin_mul_overflow(x.coefficient, y.coefficient, &product.coefficient)) product.coefficient = INT64_MAX;
      product.factors = x.factors;
      product.factors.insert(product.factors.end(), y.factors.begin(), y.factors.end());
      std::stable_sort(product.factors.begin(), product.factors.end(), [](const Factor& p, const Factor& q) { return p->text < q->text; });
      terms.push_back(std::move(product));
    }
  }
  return make_dim(std::move(terms));
}

Dim Dim::floor_divide(const Dim& a, const Dim& b) {
  if (b.is(1)) return a;
  if (a == b && !b.is(0)) return 1;
  if (a.is_constant() && b.is_constant() && b.value() != 0) return floor_div(a.value(), b.value());
  if (b.is_constant() && b.value() != 0) {
    // Terms whose coefficients divide evenly leave the division: floor((4n + h) / 2) = 2n + floor(h / 2).
    std::vector<Term> whole, rest;
    for (const Term& term : a.terms_) {
      if (term.coefficient % b.value() == 0)
        whole.push_back({term.coefficient / b.value(), term.factors});
      else
        rest.push_back(term);
    }
    Dim left = make_dim(std::move(rest));
    if (left.is_constant()) return make_dim(std::move(whole)) + Dim(floor_div(left.value(), b.value()));
    if (!whole.empty()) return make_dim(std::move(whole)) + floor_divide(left, b);
  } else if (b.terms_.size() == 1) {
    // A product by the divisor divides out: (2*n*h) / h. Dims are taken as positive.
    std::vector<Term> quotient;
    bool even = !a.terms_.empty();
    for (const Term& term : a.terms_) {
      const Term& divisor = b.terms_[0];
      if (term.coefficient % divisor.coefficient != 0) {
        even = false;
        break;
      }
      Term left{term.coefficient / divisor.coefficient, term.factors};
      for (const Factor& factor : divisor.factors) {
        auto found = std::find_if(left.factors.begin(), left.factors.end(), [&](const Factor& f) { return f->text == factor->text; });
        if (found == left.factors.end()) {
          even = false;
          break;
        }
        left.factors.erase(found);
      }
      if (!even) break;
      quotient.push_back(std::move(left));
    }
    if (even) return make_dim(std::move(quotient));
  }
  return make_atom(Atom::kFloorDivide, a, b);
}

Dim Dim::ceil_divide(const Dim& a, const Dim& b) { return floor_divide(a + b - Dim(1), b); }

Dim Dim::min(const Dim& a, const Dim& b) {
  const Dim difference = a - b;
  if (difference.is_constant()) return difference.value() <= 0 ? a : b;
  return a.text() < b.text() ? make_atom(Atom::kMin, a, b) : make_atom(Atom::kMin, b, a);
}

Dim Dim::max(const Dim& a, const Dim& b) {
  const Dim difference = a - b;
  if (difference.is_constant()) return difference.value() >= 0 ? a : b;
  return a.text() < b.text() ? make_atom(Atom::kMax, a, b) : make_atom(Atom::kMax, b, a);
}

bool Dim::operator==(const Dim& other) const {
  return std::equal(terms_.begin(), terms_.end(), other.terms_.begin(), other.terms_.end(),
                    [](const Term& a, const Term& b) { return a.coefficient == b.coefficient && same_factors(a, b); });
}

std::string Dim::text() const { return text_of(terms_); }

Result<int64_t> Dim::evaluate(const SymbolValues& values) const {
  int64_t sum = 0;
  for (const Term& term : terms_) {
    int64_t product = term.coefficient;
    for (const Factor& factor : term.factors) {
      int64_t value = 0;
      if (factor->kind == Atom::kSymbol) {
        auto found = values.find(factor->name);
        if (found == values.end()) return invalid("the dimension '" + factor->name + "' has no value yet");
        value = found->second;
      } else {
        TRY_ASSIGN(int64_t a, factor->a.evaluate(values));
        TRY_ASSIGN(int64_t b, factor->b.evaluate(values));
        if (factor->kind == Atom::kFloorDivide) {
          if (b == 0) return invalid("the dimension " + text() + " divides by zero");
          value = floor_div(a, b);
        } else {
          value = factor->kind == Atom::kMin ? std::min(a, b) : std::max(a, b);
        }
      }
      if (!checked_multiply(product, value, &product)) return invalid("the dimension " + text() + " overflows");
    }
    if (!checked_add(sum, product, &sum)) return invalid("the dimension " + text() + " overflows");
  }
  return sum;
}

Dim Dim::substitute(const std::map<std::string, Dim, std::less<>>& replacements) const {
  Dim sum;
  for (const Term& term : terms_) {
    Dim product = term.coefficient;
    for (const Factor& factor : term.factors) {
      switch (factor->kind) {
        case Atom::kSymbol: {
          auto found = replacements.find(factor->name);
          product = product * (found == replacements.end() ? make_dim({{1, {factor}}}) : found->second);
          break;
        }
        case Atom::kFloorDivide:
          product = product * floor_divide(factor->a.substitute(replacements), factor->b.substitute(replacements));
          break;
        case Atom::kMin: product = product * min(factor->a.substitute(replacements), factor->b.substitute(replacements)); break;
        case Atom::kMax: product = product * max(factor->a.substitute(replacements), factor->b.substitute(replacements)); break;
      }
    }
    sum = sum + product;
  }
  return sum;
}

void Dim::visit_symbols(const std::function<void(const std::string&)>& visitor) const {
  for (const Term& term : terms_) {
    for (const Factor& factor : term.factors) {
      if (factor->kind == Atom::kSymbol) {
        visitor(factor->name);
      } else {
        factor->a.visit_symbols(visitor);
        factor->b.visit_symbols(visitor);
      }
    }
  }
}

std::optional<Dim::Range> Dim::range(const std::function<std::optional<Range>(const std::string&)>& of_symbol) const {
  Range sum{0, 0};
  for (const Term& term : terms_) {
    Range product{term.coefficient, term.coefficient};
    for (const Factor& factor : term.factors) {
      std::optional<Range> value;
      if (factor->kind == Atom::kSymbol) {
        value = of_symbol(factor->name);
      } else {
        const auto a = factor->a.range(of_symbol), b = factor->b.range(of_symbol);
        if (a && b) {
          if (factor->kind == Atom::kMin) value = Range{std::min(a->least, b->least), std::min(a->most, b->most)};
          if (factor->kind == Atom::kMax) value = Range{std::max(a->least, b->least), std::max(a->most, b->most)};
          if (factor->kind == Atom::kFloorDivide && (b->least > 0 || b->most < 0)) {
            const int64_t corners[] = {floor_div(a->least, b->least), floor_div(a->least, b->most), floor_div(a->most, b->least),
                                       floor_div(a->most, b->most)};
            value = Range{*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
          }
        }
      }
      if (!value) return std::nullopt;
      const auto times = [](int64_t x, int64_t y) {
        int64_t z;
        return __builtin_mul_overflow(x, y, &z) ? ((x < 0) == (y < 0) ? INT64_MAX : INT64_MIN) : z;
      };
      const int64_t corners[] = {times(product.least, value->least), times(product.least, value->most), times(product.most, value->least),
                                 times(product.most, value->most)};
      product = {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
    }
    if (!checked_add(sum.least, product.least, &sum.least) || !checked_add(sum.most, product.most, &sum.most)) return std::nullopt;
  }
  return sum;
}

namespace {

// sum := product (('+'|'-') product)*, product := unary ('*' unary)*, unary := '-' unary | number | name | call | '(' sum ')'
class DimParser {
 public:
  explicit DimParser(std::string_view text) : text_(text) {}

  Result<Dim> parse() {
    TRY_ASSIGN(Dim dim, sum(0));
    skip_space();
    if (position_ != text_.size()) return wrong("the end");
    return dim;
  }

 private:
  static constexpr int kDeepest = 40;

  Error wrong(const std::string& wanted) const {
    return invalid("in the dimension '" + std::string(text_.substr(0, 80)) + "' " + wanted + " is wanted at column " +
                   std::to_string(position_ + 1));
  }
  void skip_space() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
  }
  bool accept(char c) {
    skip_space();
    if (position_ < text_.size() && text_[position_] == c) {
      ++position_;
      return true;
    }
    return false;
  }
  Result<Dim> sum(int depth) {
    if (depth > kDeepest) return wrong("less nesting");
    TRY_ASSIGN(Dim total, product(depth));
    while (true) {
      if (accept('+')) {
        TRY_ASSIGN(Dim next, product(depth));
        total = total + next;
      } else if (accept('-')) {
        TRY_ASSIGN(Dim next, product(depth));
        total = total - next;
      } else {
        return total;
      }
    }
  }
  Result<Dim> product(int depth) {
    TRY_ASSIGN(Dim total, unary(depth));
    while (accept('*')) {
      TRY_ASSIGN(Dim next, unary(depth));
      total = total * next;
    }
    return total;
  }
  Result<Dim> unary(int depth) {
    if (depth > kDeepest) return wrong("less nesting");
    if (accept('-')) {
      TRY_ASSIGN(Dim dim, unary(depth + 1));
      return -dim;
    }
    if (accept('(')) {
      TRY_ASSIGN(Dim dim, sum(depth + 1));
      if (!accept(')')) return wrong("')'");
      return dim;
    }
    skip_space();
    if (position_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[position_]))) {
      int64_t number = 0;
      while (position_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[position_]))) {
        if (!checked_multiply(number, 10, &number) || !checked_add(number, text_[position_] - '0', &number))
          return wrong("a smaller number");
        ++position_;
      }
      return Dim(number);
    }
    const size_t begin = position_;
    while (position_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[position_])) || text_[position_] == '_' || text_[position_] == '.' ||
            text_[position_] == '$' || text_[position_] == '/' || text_[position_] == ':')) {
      if (text_[position_] == '/' && position_ == begin) break;
      ++position_;
    }
    if (position_ == begin) return wrong("a number or a name");
    const std::string name(text_.substr(begin, position_ - begin));
    if (!accept('(')) return Dim::symbol(name);
    TRY_ASSIGN(Dim a, sum(depth + 1));
    const char separator = name == "floor" ? '/' : ',';
    if (!accept(separator)) return wrong(std::string("'") + separator + "'");
    TRY_ASSIGN(Dim b, sum(depth + 1));
    if (!accept(')')) return wrong("')'");
    if (name == "floor" && b.is_constant() && b.value() == 0) return wrong("a divisor other than 0");
    if (name == "floor") return Dim::floor_divide(a, b);
    if (name == "min") return Dim::min(a, b);
    if (name == "max") return Dim::max(a, b);
    return wrong("floor, min or max instead of " + name);
  }

  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace

Result<Dim> Dim::parse(std::string_view text) { return DimParser(text).parse(); }

std::string to_text(const Dims& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i ? ", " : "") + dims[i].text();
  return text + "]";
}

std::string to_text(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

bool all_constant(const Dims& dims) {
  return std::all_of(dims.begin(), dims.end(), [](const Dim& dim) { return dim.is_constant(); });
}

Shape constant_shape(const Dims& dims) {
  Shape shape;
  for (const Dim& dim : dims) shape.push_back(dim.value());
  return shape;
}

Dims to_dims(const Shape& shape) { return Dims(shape.begin(), shape.end()); }

Result<Shape> evaluate(const Dims& dims, const SymbolValues& values) {
  Shape shape;
  shape.reserve(dims.size());
  for (const Dim& dim : dims) {
    TRY_ASSIGN(int64_t size, dim.evaluate(values));
    if (size < 0) return invalid("the dimension " + dim.text() + " would be " + std::to_string(size) + "; dimensions are not negative");
    shape.push_back(size);
  }
  return shape;
}

Dim volume(const Dims& dims) {
  Dim product = 1;
  for (const Dim& dim : dims) product = product * dim;
  return product;
}

Result<int64_t> volume(const Shape& shape) {
  int64_t product = 1;
  for (int64_t size : shape) {
    if (size < 0) return invalid("the shape " + to_text(shape) + " has a negative dimension");
    if (!checked_multiply(product, size, &product))
      return invalid("the shape " + to_text(shape) + " has more elements than can be counted");
  }
  return product;
}

Result<Dims> broadcast(const Dims& a, const Dims& b) {
  const size_t rank = std::max(a.size(), b.size());
  Dims result(rank);
  for (size_t i = 0; i < rank; ++i) {
    const size_t from_end = rank - i;
    const Dim x = from_end <= a.size() ? a[a.size() - from_end] : Dim(1), y = from_end <= b.size() ? b[b.size() - from_end] : Dim(1);
    if (x.is(1))
      result[i] = y;
    else if (y.is(1) || x == y)
      result[i] = x;
    else if (x.is_constant() && y.is_constant())
      return invalid("the shapes " + to_text(a) + " and " + to_text(b) + " do not broadcast: " + x.text() + " against " + y.text());
    // A known size above 1 wins: a symbol beside it must be 1 or equal to it.
    else
      result[i] = y.is_constant() ? y : x;
  }
  return result;
}

Result<int64_t> normalize_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) return invalid("axis " + std::to_string(axis) + " is outside a tensor of rank " + std::to_string(rank));
  return axis < 0 ? axis + rank : axis;
}

}  // namespace ingot
