# The feed-forward half of a layer and its backward pass: routed experts, shared ones, or one dense block.
# Shapes: T tokens, D model, F hidden, E experts, K chosen, C = T*K rows sorted by expert.
# K = 0 marks a dense layer: one expert that every token takes.
# Work on an expert goes in blocks of rows (matrix.py).
# Tokens are shared out between the members of a team (team.py). In the mixture itself members take pieces, each the next one
# as soon as it is free: who takes a piece changes no bit of it. So what belongs to rows lies in arrays of all tokens:
# common = [c [T, D] and the outputs [R, D] in the compute dtype, chosen experts [T, K], their weights [T, K], gate.kept of [R]],
# and for the backward pass back = [the gradient of the experts' sum [T, D], that of each weight [R], both float32, and two
# arrays, for layers in turn, for the gradients of outputs [R, D]]. R is the room for C rows where each expert's begin and end
# at a multiple of grain(): the rows that fill up are some token's with a weight of zero. A member's tokens are those
# from start on. A piece is some rows of one expert or of several; for the gradients of weights it is whole experts.


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


# What an expert has of p, if there is any, in a type: a view where it is of that type.
def of_expert(p: Tensor, e: int, dtype: int) -> Optional[Tensor]:
  if torch.numel(p) == 0:
    return annotate(Optional[Tensor], None)
  return annotate(Optional[Tensor], torch.to(torch.select(p, 0, e), dtype))


# One expert: rows of c at token, or all of c where token is empty, into h and slopes (gate.kept) and y [n, D].
def expert(c: Tensor, token: Tensor, gate_up: Tensor, down: Tensor, up_bias: Optional[Tensor], down_bias: Optional[Tensor], h: Tensor, slopes: Tensor, y: Tensor, kind: int, limits: List[float]) -> None:
  total = torch.size(h, 0)
  step = __torch__.matrix.product_rows(total, ops.prim.dtype(slopes))
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    if torch.numel(token) > 0:
      input = torch.index_select(c, 0, torch.narrow(token, 0, start, size))
    else:
      input = torch.narrow(c, 0, start, size)
    result = torch.narrow(h, 0, start, size)
    _0 = __torch__.gate.forward(__torch__.product.linear(input, gate_up, up_bias), result, torch.narrow(slopes, 0, start, size), kind, limits)
    rows = torch.narrow(y, 0, start, size)
    if down_bias is not None:
      _1 = torch.copy_(rows, __torch__.product.linear(result, down, down_bias))
    else:
      _2 = __torch__.product.into(result, torch.t(down), rows)
  return None


# The gradient of rows' outputs dy [n, D] to that of their inputs, into dx [n, D]; overwrites slopes as gate.backward does.
def rows_backward(dy: Tensor, slopes: Tensor, gate_up: Tensor, down: Tensor, dx: Tensor) -> None:
  total = torch.size(slopes, 0)
  step = __torch__.matrix.product_rows(total, ops.prim.dtype(slopes))
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    dgu = torch.narrow(slopes, 0, start, size)
    _0 = __torch__.gate.backward(__torch__.product.times(torch.narrow(dy, 0, start, size), down), dgu)
    _1 = __torch__.product.into(dgu, gate_up, torch.narrow(dx, 0, start, size))
  return None


# A block that every token takes, weights [1, ...]: c [T, D] to its output [T, D] and gate.kept.
def dense(c: Tensor, gate_up: Tensor, down: Tensor, shape: List[int], numbers: List[float], train: bool) -> Tuple[Tensor, Tensor, Tensor]:
  dtype = ops.prim.dtype(c)
  all = torch.empty([0], dtype=4, device=ops.prim.device(c))
  h, slopes = __torch__.gate.kept(torch.size(c, 0), torch.size(gate_up, 1), c, dtype, train)
  y = torch.empty_like(c)
  none = annotate(Optional[Tensor], None)
  _0 = __torch__.experts.expert(c, all, torch.to(torch.select(gate_up, 0, 0), dtype), torch.to(torch.select(down, 0, 0), dtype), none, none, h, slopes, y, shape[17], numbers[4:6])
  return (y, h, slopes)


def dense_backward(dy: Tensor, c: Tensor, h: Tensor, slopes: Tensor, gate_up: Tensor, down: Tensor, g_gate_up: Tensor, g_down: Tensor, stale: bool, later: List[List[Tensor]]) -> Tensor:
  dtype = ops.prim.dtype(c)
  dx = torch.empty_like(c)
  _0 = __torch__.experts.rows_backward(dy, slopes, torch.to(torch.select(gate_up, 0, 0), dtype), torch.to(torch.select(down, 0, 0), dtype), dx)
  _1 = __torch__.matrix.put_off(later, torch.select(g_down, 0, 0), torch.t(dy), h, stale)
  _2 = __torch__.matrix.put_off(later, torch.select(g_gate_up, 0, 0), torch.t(slopes), c, stale)
  return dx


