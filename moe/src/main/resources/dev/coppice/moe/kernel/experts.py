# The feed-forward half of a layer and its backward pass: routed experts, shared ones, or one dense block.
# Shapes: T tokens, D model, F hidden, E experts, K chosen, C = T*K rows sorted by expert.
# K = 0 marks a dense layer: one expert that every token takes.
# Work on an expert goes in blocks of rows (matrix.py).
# Tokens are shared out between the members of a team (team.py), for the mixture itself experts are: what one member makes
# and another needs lies in arrays of all tokens, common = [c [T, D] and the outputs [C, D] in the compute dtype, chosen
# experts [T, K], their weights [T, K]] and, for the backward pass, back = [the gradient of the experts' sum [T, D], that of
# each weight [C]], both float32. A member's tokens are those from start on.


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
  step = __torch__.matrix.product_rows(total)
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
  step = __torch__.matrix.product_rows(total)
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


# common, not filled.
def exchange(tokens: int, k: int, shape: List[int], like: Tensor) -> List[Tensor]:
  device = ops.prim.device(like)
  width = torch.size(like, 1)
  c = torch.empty([tokens, width], dtype=shape[2], device=device)
  out = torch.empty([tokens * k, width], dtype=shape[2], device=device)
  index = torch.empty([tokens, k], dtype=4, device=device)
  return [c, out, index, torch.empty([tokens, k], dtype=6, device=device)]


# back, not filled.
def exchange_back(tokens: int, k: int, like: Tensor) -> List[Tensor]:
  device = ops.prim.device(like)
  return [torch.empty([tokens, torch.size(like, 1)], dtype=6, device=device), torch.empty([tokens * k], dtype=6, device=device)]


# The experts that a member takes, given the rows of each: in falling order of rows, each goes to the member that has the
# fewest by then.
def portion(counts: Tensor, member: int, members: int) -> List[int]:
  order = annotate(List[int], torch.argsort(torch.neg(counts), stable=True).tolist())
  sizes = annotate(List[int], counts.tolist())
  loads = annotate(List[int], [])
  for _0 in range(members):
    loads.append(0)
  mine = annotate(List[int], [])
  for i in range(torch.len(order)):
    least = 0
    for j in range(members):
      if loads[j] < loads[least]:
        least = j
    loads[least] = loads[least] + sizes[order[i]]
    if least == member:
      mine.append(order[i])
  return mine


# Before the mixture: a member's tokens x [T', D] to the common arrays. Returns what follows needs: x, r, n, scores, index,
# weight, lse, logits, then the shared experts' two or four; and their output, where there are any.
def enter(x: Tensor, common: List[Tensor], start: int, p: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float]) -> Tuple[List[Tensor], List[Tensor]]:
  tokens = torch.size(x, 0)
  r = __torch__.norm.inverse_rms(x, numbers[0])
  c = torch.narrow(common[0], 0, start, tokens)
  if shape[2] == 6:
    n = __torch__.norm.apply_into(x, r, p[at + 10], c)
  else:
    n = __torch__.norm.apply(x, r, p[at + 10])
    _0 = torch.copy_(c, n)
  scores, index, weight, lse, logits = __torch__.router.route(n, p, at, k, shape, numbers[3])
  _1 = torch.copy_(torch.narrow(common[2], 0, start, tokens), index)
  _2 = torch.copy_(torch.narrow(common[3], 0, start, tokens), weight)
  own = [x, r, n, scores, index, weight, lse, logits]
  also = annotate(List[Tensor], [])
  if torch.numel(p[at + 18]) > 0:
    more, kept = __torch__.experts.shared(n, c, p, at, shape, numbers)
    own.extend(kept)
    also.append(more)
  return (own, also)


# A member's experts, once all members have entered. Returns what follows needs: counts, order, rows, token, and of its own
# experts' rows gate-up and gate.kept.
def mix(common: List[Tensor], p: List[Tensor], at: int, shape: List[int], numbers: List[float], member: int, members: int) -> List[Tensor]:
  c, out, index = common[0:3]
  dtype = shape[2]
  counts, order, rows = __torch__.experts.dispatch(index, torch.size(p[at + 11], 0))
  token = torch.floor_divide(order, torch.size(index, 1))
  host = torch.cpu(counts)
  sizes = annotate(List[int], host.tolist())
  mine = __torch__.experts.portion(host, member, members)
  total = 0
  for i in range(torch.len(mine)):
    total = total + sizes[mine[i]]
  gu = torch.empty([total, torch.size(p[at + 14], 1)], dtype=dtype, device=ops.prim.device(c))
  s = __torch__.gate.kept(gu, shape[17])
  tokens = torch.split_with_sizes(token, sizes)
  outputs = torch.split_with_sizes(out, sizes)
  start = 0
  for i in range(torch.len(mine)):
    e = mine[i]
    gate_up = torch.to(torch.select(p[at + 14], 0, e), dtype)
    down = torch.to(torch.select(p[at + 15], 0, e), dtype)
    _0 = __torch__.experts.expert(c, tokens[e], gate_up, down, __torch__.experts.of_expert(p[at + 16], e), __torch__.experts.of_expert(p[at + 17], e), torch.narrow(gu, 0, start, sizes[e]), torch.narrow(s, 0, start, sizes[e]), outputs[e], shape[17], numbers[4:6])
    start = start + sizes[e]
  return [host, order, rows, token, gu, s]


