# The feed-forward half of a layer and its backward pass: routed experts, shared ones, or one dense block.
# Shapes: T tokens, D model, F hidden, E experts, K chosen, C = T*K rows sorted by expert.
# K = 0 marks a dense layer: one expert that every token takes.
# Work on an expert goes in blocks of rows (matrix.py).


# Rows in order of their expert: counts [E], the order of the choices [C], the row of each choice [T, K].
def dispatch(index: Tensor, experts: int) -> Tuple[Tensor, Tensor, Tensor]:
  flat = torch.flatten(index)
  counts = torch.bincount(flat, minlength=experts)
  order = torch.argsort(flat, stable=True)
  rows = torch.scatter(torch.empty_like(order), 0, order, torch.arange(0, torch.size(order, 0), 1, dtype=4, device=ops.prim.device(order)))
  return (counts, order, torch.view_as(rows, index))


# The sum of K chosen rows for each token, times their weights where given, in float32: rows [C, D] to [T, D].
def gather(rows: Tensor, chosen: Tensor, weight: Optional[Tensor]) -> Tensor:
  tokens = torch.size(chosen, 0)
  k = torch.size(chosen, 1)
  if weight is not None:
    flat = annotate(Optional[Tensor], torch.flatten(weight))
  else:
    flat = annotate(Optional[Tensor], None)
  offsets = torch.arange(0, tokens * k, k, device=ops.prim.device(rows))
  sum, _0, _1, _2 = torch._embedding_bag_forward_only(torch.to(rows, 6), torch.flatten(chosen), offsets, False, 0, False, flat)
  return sum


# x @ w^T (+ bias) into y.
def product(x: Tensor, w: Tensor, bias: Optional[Tensor], y: Tensor) -> None:
  if bias is not None:
    _0 = torch.addmm(torch.to(bias, ops.prim.dtype(x)), x, torch.t(w), out=y)
  else:
    _0 = torch.mm(x, torch.t(w), out=y)
  return None


def of_expert(p: Tensor, e: int) -> Optional[Tensor]:
  if torch.numel(p) == 0:
    return annotate(Optional[Tensor], None)
  return annotate(Optional[Tensor], torch.select(p, 0, e))


# Expert e: rows of c at token (or all of c where token is empty) into gu [n, 2F], s (gate.kept) and y [n, D].
def expert(c: Tensor, token: Tensor, gate_up: Tensor, down: Tensor, up_bias: Optional[Tensor], down_bias: Optional[Tensor], gu: Tensor, s: Tensor, y: Tensor, kind: int, limits: List[float]) -> None:
  total = torch.size(gu, 0)
  step = __torch__.matrix.block_rows(total, torch.size(gu, 1))
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    if torch.numel(token) > 0:
      input = torch.index_select(c, 0, torch.narrow(token, 0, start, size))
    else:
      input = torch.narrow(c, 0, start, size)
    block = torch.narrow(gu, 0, start, size)
    _0 = __torch__.experts.product(input, gate_up, up_bias, block)
    _1 = __torch__.experts.product(__torch__.gate.forward(block, torch.narrow(s, 0, start, size), kind, limits), down, down_bias, torch.narrow(y, 0, start, size))
  return None


# The gradient of expert e's output dy [n, D] to that of its input, into dx [n, D]; adds those of its weights.
def expert_backward(dy: Tensor, c: Tensor, token: Tensor, gu: Tensor, s: Tensor, gate_up: Tensor, down: Tensor, g_gate_up: Tensor, g_down: Tensor, g_up_bias: Optional[Tensor], g_down_bias: Optional[Tensor], dx: Tensor, kind: int, limits: List[float], stale: bool) -> None:
  total = torch.size(gu, 0)
  step = __torch__.matrix.block_rows(total, torch.size(gu, 1))
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    first = stale
    if i > 0:
      first = False
    d = torch.narrow(dy, 0, start, size)
    h, dgu = __torch__.gate.backward(torch.mm(d, down), torch.narrow(gu, 0, start, size), torch.narrow(s, 0, start, size), kind, limits)
    _0 = __torch__.matrix.accumulate(g_down, torch.t(d), h, first)
    if torch.numel(token) > 0:
      input = torch.index_select(c, 0, torch.narrow(token, 0, start, size))
    else:
      input = torch.narrow(c, 0, start, size)
    _1 = __torch__.matrix.accumulate(g_gate_up, torch.t(dgu), input, first)
    _2 = torch.mm(dgu, gate_up, out=torch.narrow(dx, 0, start, size))
    if g_up_bias is not None:
      _3 = torch.add_(g_up_bias, torch.sum(dgu, [0], dtype=6))
    if g_down_bias is not None:
      _4 = torch.add_(g_down_bias, torch.sum(d, [0], dtype=6))
  if stale:
    if total == 0:
      _5 = torch.zero_(g_gate_up)
      _6 = torch.zero_(g_down)
  return None