# The shared experts' output [T, D] as float32, and what the backward pass needs.
def shared(n: Tensor, c: Tensor, p: List[Tensor], at: int, shape: List[int], numbers: List[float], train: bool) -> Tuple[Tensor, List[Tensor]]:
  y, h, slopes = __torch__.experts.dense(c, p[at + 18], p[at + 19], shape, numbers, train)
  y = torch.to(y, 6)
  if torch.numel(p[at + 20]) == 0:
    return (y, [h, slopes])
  open = torch.sigmoid(torch.mm(n, torch.t(p[at + 20])))
  return (y * open, [h, slopes, y, open])


# The gradient of the shared experts' output to that of n, in float32.
def shared_backward(dy: Tensor, n: Tensor, c: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], stale: bool, later: List[List[Tensor]]) -> Tensor:
  d = dy
  if torch.len(saved) > 2:
    d = dy * saved[3]
  dc = __torch__.experts.dense_backward(torch.to(d, shape[2]), c, saved[0], saved[1], p[at + 18], p[at + 19], g[at + 18], g[at + 19], stale, later)
  dn = torch.to(dc, 6)
  if torch.len(saved) > 2:
    open = saved[3]
    dopen = torch.sum(dy * saved[2], [1], True) * open * (1. - open)
    _0 = __torch__.matrix.accumulate(g[at + 20], torch.t(dopen), n, stale)
    dn = torch.addmm(dn, dopen, p[at + 20])
  return dn


# What the rows of each expert are filled up to a multiple of: a power of two that their mean holds eight times, or one.
def grain(rows: int, experts: int, dtype: int) -> int:
  grain = __torch__.product.grain(dtype)
  while grain > 1 and 8 * grain * experts > rows:
    grain = torch.floordiv(grain, 2)
  return grain


# Room for so many rows of so many experts, each expert's filled up.
def room(rows: int, experts: int, dtype: int) -> int:
  return rows + experts * (__torch__.experts.grain(rows, experts, dtype) - 1)


# common, not filled.
def exchange(tokens: int, k: int, gate_up: Tensor, shape: List[int], train: bool) -> List[Tensor]:
  device = ops.prim.device(gate_up)
  experts, wide, width = torch.size(gate_up)
  rows = __torch__.experts.room(tokens * k, experts, shape[2])
  c = torch.empty([tokens, width], dtype=shape[2], device=device)
  out = torch.empty([rows, width], dtype=shape[2], device=device)
  index = torch.empty([tokens, k], dtype=4, device=device)
  h, slopes = __torch__.gate.kept(rows, wide, gate_up, shape[2], train)
  return [c, out, index, torch.empty([tokens, k], dtype=6, device=device), h, slopes]


# back, not filled, for all layers; k is the most that one chooses. Filling up takes less than an eighth more.
def exchange_back(tokens: int, k: int, like: Tensor, dtype: int) -> List[Tensor]:
  device = ops.prim.device(like)
  width = torch.size(like, 1)
  rows = torch.floordiv(9 * tokens * k, 8)
  even = torch.empty([rows, width], dtype=dtype, device=device)
  return [torch.empty([tokens, width], dtype=6, device=device), torch.empty([rows], dtype=6, device=device), even, torch.empty_like(even)]


# Pieces of a mixture: parts [P, 3] of expert, first row and rows, and where each piece begins and the last one ends among
# them; experts in falling order of rows, first row of each expert, and where each piece of whole experts begins and the last
# one ends among them. For a team pieces become smaller towards the end, so that its members end together. counts and starts
# are multiples of grain(), and so are the parts.
def pieces(counts: Tensor, starts: Tensor, members: int, dtype: int) -> List[Tensor]:
  order = annotate(List[int], torch.argsort(torch.neg(counts), stable=True).tolist())
  sizes = annotate(List[int], counts.tolist())
  first = annotate(List[int], starts.tolist())
  parts = annotate(List[int], [])
  bounds = [0]
  whole = [0]
  left = int(torch.sum(counts))
  filled = 0
  experts = 0
  for i in range(torch.len(order)):
    e = order[i]
    begin = 0
    while begin < sizes[e]:
      most = sizes[e]
      if members > 1:
        most = max(256, torch.floordiv(left, members))
      rest = sizes[e] - begin
      count = torch.floordiv(rest + most - 1, most)
      size = min(rest, __torch__.matrix.whole_grains(torch.floordiv(rest + count - 1, count), dtype))
      parts.extend([e, first[e] + begin, size])
      begin = begin + size
      left = left - size
      filled = filled + size
      if filled >= 256:
        bounds.append(torch.floordiv(torch.len(parts), 3))
        filled = 0
    experts = experts + sizes[e]
    if experts >= 256:
      whole.append(i + 1)
      experts = 0
  if filled > 0:
    bounds.append(torch.floordiv(torch.len(parts), 3))
  if whole[-1] < torch.len(order):
    whole.append(torch.len(order))
  return [torch.tensor(parts, dtype=4), torch.tensor(bounds, dtype=4), torch.tensor(order, dtype=4), torch.tensor(whole, dtype=4)]


