# What joins an expert's gate and up projections, and its backward pass: rows [R, 2F] of gate then up, to [R, F].
# Plain: silu(gate) * up. Clamped: gate and up to a limit, then gate * sigmoid(alpha * gate) * (up + 1).


# What is kept of rows [R, 2F], not filled: the result h [R, F], and d_activation [R, 2F], its derivatives by gate, then
# by up; without columns where no backward pass follows.
def buffers(rows: int, width: int, like: Tensor, dtype: int, train: bool) -> Tuple[Tensor, Tensor]:
  device = ops.prim.device(like)
  h_RF = torch.empty([rows, torch.floordiv(width, 2)], dtype=dtype, device=device)
  if train:
    return (h_RF, torch.empty([rows, width], dtype=dtype, device=device))
  return (h_RF, torch.empty([rows, 0], dtype=dtype, device=device))


# Fills h and, unless it is empty, d_activation.
def forward(gate_up_RF: Tensor, h_RF: Tensor, d_activation_RF: Tensor, call: __torch__.calls.Call) -> None:
  gate_RF, up_RF = torch.chunk(gate_up_RF, 2, 1)
  if torch.numel(d_activation_RF) > 0:
    d_gate_RF, d_up_RF = torch.chunk(d_activation_RF, 2, 1)
    if call.clamped_gate:
      __torch__.gate.clamped_forward(gate_RF, up_RF, h_RF, d_gate_RF, d_up_RF, call)
    else:
      _0 = torch.mul(torch.silu(gate_RF, out=d_up_RF), up_RF, out=h_RF)
      _1 = torch.silu_backward(up_RF, gate_RF, grad_input=d_gate_RF)
    return None
  if not call.clamped_gate:
    _2 = torch.mul_(torch.silu(gate_RF, out=h_RF), up_RF)
    return None
  clamped_RF = torch.clamp(gate_RF, None, call.gate_limit)
  _3 = torch.sigmoid(torch.mul(clamped_RF, call.gate_alpha, out=h_RF), out=h_RF)
  limited_RF = torch.clamp(up_RF, -call.gate_limit, call.gate_limit)
  _4 = torch.mul_(torch.mul_(h_RF, clamped_RF), torch.add_(limited_RF, 1.))
  return None


# The clamped kind with its derivatives.
def clamped_forward(gate_RF: Tensor, up_RF: Tensor, h_RF: Tensor, d_gate_RF: Tensor, d_up_RF: Tensor,
    call: __torch__.calls.Call) -> None:
  alpha = call.gate_alpha
  limit = call.gate_limit
  g_RF = torch.clamp(gate_RF, None, limit)
  u_RF = torch.add_(torch.clamp(up_RF, -limit, limit), 1.)
  sigmoid_RF = torch.sigmoid(g_RF * alpha)
  glu_RF = g_RF * sigmoid_RF
  _0 = torch.mul(glu_RF, u_RF, out=h_RF)
  _1 = torch.mul(glu_RF, torch.le(torch.abs(up_RF), limit), out=d_up_RF)
  slope_RF = torch.mul_(torch.add_(torch.mul_(torch.rsub(sigmoid_RF, 1.), g_RF * alpha), 1.), sigmoid_RF)
  _2 = torch.mul(torch.mul_(slope_RF, u_RF), torch.le(gate_RF, limit), out=d_gate_RF)
  return None


# Takes the gradient of the result; overwrites d_activation with that of the rows.
def backward(dh_RF: Tensor, d_activation_RF: Tensor) -> None:
  halves = torch.view(d_activation_RF, [torch.size(dh_RF, 0), 2, torch.size(dh_RF, 1)])
  _0 = torch.mul_(halves, torch.unsqueeze(dh_RF, 1))
  return None