# A block that every token takes, weights [1, ...]: c [T, D] to its output [T, D], gate-up rows [T, 2F] and gate.kept.
def dense(c: Tensor, gate_up: Tensor, down: Tensor, shape: List[int], numbers: List[float]) -> Tuple[Tensor, Tensor, Tensor]:
  dtype = ops.prim.dtype(c)
  all = torch.empty([0], dtype=4, device=ops.prim.device(c))
  gu = torch.empty([torch.size(c, 0), torch.size(gate_up, 1)], dtype=dtype, device=ops.prim.device(c))
  s = __torch__.gate.kept(gu, shape[17])
  y = torch.empty_like(c)
  none = annotate(Optional[Tensor], None)
  _0 = __torch__.experts.expert(c, all, torch.to(torch.select(gate_up, 0, 0), dtype), torch.to(torch.select(down, 0, 0), dtype), none, none, gu, s, y, shape[17], numbers[4:6])
  return (y, gu, s)


def dense_backward(dy: Tensor, c: Tensor, gu: Tensor, s: Tensor, gate_up: Tensor, down: Tensor, g_gate_up: Tensor, g_down: Tensor, shape: List[int], numbers: List[float], stale: bool) -> Tensor:
  dtype = ops.prim.dtype(c)
  all = torch.empty([0], dtype=4, device=ops.prim.device(c))
  dx = torch.empty_like(c)
  none = annotate(Optional[Tensor], None)
  _0 = __torch__.experts.expert_backward(dy, c, all, gu, s, torch.to(torch.select(gate_up, 0, 0), dtype), torch.to(torch.select(down, 0, 0), dtype), torch.select(g_gate_up, 0, 0), torch.select(g_down, 0, 0), none, none, dx, shape[17], numbers[4:6], stale)
  return dx


# The shared experts' output [T, D] as float32, and what the backward pass needs.
def shared(n: Tensor, c: Tensor, p: List[Tensor], at: int, shape: List[int], numbers: List[float]) -> Tuple[Tensor, List[Tensor]]:
  y, gu, s = __torch__.experts.dense(c, p[at + 18], p[at + 19], shape, numbers)
  y = torch.to(y, 6)
  if torch.numel(p[at + 20]) == 0:
    return (y, [gu, s])
  open = torch.sigmoid(torch.mm(n, torch.t(p[at + 20])))
  return (y * open, [gu, s, y, open])


# The gradient of the shared experts' output to that of n, in float32.
def shared_backward(dy: Tensor, n: Tensor, c: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], stale: bool) -> Tensor:
  d = dy
  if torch.len(saved) > 2:
    d = dy * saved[3]
  dc = __torch__.experts.dense_backward(torch.to(d, shape[2]), c, saved[0], saved[1], p[at + 18], p[at + 19], g[at + 18], g[at + 19], shape, numbers, stale)
  dn = torch.to(dc, 6)
  if torch.len(saved) > 2:
    open = saved[3]
    dopen = torch.sum(dy * saved[2], [1], True) * open * (1. - open)
    _0 = __torch__.matrix.accumulate(g[at + 20], torch.t(dopen), n, stale)
    dn = torch.addmm(dn, dopen, p[at + 20])
  return dn


# All chosen experts: the float32 sum of their weighted outputs [T, D], and what the backward pass needs.
def routed(n: Tensor, c: Tensor, p: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float]) -> Tuple[Tensor, List[Tensor]]:
  dtype = shape[2]
  experts = torch.size(p[at + 11], 0)
  scores, index, weight, lse, logits = __torch__.router.route(n, p, at, k, shape, numbers[3])
  counts, order, rows = __torch__.experts.dispatch(index, experts)
  token = torch.floor_divide(order, k)
  host = torch.cpu(counts)
  sizes = annotate(List[int], host.tolist())
  gate_up = torch.to(p[at + 14], dtype)
  down = torch.to(p[at + 15], dtype)
  total = torch.size(order, 0)
  gu = torch.empty([total, torch.size(gate_up, 1)], dtype=dtype, device=ops.prim.device(n))
  s = __torch__.gate.kept(gu, shape[17])
  sorted = torch.empty([total, torch.size(n, 1)], dtype=dtype, device=ops.prim.device(n))
  tokens = torch.split_with_sizes(token, sizes)
  gus = torch.split_with_sizes(gu, sizes)
  kept = torch.split_with_sizes(s, sizes)
  outputs = torch.split_with_sizes(sorted, sizes)
  gate_ups = torch.unbind(gate_up)
  downs = torch.unbind(down)
  for e in range(experts):
    _0 = __torch__.experts.expert(c, tokens[e], gate_ups[e], downs[e], __torch__.experts.of_expert(p[at + 16], e), __torch__.experts.of_expert(p[at + 17], e), gus[e], kept[e], outputs[e], shape[17], numbers[4:6])
  return (__torch__.experts.gather(sorted, rows, weight), [scores, index, weight, lse, logits, host, order, rows, token, gu, s, sorted])


