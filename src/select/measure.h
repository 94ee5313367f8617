// Times a tactic on its problem, and checks it against the operator's reference.
#pragma once

#include "select/select.h"

namespace ingot {

// What identifies a timing: tactic, operator, types, formats, shapes, instruction set, threads.
Hash128 timing_key(const Tactic& tactic, const Problem& problem);
// Shapes of the outputs at the shapes that the problem is tuned for.
std::vector<Shape> opt_outputs(const Layer& layer, const SymbolValues& opt);
// Median milliseconds of warm runs on made-up inputs; of one run where that is far beyond `best_ms`.
Result<double> measure_ms(const Tactic& tactic, const Problem& problem, const std::vector<Shape>& outputs, double best_ms);
// Bytes of workspace at the shapes that the problem is tuned for. `packed` are its weights; null to pack them here.
Result<size_t> workspace_bytes(const Tactic& tactic, const Problem& problem, const std::vector<PackedWeights>* packed,
                               const std::vector<Shape>& outputs);
// Runs the tactic and the reference on the same made-up inputs; an error says by how much they differ.
Status verify_tactic(const Tactic& tactic, const Problem& problem, const std::vector<Shape>& outputs);

}  // namespace ingot
