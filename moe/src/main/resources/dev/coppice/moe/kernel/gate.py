# What joins an expert's gate and up projections, and its backward pass: rows [C, 2F] of gate then up, to [C, F].
# kind 0: silu(gate) * up. kind 1: gate and up are clamped to a limit, then gate * sigmoid(alpha * gate) * (up + 1).
# limits = [alpha, limit]


def forward(gu: Tensor, kind: int, limits: List[float]) -> Tensor:
  hidden = torch.floordiv(torch.size(gu, 1), 2)
  gate = torch.narrow(gu, 1, 0, hidden)
  up = torch.narrow(gu, 1, hidden, hidden)
  if kind == 0:
    return torch.mul_(torch.silu(gate), up)
  gate = torch.clamp(gate, None, limits[1])
  h = torch.mul_(torch.sigmoid(gate * limits[0]), gate)
  return torch.mul_(h, torch.add_(torch.clamp(up, -limits[1], limits[1]), 1.))


# Overwrites dh, the gradient of the result [C, F]; returns the result again and the gradient of gu.
def backward(dh: Tensor, gu: Tensor, kind: int, limits: List[float]) -> Tuple[Tensor, Tensor]:
  hidden = torch.floordiv(torch.size(gu, 1), 2)
  gate = torch.narrow(gu, 1, 0, hidden)
  up = torch.narrow(gu, 1, hidden, hidden)
  dgu = torch.empty_like(gu)
  dgate = torch.narrow(dgu, 1, 0, hidden)
  dup = torch.narrow(dgu, 1, hidden, hidden)
  if kind == 0:
    s = torch.silu(gate)
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
