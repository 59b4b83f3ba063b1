# Top-k routed SwiGLU experts and their backward pass. A dense layer is one expert that every token takes.
# Shapes: T tokens, D model, F hidden, E experts, K chosen, C = T*K rows sorted by expert.
# Parameters of a layer start at p[at]: norm D, router [E, D], gate-up [E, 2F, D], down [E, D, F].
# sizes = [K, renormalise 0|1, compute dtype]; K = 0 marks a dense layer.


# Probabilities [T, E], their K largest [T, K] and where they are, the experts' weights [T, K], log-sum-exp [T].
def route(n: Tensor, w: Tensor, k: int, renormalise: int) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
  logits = torch.mm(n, torch.t(w))
  lse = torch.logsumexp(logits, [-1])
  p = torch.softmax(logits, -1)
  top, index = torch.topk(p, k, -1)
  weight = top
  if renormalise == 1:
    weight = top / torch.sum(top, [-1], True)
  return (p, index, weight, lse)


# Gradient of the router's logits. dw [T, K] is that of the weights, balance [E] that of every probability,
# z that of the squared log-sum-exp.
def route_backward(dw: Tensor, p: Tensor, index: Tensor, weight: Tensor, lse: Tensor, renormalise: int, balance: Tensor, z: float) -> Tensor:
  dtop = dw
  if renormalise == 1:
    centred = dw - torch.sum(dw * weight, [-1], True)
    dtop = centred / torch.sum(torch.gather(p, 1, index), [-1], True)
  dp = torch.scatter_add(torch.expand_as(balance, p), 1, index, dtop)
  dlogits = p * (dp - torch.sum(dp * p, [-1], True))
  return torch.add_(dlogits, p * torch.unsqueeze(lse, 1), alpha=2. * z)


# Rows in order of their expert: counts [E], the token of each row [C], the row of each choice [T, K].
def dispatch(index: Tensor, experts: int) -> Tuple[Tensor, Tensor, Tensor]:
  flat = torch.flatten(index)
  counts = torch.bincount(flat, minlength=experts)
  order = torch.argsort(flat, stable=True)
  rows = torch.argsort(order)
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


def forward(x: Tensor, p: List[Tensor], at: int, sizes: List[int], epsilon: float) -> Tuple[Tensor, List[Tensor]]:
  k, renormalise, dtype = sizes
  r = __torch__.norm.inverse_rms(x, epsilon)
  n = __torch__.norm.apply(x, r, p[at])
  gate_up = torch.to(p[at + 2], dtype)
  down = torch.to(p[at + 3], dtype)
  if k == 0:
    c = torch.to(n, dtype)
    gu = torch.mm(c, torch.t(torch.select(gate_up, 0, 0)))
    hidden = torch.floordiv(torch.size(gu, 1), 2)
    h = torch.mul_(torch.silu(torch.narrow(gu, 1, 0, hidden)), torch.narrow(gu, 1, hidden, hidden))
    y = torch.add(x, torch.mm(h, torch.t(torch.select(down, 0, 0))))
    return (y, [x, r, n, gu])
  experts = torch.size(p[at + 1], 0)
  probabilities, index, weight, lse = __torch__.experts.route(n, p[at + 1], k, renormalise)
  counts, order, rows = __torch__.experts.dispatch(index, experts)
  token = torch.floor_divide(order, k)
  host = torch.cpu(counts)
  c = torch.to(n, dtype)
  total = torch.size(order, 0)
  hidden = torch.floordiv(torch.size(gate_up, 1), 2)
  gu = torch.empty([total, 2 * hidden], dtype=dtype, device=ops.prim.device(x))
  sorted = torch.empty([total, torch.size(x, 1)], dtype=dtype, device=ops.prim.device(x))
  start = 0
  for e in range(experts):
    size = int(torch.select(host, 0, e))
    if size > 0:
      chosen = torch.index_select(c, 0, torch.narrow(token, 0, start, size))
      gu_e = torch.narrow(gu, 0, start, size)
      _0 = torch.mm(chosen, torch.t(torch.select(gate_up, 0, e)), out=gu_e)
      h = torch.mul_(torch.silu(torch.narrow(gu_e, 1, 0, hidden)), torch.narrow(gu_e, 1, hidden, hidden))
      _1 = torch.mm(h, torch.t(torch.select(down, 0, e)), out=torch.narrow(sorted, 0, start, size))
      start = start + size
  y = torch.add_(__torch__.experts.gather(sorted, rows, weight), x)
  return (y, [x, r, n, gu, probabilities, index, weight, lse, host, order, rows, token, sorted])