# Numbers from one of a list to before another.
def within(numbers: Tensor, start: int, end: int) -> List[int]:
  return annotate(List[int], torch.narrow(numbers, 0, start, end - start).tolist())


# Before the mixture: a member's tokens x [T', D] to the common arrays. Returns what follows needs: x, r, n, scores, index,
# weight, lse, logits, then the shared experts' two or four; and their output, where there are any.
def enter(x: Tensor, common: List[Tensor], start: int, p: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float], train: bool) -> Tuple[List[Tensor], List[Tensor]]:
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
    more, kept = __torch__.experts.shared(n, c, p, at, shape, numbers, train)
    own.extend(kept)
    also.append(more)
  return (own, also)


# Once all members have entered: rows and first row of each expert [E], the row of each choice [T, K], token and weight of
# each row [R], and the pieces.
def open(common: List[Tensor], p: List[Tensor], at: int, members: int) -> List[Tensor]:
  index = common[2]
  room = torch.size(common[1], 0)
  device = ops.prim.device(index)
  dtype = ops.prim.dtype(common[0])
  experts = torch.size(p[at + 11], 0)
  counts, order, rows = __torch__.experts.dispatch(index, experts)
  grain = __torch__.experts.grain(torch.numel(index), experts, dtype)
  filled = torch.mul_(torch.floor_divide(counts + (grain - 1), grain), grain)
  starts = torch.cumsum(filled, 0) - filled
  shift = starts - (torch.cumsum(counts, 0) - counts)
  place = torch.index_select(shift, 0, torch.flatten(index)) + torch.flatten(rows)
  weight = torch.scatter(torch.zeros([room], dtype=6, device=device), 0, place, torch.flatten(common[3]))
  choice = torch.arange(0, torch.numel(index), 1, dtype=4, device=device)
  token = torch.scatter(torch.zeros([room], dtype=4, device=device), 0, place, torch.floor_divide(choice, torch.size(index, 1)))
  kept = [torch.cpu(filled), torch.cpu(starts), torch.view_as(place, index), token, weight]
  kept.extend(__torch__.experts.pieces(kept[0], kept[1], members, dtype))
  return kept


# A piece of the mixture.
def mix(kept: List[Tensor], common: List[Tensor], p: List[Tensor], at: int, shape: List[int], numbers: List[float], piece: int) -> None:
  c, out = common[0:2]
  h, slopes = common[4:6]
  dtype = shape[2]
  bounds = __torch__.experts.within(kept[6], piece, piece + 2)
  parts = __torch__.experts.within(kept[5], 3 * bounds[0], 3 * bounds[1])
  for i in range(bounds[1] - bounds[0]):
    e, start, size = parts[3 * i:3 * i + 3]
    gate_up = torch.to(torch.select(p[at + 14], 0, e), dtype)
    down = torch.to(torch.select(p[at + 15], 0, e), dtype)
    _0 = __torch__.experts.expert(c, torch.narrow(kept[3], 0, start, size), gate_up, down, __torch__.experts.of_expert(p[at + 16], e, dtype), __torch__.experts.of_expert(p[at + 17], e, dtype), torch.narrow(h, 0, start, size), torch.narrow(slopes, 0, start, size), torch.narrow(out, 0, start, size), shape[17], numbers[4:6])
  return None


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


# A piece of the mixture's way back: overwrites outputs with the gradients of inputs, slopes with those of gate-up rows, and d
# with those of the outputs.
def mix_backward(kept: List[Tensor], common: List[Tensor], back: List[Tensor], d: Tensor, p: List[Tensor], at: int, shape: List[int], piece: int) -> None:
  dtype = shape[2]
  bounds = __torch__.experts.within(kept[6], piece, piece + 2)
  parts = __torch__.experts.within(kept[5], 3 * bounds[0], 3 * bounds[1])
  for i in range(bounds[1] - bounds[0]):
    e, start, size = parts[3 * i:3 * i + 3]
    out = torch.narrow(common[1], 0, start, size)
    dout = torch.narrow(d, 0, start, size)
    weight = torch.unsqueeze(torch.narrow(kept[4], 0, start, size), 1)
    token = torch.narrow(kept[3], 0, start, size)
    if dtype == 6:
      _0 = torch.index_select(back[0], 0, token, out=dout)
    else:
      _0 = torch.copy_(dout, torch.index_select(back[0], 0, token))
    _1 = torch.sum(torch.mul_(out, dout), [1], dtype=6, out=torch.narrow(back[1], 0, start, size))
    _2 = torch.mul_(dout, weight)
    _3 = __torch__.experts.rows_backward(dout, torch.narrow(common[5], 0, start, size), torch.to(torch.select(p[at + 14], 0, e), dtype), torch.to(torch.select(p[at + 15], 0, e), dtype), out)
  return None