# The residual stream after the mixture, once all members' experts are done.
def leave(own: List[Tensor], kept: List[Tensor], common: List[Tensor], start: int, also: List[Tensor], numbers: List[float]) -> Tensor:
  x = own[0]
  y = __torch__.experts.gather(common[1], torch.narrow(kept[2], 0, start, torch.size(x, 0)), own[5])
  if torch.len(also) > 0:
    y = torch.add_(y, also[0])
  if numbers[7] != 1.:
    y = torch.mul_(y, numbers[7])
  return torch.add_(y, x)


# Backward, the other way round. First the gradient of the residual stream after the mixture goes to all members.
def enter_backward(dy: Tensor, back: List[Tensor], start: int, numbers: List[float]) -> Tensor:
  d = torch.narrow(back[0], 0, start, torch.size(dy, 0))
  if numbers[7] == 1.:
    return torch.copy_(d, dy)
  return torch.mul(dy, numbers[7], out=d)


# A member's experts: overwrites their outputs with the gradients of their inputs.
def mix_backward(kept: List[Tensor], common: List[Tensor], back: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], member: int, members: int, stale: bool) -> None:
  host, order, rows, token, gu, s = kept
  dtype = shape[2]
  sizes = annotate(List[int], host.tolist())
  mine = __torch__.experts.portion(host, member, members)
  sorted_weight = torch.unsqueeze(torch.index_select(torch.flatten(common[3]), 0, order), 1)
  tokens = torch.split_with_sizes(token, sizes)
  weights = torch.split_with_sizes(sorted_weight, sizes)
  dots = torch.split_with_sizes(back[1], sizes)
  outputs = torch.split_with_sizes(common[1], sizes)
  start = 0
  for i in range(torch.len(mine)):
    e = mine[i]
    gate_up = torch.to(torch.select(p[at + 14], 0, e), dtype)
    down = torch.to(torch.select(p[at + 15], 0, e), dtype)
    d = torch.to(torch.index_select(back[0], 0, tokens[e]), dtype)
    _0 = torch.sum(torch.mul_(outputs[e], d), [1], dtype=6, out=dots[e])
    _1 = torch.mul_(d, weights[e])
    _2 = __torch__.experts.expert_backward(d, common[0], tokens[e], torch.narrow(gu, 0, start, sizes[e]), torch.narrow(s, 0, start, sizes[e]), gate_up, down, torch.select(g[at + 14], 0, e), torch.select(g[at + 15], 0, e), __torch__.experts.of_expert(g[at + 16], e), __torch__.experts.of_expert(g[at + 17], e), outputs[e], shape[17], numbers[4:6], stale)
    start = start + sizes[e]
  return None


# Takes the gradient of the residual stream after the mixture, returns that before it; balance and z as in router.backward.
def leave_backward(dy: Tensor, own: List[Tensor], kept: List[Tensor], common: List[Tensor], back: List[Tensor], start: int, p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], balance: Tensor, z: float, stale: bool) -> Tensor:
  x, r, n, scores, index, weight, lse, logits = own[0:8]
  tokens = torch.size(x, 0)
  rows = torch.narrow(kept[2], 0, start, tokens)
  dw = torch.view_as(torch.index_select(back[1], 0, torch.flatten(rows)), weight)
  dlogits = __torch__.router.backward(dw, scores, index, weight, lse, logits, shape, numbers[3], balance, z)
  _0 = __torch__.matrix.accumulate(g[at + 11], torch.t(dlogits), n, stale)
  if torch.numel(g[at + 12]) > 0:
    _1 = torch.add_(g[at + 12], torch.sum(dlogits, [0]))
  dn = torch.addmm_(__torch__.experts.gather(common[1], rows, None), dlogits, p[at + 11])
  if torch.numel(p[at + 18]) > 0:
    d = torch.narrow(back[0], 0, start, tokens)
    c = torch.narrow(common[0], 0, start, tokens)
    dn = torch.add_(dn, __torch__.experts.shared_backward(d, n, c, own[8:], p, g, at, shape, numbers, stale))
  return __torch__.norm.backward_residual(dn, x, r, p[at + 10], g[at + 10], dy)


# The whole half of a layer for one member alone; with what enter returns.
def forward(x: Tensor, p: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float]) -> Tuple[Tensor, List[Tensor]]:
  if k == 0:
    return __torch__.experts.dense_half(x, p, at, shape, numbers)
  common = __torch__.experts.exchange(torch.size(x, 0), k, shape, x)
  own, also = __torch__.experts.enter(x, common, 0, p, at, k, shape, numbers)
  kept = __torch__.experts.mix(common, p, at, shape, numbers, 0, 1)
  return (__torch__.experts.leave(own, kept, common, 0, also, numbers), own)


# The half of a dense layer: the residual stream after it, and what backward needs.
def dense_half(x: Tensor, p: List[Tensor], at: int, shape: List[int], numbers: List[float]) -> Tuple[Tensor, List[Tensor]]:
  r = __torch__.norm.inverse_rms(x, numbers[0])
  n = __torch__.norm.apply(x, r, p[at + 10])
  out, gu, s = __torch__.experts.dense(torch.to(n, shape[2]), p[at + 14], p[at + 15], shape, numbers)
  y = torch.to(out, 6)
  if numbers[7] != 1.:
    y = torch.mul_(y, numbers[7])
  return (torch.add_(y, x), [x, r, n, gu, s])


def dense_half_backward(dy: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], stale: bool) -> Tensor:
  x, r, n, gu, s = saved
  d = dy
  if numbers[7] != 1.:
    d = dy * numbers[7]
  dn = __torch__.experts.dense_backward(torch.to(d, shape[2]), torch.to(n, shape[2]), gu, s, p[at + 14], p[at + 15], g[at + 14], g[at + 15], shape, numbers, stale)
  return __torch__.norm.backward_residual(torch.to(dn, 6), x, r, p[at + 10], g[at + 10], dy)