# One expert's share: takes the gradient of its output dy [n, D], its input [n, D] and gate-up [n, 2F].
# Returns the gradient of its input; adds those of the matrices.
def expert_backward(dy: Tensor, c: Tensor, gu: Tensor, gate_up: Tensor, down: Tensor, g_gate_up: Tensor, g_down: Tensor) -> Tensor:
  hidden = torch.floordiv(torch.size(gu, 1), 2)
  gate = torch.narrow(gu, 1, 0, hidden)
  up = torch.narrow(gu, 1, hidden, hidden)
  dh = torch.mm(dy, down)
  s = torch.silu(gate)
  _0 = __torch__.matrix.accumulate(g_down, torch.t(dy), s * up)
  dgu = torch.empty_like(gu)
  _2 = torch.mul(dh, s, out=torch.narrow(dgu, 1, hidden, hidden))
  _3 = torch.silu_backward(torch.mul_(dh, up), gate, grad_input=torch.narrow(dgu, 1, 0, hidden))
  _4 = __torch__.matrix.accumulate(g_gate_up, torch.t(dgu), c)
  return torch.mm(dgu, gate_up)


# balance and z are gradients of the auxiliary losses, as in route_backward.
def backward(dy: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, sizes: List[int], balance: Tensor, z: float) -> Tensor:
  k, renormalise, dtype = sizes
  x = saved[0]
  r = saved[1]
  n = saved[2]
  gu = saved[3]
  gate_up = torch.to(p[at + 2], dtype)
  down = torch.to(p[at + 3], dtype)
  c = torch.to(n, dtype)
  if k == 0:
    d = torch.to(dy, dtype)
    dn = __torch__.experts.expert_backward(d, c, gu, torch.select(gate_up, 0, 0), torch.select(down, 0, 0), torch.select(g[at + 2], 0, 0), torch.select(g[at + 3], 0, 0))
    return torch.add_(__torch__.norm.backward(torch.to(dn, 6), x, r, p[at], g[at]), dy)
  x, r, n, gu, probabilities, index, weight, lse, host, order, rows, token, outputs = saved
  experts = torch.size(p[at + 1], 0)
  d = torch.to(torch.index_select(dy, 0, token), dtype)
  sorted_dweight = torch.sum(torch.mul_(outputs, d), [1], dtype=6)
  sorted_weight = torch.index_select(torch.flatten(weight), 0, order)
  _0 = torch.mul_(d, torch.unsqueeze(sorted_weight, 1))
  sorted = outputs
  start = 0
  for e in range(experts):
    size = int(torch.select(host, 0, e))
    g_gate_up = torch.select(g[at + 2], 0, e)
    g_down = torch.select(g[at + 3], 0, e)
    if size > 0:
      chosen = torch.index_select(c, 0, torch.narrow(token, 0, start, size))
      dc = __torch__.experts.expert_backward(torch.narrow(d, 0, start, size), chosen, torch.narrow(gu, 0, start, size), torch.select(gate_up, 0, e), torch.select(down, 0, e), g_gate_up, g_down)
      _1 = torch.copy_(torch.narrow(sorted, 0, start, size), dc)
      start = start + size
  dw = torch.view_as(torch.index_select(sorted_dweight, 0, torch.flatten(rows)), weight)
  dlogits = __torch__.experts.route_backward(dw, probabilities, index, weight, lse, renormalise, balance, z)
  _2 = torch.addmm_(g[at + 1], torch.t(dlogits), n)
  dn = torch.addmm_(__torch__.experts.gather(sorted, rows, None), dlogits, p[at + 1])
  return torch.add_(__torch__.norm.backward(dn, x, r, p[at], g[at]), dy)