# The gradient of the experts' sum to that of n, in float32; balance and z as in router.backward.
def routed_backward(dy: Tensor, n: Tensor, c: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], balance: Tensor, z: float, stale: bool) -> Tensor:
  dtype = shape[2]
  scores, index, weight, lse, logits, host, order, rows, token, gu, s, sorted = saved
  experts = torch.size(p[at + 11], 0)
  gate_up = torch.to(p[at + 14], dtype)
  down = torch.to(p[at + 15], dtype)
  sorted_weight = torch.unsqueeze(torch.index_select(torch.flatten(weight), 0, order), 1)
  sizes = annotate(List[int], host.tolist())
  dots = torch.empty([torch.size(order, 0)], dtype=6, device=ops.prim.device(n))
  tokens = torch.split_with_sizes(token, sizes)
  weights = torch.split_with_sizes(sorted_weight, sizes)
  dotted = torch.split_with_sizes(dots, sizes)
  gus = torch.split_with_sizes(gu, sizes)
  kept = torch.split_with_sizes(s, sizes)
  outputs = torch.split_with_sizes(sorted, sizes)
  gate_ups = torch.unbind(gate_up)
  downs = torch.unbind(down)
  g_gate_ups = torch.unbind(g[at + 14])
  g_downs = torch.unbind(g[at + 15])
  for e in range(experts):
    d = torch.to(torch.index_select(dy, 0, tokens[e]), dtype)
    _0 = torch.sum(torch.mul_(outputs[e], d), [1], dtype=6, out=dotted[e])
    _1 = torch.mul_(d, weights[e])
    _2 = __torch__.experts.expert_backward(d, c, tokens[e], gus[e], kept[e], gate_ups[e], downs[e], g_gate_ups[e], g_downs[e], __torch__.experts.of_expert(g[at + 16], e), __torch__.experts.of_expert(g[at + 17], e), outputs[e], shape[17], numbers[4:6], stale)
  dw = torch.view_as(torch.index_select(dots, 0, torch.flatten(rows)), weight)
  dlogits = __torch__.router.backward(dw, scores, index, weight, lse, logits, shape, numbers[3], balance, z)
  _3 = __torch__.matrix.accumulate(g[at + 11], torch.t(dlogits), n, stale)
  if torch.numel(g[at + 12]) > 0:
    _4 = torch.add_(g[at + 12], torch.sum(dlogits, [0]))
  return torch.addmm_(__torch__.experts.gather(sorted, rows, None), dlogits, p[at + 11])


# Returns the residual stream after the feed-forward half, and what the backward pass needs: x, r, n, then the routed
# experts' twelve and the shared ones', or the dense block's two.
def forward(x: Tensor, p: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float]) -> Tuple[Tensor, List[Tensor]]:
  r = __torch__.norm.inverse_rms(x, numbers[0])
  n = __torch__.norm.apply(x, r, p[at + 10])
  c = torch.to(n, shape[2])
  saved = [x, r, n]
  if k == 0:
    out, gu, s = __torch__.experts.dense(c, p[at + 14], p[at + 15], shape, numbers)
    y = torch.to(out, 6)
    saved.extend([gu, s])
  else:
    y, kept = __torch__.experts.routed(n, c, p, at, k, shape, numbers)
    saved.extend(kept)
    if torch.numel(p[at + 18]) > 0:
      more, kept_too = __torch__.experts.shared(n, c, p, at, shape, numbers)
      y = torch.add_(y, more)
      saved.extend(kept_too)
  if numbers[7] != 1.:
    y = torch.mul_(y, numbers[7])
  return (torch.add_(y, x), saved)


# Takes the gradient of the residual stream after the feed-forward half, returns that before it.
def backward(dy: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float], balance: Tensor, z: float, stale: bool) -> Tensor:
  x, r, n = saved[0:3]
  c = torch.to(n, shape[2])
  d = dy
  if numbers[7] != 1.:
    d = dy * numbers[7]
  if k == 0:
    dn = torch.to(__torch__.experts.dense_backward(torch.to(d, shape[2]), c, saved[3], saved[4], p[at + 14], p[at + 15], g[at + 14], g[at + 15], shape, numbers, stale), 6)
  else:
    dn = __torch__.experts.routed_backward(d, n, c, saved[3:15], p, g, at, shape, numbers, balance, z, stale)
    if torch.numel(p[at + 18]) > 0:
      dn = torch.add_(dn, __torch__.experts.shared_backward(d, n, c, saved[15:], p, g, at, shape, numbers, stale))
  return __torch__.norm.backward_residual(dn, x, r, p[at + 10], g[at + 10], dy)
