// y = finish(the joined row). START, TERM(v), JOIN and FINISH come with the kind; LOADED and STORED with the scales around it.
extern "C" __global__ void __launch_bounds__(256) reduce(const RowParameters p) {
  const int64 own = ROW_OF_THREAD, row = own < p.outputs ? own : p.outputs - 1;
  int64 target;
  const int64 base = outer_offset(p, row, p.y_strides, &target);
  const X* x = (const X*)p.x + base;
#ifdef SHIFTED
  REAL most = (REAL)START_MOST;
  for (int64 i = LANE; i < p.row; i += LANES) most = Most::join(most, LOADED(x[row_offset(p, i)]));
  most = joined<Most>(most);
  const REAL shift = m_abs(most) > (REAL)3.0e38 ? (REAL)0 : most;
#endif
  REAL value = (REAL)START;
  for (int64 i = LANE; i < p.row; i += LANES) {
    const REAL v = LOADED(x[row_offset(p, i)]);
    value = JOIN::join(value, (REAL)(TERM));
  }
  value = joined<JOIN>(value);
  if (LANE != 0 || own >= p.outputs) return;
  const int64 count = p.row;
  (void)count;
  value = (REAL)(FINISH);
  ((Y*)p.y)[target] = STORED(EPILOGUE);
}
