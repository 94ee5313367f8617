// y = exp(x - max) / sum(exp(x - max)) along each row, or its logarithm; see rows.cu. LOADED and STORED come with the scales around it.
extern "C" __global__ void __launch_bounds__(256) softmax(const RowParameters p) {
  const int64 own = ROW_OF_THREAD, row = own < p.outputs ? own : p.outputs - 1;
  int64 unused;
  const int64 base = outer_offset(p, row, p.y_strides, &unused);
  const X* x = (const X*)p.x + base;
  Y* y = (Y*)p.y + base;
  REAL most = (REAL)START_MOST;
  for (int64 i = LANE; i < p.row; i += LANES) most = Most::join(most, LOADED(x[row_offset(p, i)]));
  most = joined<Most>(most);
  REAL sum = 0;
  for (int64 i = LANE; i < p.row; i += LANES) sum += m_exp(LOADED(x[row_offset(p, i)]) - most);
  sum = joined<Sum>(sum);
  const REAL shift = LOGARITHM ? m_log(sum) : (REAL)0;
  if (own >= p.outputs) return;
  for (int64 i = LANE; i < p.row; i += LANES) {
    const int64 at = row_offset(p, i);
    const REAL v = LOADED(x[at]) - most;
    y[at] = STORED(LOGARITHM ? v - shift : m_exp(v) / sum);
  }
}