# The gradients of some experts' weights, those of down in even pieces, those of gate-up in odd ones.
def mix_weights(kept: List[Tensor], common: List[Tensor], d: Tensor, g: List[Tensor], at: int, piece: int, stale: bool) -> None:
  which = torch.floordiv(piece, 2)
  bounds = __torch__.experts.within(kept[8], which, which + 2)
  order = __torch__.experts.within(kept[7], bounds[0], bounds[1])
  for i in range(torch.len(order)):
    e = order[i]
    start = int(torch.select(kept[1], 0, e))
    size = int(torch.select(kept[0], 0, e))
    if piece == 2 * which:
      dout = torch.narrow(d, 0, start, size)
      _0 = __torch__.matrix.accumulate(torch.select(g[at + 15], 0, e), torch.t(dout), torch.narrow(common[4], 0, start, size), stale)
      bias = __torch__.experts.of_expert(g[at + 17], e, 6)
      if bias is not None:
        _1 = torch.add_(bias, torch.sum(dout, [0], dtype=6))
    else:
      dgu = torch.narrow(common[5], 0, start, size)
      input = torch.index_select(common[0], 0, torch.narrow(kept[3], 0, start, size))
      _2 = __torch__.matrix.accumulate(torch.select(g[at + 14], 0, e), torch.t(dgu), input, stale)
      bias = __torch__.experts.of_expert(g[at + 16], e, 6)
      if bias is not None:
        _3 = torch.add_(bias, torch.sum(dgu, [0], dtype=6))
  return None


# Takes the gradient of the residual stream after the mixture, returns that before it; balance and z as in router.backward.
def leave_backward(dy: Tensor, own: List[Tensor], kept: List[Tensor], common: List[Tensor], back: List[Tensor], start: int, p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], balance: Tensor, z: float, stale: bool, later: List[List[Tensor]]) -> Tensor:
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
    d = dy
    if numbers[7] != 1.:
      d = dy * numbers[7]
    c = torch.narrow(common[0], 0, start, tokens)
    dn = torch.add_(dn, __torch__.experts.shared_backward(d, n, c, own[8:], p, g, at, shape, numbers, stale, later))
  return __torch__.norm.backward_residual(dn, x, r, p[at + 10], g[at + 10], dy)


# The whole half of a layer for one member alone; with what enter returns.
def forward(x: Tensor, p: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float]) -> Tuple[Tensor, List[Tensor]]:
  if k == 0:
    return __torch__.experts.dense_half(x, p, at, shape, numbers, False)
  common = __torch__.experts.exchange(torch.size(x, 0), k, p[at + 14], shape, False)
  own, also = __torch__.experts.enter(x, common, 0, p, at, k, shape, numbers, False)
  kept = __torch__.experts.open(common, p, at, 1)
  for piece in range(torch.numel(kept[6]) - 1):
    _0 = __torch__.experts.mix(kept, common, p, at, shape, numbers, piece)
  return (__torch__.experts.leave(own, kept, common, 0, also, numbers), own)


# The half of a dense layer: the residual stream after it, and what backward needs.
def dense_half(x: Tensor, p: List[Tensor], at: int, shape: List[int], numbers: List[float], train: bool) -> Tuple[Tensor, List[Tensor]]:
  r = __torch__.norm.inverse_rms(x, numbers[0])
  n = __torch__.norm.apply(x, r, p[at + 10])
  out, h, slopes = __torch__.experts.dense(torch.to(n, shape[2]), p[at + 14], p[at + 15], shape, numbers, train)
  y = torch.to(out, 6)
  if numbers[7] != 1.:
    y = torch.mul_(y, numbers[7])
  return (torch.add_(y, x), [x, r, n, h, slopes])


def dense_half_backward(dy: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], stale: bool, later: List[List[Tensor]]) -> Tensor:
  x, r, n, h, slopes = saved
  d = dy
  if numbers[7] != 1.:
    d = dy * numbers[7]
  dn = __torch__.experts.dense_backward(torch.to(d, shape[2]), torch.to(n, shape[2]), h, slopes, p[at + 14], p[at + 15], g[at + 14], g[at + 15], stale, later)
  return __torch__.norm.backward_residual(torch.to(dn, 6), x, r, p[at + 10], g[at + 10], dy)
