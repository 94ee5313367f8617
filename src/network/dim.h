// A dimension: a number, or an expression over symbols such as batch or 2*width + 1.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot {

// Values of symbols by name.
using SymbolValues = std::map<std::string, int64_t, std::less<>>;

// Kept in normal form: a polynomial with integer coefficients over atoms; an atom is a symbol or a floor division, minimum or
// maximum of two dims. So equal polynomials compare equal: 2*(n+1) == n + n + 2.
class Dim {
 public:
  struct Atom;
  using Factor = std::shared_ptr<const Atom>;
  struct Term {
    int64_t coefficient;
    std::vector<Factor> factors;  // sorted by text; empty for the constant
  };

  Dim(int64_t value = 0);
  // In the source, and copied in nearly every file: inline they would be a third of what the compiler emits.
  Dim(const Dim&);
  Dim(Dim&&) noexcept;
  Dim& operator=(const Dim&);
  Dim& operator=(Dim&&) noexcept;
  ~Dim();
  static Dim symbol(std::string name);

  bool is_constant() const { return terms_.empty() || (terms_.size() == 1 && terms_[0].factors.empty()); }
  // The number; only where is_constant().
  int64_t value() const { return terms_.empty() ? 0 : terms_[0].coefficient; }
  std::optional<int64_t> constant() const { return is_constant() ? std::optional(value()) : std::nullopt; }
  bool is(int64_t number) const { return is_constant() && value() == number; }
  // The symbol's name where this is one symbol and nothing else.
  std::optional<std::string> symbol_name() const;

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  Dim operator-() const { return Dim(0) - *this; }
  // Rounds towards negative infinity; a division by zero stays unevaluated and fails in evaluate().
  static Dim floor_divide(const Dim& a, const Dim& b);
  static Dim ceil_divide(const Dim& a, const Dim& b);
  static Dim min(const Dim& a, const Dim& b);
  static Dim max(const Dim& a, const Dim& b);

  bool operator==(const Dim& other) const;
  bool operator!=(const Dim& other) const { return !(*this == other); }

  // "3", "batch", "2*h + 1", "floor(h / 2)", "min(a, b)"; parse reads the same.
  std::string text() const;
  static Result<Dim> parse(std::string_view text);

  Result<int64_t> evaluate(const SymbolValues& values) const;
  // Replaces symbols by dims.
  Dim substitute(const std::map<std::string, Dim, std::less<>>& replacements) const;
  void visit_symbols(const std::function<void(const std::string&)>& visitor) const;
  // Bounds where each symbol lies in [least, most] as given; nothing where a bound is unknown.
  struct Range {
    int64_t least, most;
  };
  std::optional<Range> range(const std::function<std::optional<Range>(const std::string&)>& of_symbol) const;

  const std::vector<Term>& terms() const { return terms_; }

 private:
  std::vector<Term> terms_;  // sorted by factors, no zero coefficients, the constant last
};

using Dims = std::vector<Dim>;
using Shape = std::vector<int64_t>;  // all dimensions known

std::string to_text(const Dims& dims);    // "[2, batch, 3]"
std::string to_text(const Shape& shape);  // "[2, 3]"
bool all_constant(const Dims& dims);
// The numbers; only where all_constant(dims).
Shape constant_shape(const Dims& dims);
Dims to_dims(const Shape& shape);
Result<Shape> evaluate(const Dims& dims, const SymbolValues& values);
Dim volume(const Dims& dims);
// The product; an error where it overflows or a dimension is negative.
Result<int64_t> volume(const Shape& shape);
// NumPy's broadcasting of two shapes; symbols that differ from each other and from 1 must be equal at run time, and the result takes the
// left one.
Result<Dims> broadcast(const Dims& a, const Dims& b);
// Counts from the end where negative; an error where it lies outside [-rank, rank).
Result<int64_t> normalize_axis(int64_t axis, int64_t rank);

}  // namespace ingot
