# The decoder's forward pass in operators that all have a recorded gradient, for use inside a DJL block.
# It computes what model.logits computes, without its buffers; shapes and parameters are described there.


def attention(x: Tensor, p: List[Tensor], at: int, shape: List[int], epsilon: float, cos: Tensor, sin: Tensor) -> Tensor:
  batch, length, heads, groups, width, normed, dtype = shape[0:7]
  n = torch.to(torch.mul(__torch__.block.unit(x, epsilon), p[at]), dtype)
  qkv = torch.view(torch.mm(n, torch.t(torch.to(p[at + 1], dtype))), [batch, length, heads + 2 * groups, width])
  q, k, v = torch.split_with_sizes(qkv, [heads, groups, groups], 2)
  q = torch.to(q, 6)
  k = torch.to(k, 6)
  if normed == 1:
    q = torch.mul(__torch__.block.unit(q, epsilon), p[at + 2])
    k = torch.mul(__torch__.block.unit(k, epsilon), p[at + 3])
  q = torch.to(__torch__.block.rotate(q, cos, sin), dtype)
  k = torch.to(__torch__.block.rotate(k, cos, sin), dtype)
  times = torch.floordiv(heads, groups)
  k = torch.repeat_interleave(k, times, 2)
  v = torch.repeat_interleave(v, times, 2)
  out = torch.scaled_dot_product_attention(torch.transpose(q, 1, 2), torch.transpose(k, 1, 2), torch.transpose(v, 1, 2), None, 0., True)
  flat = torch.reshape(torch.transpose(out, 1, 2), [batch * length, heads * width])
  return x + torch.mm(flat, torch.t(torch.to(p[at + 4], dtype)))


def unit(x: Tensor, epsilon: float) -> Tensor:
  return x * torch.rsqrt(torch.mean(torch.square(x), [-1], True) + epsilon)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  low, high = torch.split(x, torch.floordiv(torch.size(x, -1), 2), -1)
  return torch.cat([low * cos - high * sin, high * cos + low * sin], -1)


def expert(c: Tensor, gate_up: Tensor, down: Tensor) -> Tensor:
  gate, up = torch.split(torch.mm(c, torch.t(gate_up)), torch.floordiv(torch.size(gate_up, 0), 2), 1)
  return torch.mm(torch.silu(gate) * up, torch.t(down))


# Experts come apart with unbind: the gradient of select would fill all experts for each one.
def experts(x: Tensor, p: List[Tensor], at: int, k: int, renormalise: int, dtype: int, epsilon: float) -> Tensor:
  n = torch.mul(__torch__.block.unit(x, epsilon), p[at])
  c = torch.to(n, dtype)
  gate_ups = torch.unbind(torch.to(p[at + 2], dtype))
  downs = torch.unbind(torch.to(p[at + 3], dtype))
  if k == 0:
    return x + __torch__.block.expert(c, gate_ups[0], downs[0])
  _0, index, weight, _1 = __torch__.experts.route(n, p[at + 1], k, renormalise)
  counts, order, rows = __torch__.experts.dispatch(index, torch.len(downs))
  sizes = annotate(List[int], [])
  for e in range(torch.len(downs)):
    sizes.append(int(torch.select(counts, 0, e)))
  parts = torch.split_with_sizes(torch.index_select(c, 0, torch.floor_divide(order, k)), sizes)
  outputs = annotate(List[Tensor], [])
  for e in range(torch.len(downs)):
    outputs.append(__torch__.block.expert(parts[e], gate_ups[e], downs[e]))
  chosen = torch.index_select(torch.cat(outputs), 0, torch.flatten(rows))
  chosen = torch.view(chosen, [torch.size(x, 0), k, torch.size(x, 1)])
  return x + torch.sum(torch.to(chosen, 6) * torch.unsqueeze(weight, 2), [1])


def forward(ids: Tensor, p: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
  cos, sin = __torch__.attention.rotary(shape[1], shape[4], numbers[1], p[0])
  x = torch.embedding(p[0], torch.flatten(ids))
  for layer in range(torch.len(shape) - 9):
    at = 3 + 9 * layer
    x = __torch__.block.attention(x, p, at, shape, numbers[0], cos, sin)
    x = __torch__.block.experts(x, p, at + 5, shape[9 + layer], shape[7], shape[6], numbers[0])
  n = torch.mul(__torch__.block.unit(x, numbers[0]), p[1])
  logits = torch.mm(torch.to(n, shape[6]), torch.t(torch.to(p[2], shape[6])))
  return torch.view(torch.to(logits, 6), [shape[0], shape[1], -1])
