# What joins an expert's gate and up projections, and its backward pass: rows [C, 2F] of gate then up, to [C, F].
# kind 0: silu(gate) * up. kind 1: gate and up are clamped to a limit, then gate * sigmoid(alpha * gate) * (up + 1).
# limits = [alpha, limit]


# What is kept of the rows gu [C, 2F], not filled: the result h [C, F], and the slopes [C, 2F], its derivatives by gate, then by
# up; no slopes where no backward pass follows.
def kept(rows: int, width: int, like: Tensor, dtype: int, slopes: bool) -> Tuple[Tensor, Tensor]:
  device = ops.prim.device(like)
  h = torch.empty([rows, torch.floordiv(width, 2)], dtype=dtype, device=device)
  if slopes:
    return (h, torch.empty([rows, width], dtype=dtype, device=device))
  return (h, torch.empty([rows, 0], dtype=dtype, device=device))


# Fills h and, unless they are empty, the slopes.
def forward(gu: Tensor, h: Tensor, slopes: Tensor, kind: int, limits: List[float]) -> None:
  gate, up = torch.chunk(gu, 2, 1)
  if torch.numel(slopes) > 0:
    by_gate, by_up = torch.chunk(slopes, 2, 1)
    if kind == 0:
      _0 = torch.mul(torch.silu(gate, out=by_up), up, out=h)
      _1 = torch.silu_backward(up, gate, grad_input=by_gate)
    else:
      alpha, limit = limits
      g = torch.clamp(gate, None, limit)
      u = torch.add_(torch.clamp(up, -limit, limit), 1.)
      sigmoid = torch.sigmoid(g * alpha)
      glu = g * sigmoid
      _2 = torch.mul(glu, u, out=h)
      _3 = torch.mul(glu, torch.le(torch.abs(up), limit), out=by_up)
      slope = torch.mul_(torch.add_(torch.mul_(torch.rsub(sigmoid, 1.), g * alpha), 1.), sigmoid)
      _4 = torch.mul(torch.mul_(slope, u), torch.le(gate, limit), out=by_gate)
    return None
  if kind == 0:
    _5 = torch.mul_(torch.silu(gate, out=h), up)
    return None
  gate = torch.clamp(gate, None, limits[1])
  _6 = torch.sigmoid(torch.mul(gate, limits[0], out=h), out=h)
  _7 = torch.mul_(torch.mul_(h, gate), torch.add_(torch.clamp(up, -limits[1], limits[1]), 1.))
  return None


# Takes the gradient of the result [C, F], dh; overwrites slopes with that of gu.
def backward(dh: Tensor, slopes: Tensor) -> None:
  _0 = torch.mul_(torch.view(slopes, [torch.size(dh, 0), 2, torch.size(dh, 1)]), torch.unsqueeze(dh, 1))
  return None
