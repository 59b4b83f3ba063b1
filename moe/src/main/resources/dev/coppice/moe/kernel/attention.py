# Causal rotary grouped-query attention with optional head norms, and its backward pass.
# Shapes: B batch, S sequence, T = B*S tokens, D model, H query heads, G key-value heads, N head width.
# Parameters of a layer start at p[at]: input norm D, query-key-value [(H+2G)N, D], query norm N, key norm N,
# output [D, HN]. sizes = [B, S, H, G, N, head norms 0|1, compute dtype].


# Cosines and sines [S, 1, N/2] as float32 tables.
def rotary(length: int, width: int, theta: float, like: Tensor) -> Tuple[Tensor, Tensor]:
  device = ops.prim.device(like)
  power = torch.arange(0, width, 2, dtype=6, device=device) / width
  frequency = torch.reciprocal(torch.pow(theta, power))
  position = torch.arange(0, length, 1, dtype=6, device=device)
  angle = torch.unsqueeze(torch.mul(torch.unsqueeze(position, 1), frequency), 1)
  return (torch.cos(angle), torch.sin(angle))


# Rotates the two halves of the last axis of x [B, S, heads, N] by the angle; sign = -1 turns back.
def rotate(x: Tensor, cos: Tensor, sin: Tensor, sign: int) -> Tensor:
  half = torch.floordiv(torch.size(x, -1), 2)
  low = torch.narrow(x, -1, 0, half)
  high = torch.narrow(x, -1, half, half)
  y = torch.empty_like(x, memory_format=0)
  low_y = torch.narrow(y, -1, 0, half)
  high_y = torch.narrow(y, -1, half, half)
  _0 = torch.addcmul_(torch.mul(low, cos, out=low_y), high, sin, value=-sign)
  _1 = torch.addcmul_(torch.mul(high, cos, out=high_y), low, sin, value=sign)
  return y


def repeat_heads(x: Tensor, times: int) -> Tensor:
  if times == 1:
    return x
  return torch.repeat_interleave(x, times, 1)


def sum_heads(x: Tensor, times: int) -> Tensor:
  if times == 1:
    return x
  return torch.sum(torch.unflatten(x, 1, [-1, times]), [2])


def joint_norm(p: List[Tensor], at: int, heads: int, groups: int) -> Tensor:
  query = torch.expand(torch.unsqueeze(p[at + 2], 0), [heads, -1])
  key = torch.expand(torch.unsqueeze(p[at + 3], 0), [groups, -1])
  return torch.cat([query, key])


# Returns the residual stream after attention, and what the backward pass needs.
def forward(x: Tensor, p: List[Tensor], at: int, sizes: List[int], epsilon: float, cos: Tensor, sin: Tensor) -> Tuple[Tensor, List[Tensor]]:
  batch, length, heads, groups, width, normed, dtype = sizes
  r = __torch__.norm.inverse_rms(x, epsilon)
  n = torch.to(__torch__.norm.apply(x, r, p[at]), dtype)
  qkv = torch.mm(n, torch.t(torch.to(p[at + 1], dtype)))
  joint = torch.view(qkv, [batch, length, heads + 2 * groups, width])
  value = torch.transpose(torch.narrow(joint, 2, heads + groups, groups), 1, 2)
  qk = torch.to(torch.narrow(joint, 2, 0, heads + groups), 6)
  head_r = r
  turned = qk
  if normed == 1:
    head_r = __torch__.norm.inverse_rms(qk, epsilon)
    turned = __torch__.norm.apply(qk, head_r, __torch__.attention.joint_norm(p, at, heads, groups))
  turned = torch.to(__torch__.attention.rotate(turned, cos, sin, 1), dtype)
  query = torch.transpose(torch.narrow(turned, 2, 0, heads), 1, 2)
  times = torch.floordiv(heads, groups)
  key = __torch__.attention.repeat_heads(torch.transpose(torch.narrow(turned, 2, heads, groups), 1, 2), times)
  value = __torch__.attention.repeat_heads(value, times)
  out, lse = torch._scaled_dot_product_flash_attention_for_cpu(query, key, value, 0., True)
  flat = torch.reshape(torch.transpose(out, 1, 2), [batch * length, heads * width])
  y = torch.add(x, torch.mm(flat, torch.t(torch.to(p[at + 4], dtype))))
  return (y, [x, r, n, qk, head_r, query, key, value, out, lse, flat])


# Takes the gradient of the residual stream after attention, returns that before it; adds weight gradients to g.
def backward(dy: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, sizes: List[int], cos: Tensor, sin: Tensor) -> Tensor:
  batch, length, heads, groups, width, normed, dtype = sizes
  x, r, n, qk, head_r, query, key, value, out, lse, flat = saved
  dout = torch.to(dy, dtype)
  _0 = __torch__.matrix.accumulate(g[at + 4], torch.t(dout), flat)
  dflat = torch.view(torch.mm(dout, torch.to(p[at + 4], dtype)), [batch, length, heads, width])
  dq, dk, dv = torch._scaled_dot_product_flash_attention_for_cpu_backward(torch.transpose(dflat, 1, 2), query, key, value, out, lse, 0., True)
  times = torch.floordiv(heads, groups)
  dk = __torch__.attention.sum_heads(dk, times)
  dv = __torch__.attention.sum_heads(dv, times)
  dqk = torch.to(torch.cat([torch.transpose(dq, 1, 2), torch.transpose(dk, 1, 2)], 2), 6)
  dqk = __torch__.attention.rotate(dqk, cos, sin, -1)
  if normed == 1:
    w = __torch__.attention.joint_norm(p, at, heads, groups)
    gw = torch.zeros_like(w)
    dqk = __torch__.norm.backward(dqk, qk, head_r, w, gw)
    _1 = torch.add_(g[at + 2], torch.sum(torch.narrow(gw, 0, 0, heads), [0]))
    _2 = torch.add_(g[at + 3], torch.sum(torch.narrow(gw, 0, heads, groups), [0]))
  dqkv = torch.cat([torch.to(dqk, dtype), torch.transpose(dv, 1, 2)], 2)
  dqkv = torch.view(dqkv, [batch * length, -1])
  _3 = __torch__.matrix.accumulate(g[at + 1], torch.t(dqkv), n)
  dn = torch.to(torch.mm(dqkv, torch.to(p[at + 1], dtype)), 6)
  return torch.add_(__torch__.norm.backward(dn, x, r, p[at], g[at]), dy)
