# What joins an expert's gate and up projections, and its backward pass: rows [C, 2F] of gate then up, to [C, F].
# kind 0: silu(gate) * up. kind 1: gate and up are clamped to a limit, then gate * sigmoid(alpha * gate) * (up + 1).
# limits = [alpha, limit]


# What the backward pass wants kept beside the rows: silu(gate) [C, F], or nothing.
def kept(gu: Tensor, kind: int) -> Tensor:
  if kind == 0:
    return torch.empty([torch.size(gu, 0), torch.floordiv(torch.size(gu, 1), 2)], dtype=ops.prim.dtype(gu), device=ops.prim.device(gu))
  return torch.empty([torch.size(gu, 0), 0], dtype=ops.prim.dtype(gu), device=ops.prim.device(gu))


# Fills s, a part of what is kept.
def forward(gu: Tensor, s: Tensor, kind: int, limits: List[float]) -> Tensor:
  gate, up = torch.chunk(gu, 2, 1)
  if kind == 0:
    return torch.mul(torch.silu(gate, out=s), up)
  gate = torch.clamp(gate, None, limits[1])
  h = torch.mul_(torch.sigmoid(gate * limits[0]), gate)
  return torch.mul_(h, torch.add_(torch.clamp(up, -limits[1], limits[1]), 1.))


# Overwrites dh, the gradient of the result [C, F], and s; returns the result again and the gradient of gu.
def backward(dh: Tensor, gu: Tensor, s: Tensor, kind: int, limits: List[float]) -> Tuple[Tensor, Tensor]:
  gate, up = torch.chunk(gu, 2, 1)
  dgu = torch.empty_like(gu)
  dgate, dup = torch.chunk(dgu, 2, 1)
  if kind == 0:
    _0 = torch.mul(dh, s, out=dup)
    _1 = torch.silu_backward(torch.mul_(dh, up), gate, grad_input=dgate)
    return (torch.mul_(s, up), dgu)
  alpha, limit = limits
  g = torch.clamp(gate, None, limit)
  u = torch.add_(torch.clamp(up, -limit, limit), 1.)
  sigmoid = torch.sigmoid(g * alpha)
  glu = g * sigmoid
  _2 = torch.mul(dh * glu, torch.le(torch.abs(up), limit), out=dup)
  slope = torch.mul_(torch.add_(torch.mul_(torch.rsub(sigmoid, 1.), g * alpha), 1.), sigmoid)
  _3 = torch.mul(torch.mul_(dh, u) * slope, torch.le(gate, limit), out=dgate)
  return (torch.mul_(glu, u), dgu)
