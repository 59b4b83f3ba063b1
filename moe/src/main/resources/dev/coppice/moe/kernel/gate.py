# What joins an expert's gate and up projections, and its backward pass: rows [C, 2F] of gate then up, to [C, F].
# kind 0: silu(gate) * up. kind 1: gate and up are clamped to a limit, then gate * sigmoid(alpha * gate) * (up + 1).
# limits = [alpha, limit]


# What the backward pass wants kept beside the rows, not filled: the result [C, F], and silu(gate) [C, F] or nothing.
def kept(gu: Tensor, kind: int) -> Tuple[Tensor, Tensor]:
  rows = torch.size(gu, 0)
  width = torch.floordiv(torch.size(gu, 1), 2)
  h = torch.empty([rows, width], dtype=ops.prim.dtype(gu), device=ops.prim.device(gu))
  if kind == 0:
    return (h, torch.empty_like(h))
  return (h, torch.empty([rows, 0], dtype=ops.prim.dtype(gu), device=ops.prim.device(gu)))


# Fills h and s, parts of what is kept.
def forward(gu: Tensor, h: Tensor, s: Tensor, kind: int, limits: List[float]) -> None:
  gate, up = torch.chunk(gu, 2, 1)
  if kind == 0:
    _0 = torch.mul(torch.silu(gate, out=s), up, out=h)
    return None
  gate = torch.clamp(gate, None, limits[1])
  _1 = torch.sigmoid(torch.mul(gate, limits[0], out=h), out=h)
  _2 = torch.mul_(torch.mul_(h, gate), torch.add_(torch.clamp(up, -limits[1], limits[1]), 1.))
  return None


# Takes the gradient of the result [C, F], dh; overwrites gu with its gradient.
def backward(dh: Tensor, gu: Tensor, s: Tensor, kind: int, limits: List[float]) -> None:
  gate, up = torch.chunk(gu, 2, 1)
  if kind == 0:
    _0 = torch.silu_backward(dh * up, gate, grad_input=gate)
    _1 = torch.mul(dh, s, out=up)
    return None
  alpha, limit = limits
  g = torch.clamp(gate, None, limit)
  u = torch.add_(torch.clamp(up, -limit, limit), 1.)
  sigmoid = torch.sigmoid(g * alpha)
  glu = g * sigmoid
  _2 = torch.mul(dh * glu, torch.le(torch.abs(up), limit), out=up)
  slope = torch.mul_(torch.add_(torch.mul_(torch.rsub(sigmoid, 1.), g * alpha), 1.), sigmoid)
  _3 = torch.mul(dh * u * slope, torch.le(gate, limit), out=gate)
  return None
