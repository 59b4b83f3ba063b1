# The decoder's forward pass in operators that all have a recorded gradient, for use inside a DJL block.
# It computes what model.logits computes, without its buffers; shapes and parameters are described there.


def unit(x: Tensor, epsilon: float) -> Tensor:
  return x * torch.rsqrt(torch.mean(torch.square(x), [-1], True) + epsilon)


def linear(x: Tensor, w: Tensor, bias: Tensor, dtype: int) -> Tensor:
  y = torch.matmul(x, torch.t(torch.to(w, dtype)))
  if torch.numel(bias) == 0:
    return y
  return y + torch.to(bias, dtype)


def turn(x: Tensor, cos: Tensor, sin: Tensor, interleaved: int) -> Tensor:
  width = 2 * torch.size(cos, -1)
  a = __torch__.rotary.low(x, width, interleaved)
  b = __torch__.rotary.high(x, width, interleaved)
  rest = torch.narrow(x, -1, width, torch.size(x, -1) - width)
  first = a * cos - b * sin
  second = b * cos + a * sin
  if interleaved == 1:
    return torch.cat([torch.flatten(torch.stack([first, second], -1), -2), rest], -1)
  return torch.cat([first, second, rest], -1)


def grouped(n: Tensor, p: List[Tensor], at: int, shape: List[int], epsilon: float, cos: Tensor, sin: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
  heads, groups, width, normed = shape[5:9]
  dtype = shape[2]
  tokens = torch.size(n, 0)
  qkv = __torch__.block.linear(n, p[at + 1], p[at + 5], dtype)
  q, k, v = torch.split_with_sizes(qkv, [heads * width, groups * width, groups * width], 1)
  q = torch.to(q, 6)
  k = torch.to(k, 6)
  if normed == 2:
    q = __torch__.block.unit(q, epsilon) * p[at + 2]
    k = __torch__.block.unit(k, epsilon) * p[at + 3]
  q = torch.view(q, [tokens, heads, width])
  k = torch.view(k, [tokens, groups, width])
  if normed == 1:
    q = __torch__.block.unit(q, epsilon) * p[at + 2]
    k = __torch__.block.unit(k, epsilon) * p[at + 3]
  q = torch.to(__torch__.block.turn(q, cos, sin, shape[11]), dtype)
  k = torch.to(__torch__.block.turn(k, cos, sin, shape[11]), dtype)
  return (q, k, torch.view(v, [tokens, groups, width]))


def latent(n: Tensor, p: List[Tensor], at: int, shape: List[int], epsilon: float, cos: Tensor, sin: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
  heads, rq, rkv, dn, dr, dv = shape[5:11]
  dtype = shape[2]
  tokens = torch.size(n, 0)
  down = torch.to(__torch__.block.linear(n, p[at + 8], p[at + 5], dtype), 6)
  low_q, low_kv, shared = torch.split_with_sizes(down, [rq, rkv, dr], 1)
  source = n
  if rq > 0:
    source = torch.to(__torch__.block.unit(low_q, epsilon) * p[at + 2], dtype)
  q = torch.to(torch.matmul(source, torch.t(torch.to(p[at + 1], dtype))), 6)
  q_plain, q_turned = torch.split_with_sizes(torch.view(q, [tokens, heads, dn + dr]), [dn, dr], 2)
  n_kv = torch.to(__torch__.block.unit(low_kv, epsilon) * p[at + 3], dtype)
  kv = torch.view(torch.matmul(n_kv, torch.t(torch.to(p[at + 9], dtype))), [tokens, heads, dn + dv])
  k_plain, v = torch.split_with_sizes(kv, [dn, dv], 2)
  k_turned = torch.to(__torch__.block.turn(torch.unsqueeze(shared, 1), cos, sin, shape[11]), dtype)
  q_turned = __torch__.block.turn(q_turned, cos, sin, shape[11])
  query = torch.to(torch.cat([q_plain, q_turned], 2), dtype)
  return (query, torch.cat([k_plain, torch.expand(k_turned, [-1, heads, -1])], 2), v)


# Softmax over every key that a query may see, and the sink; [B*S, heads, ...] to [B*S, H, M].
def attend(query: Tensor, key: Tensor, value: Tensor, sinks: Tensor, batch: int, window: int, scale: float) -> Tensor:
  times = torch.floordiv(torch.size(query, 1), torch.size(key, 1))
  q = __torch__.attention.heads_first(query, batch, 1)
  k = __torch__.attention.heads_first(key, batch, times)
  v = __torch__.attention.heads_first(value, batch, times)
  length = torch.size(q, 2)
  reach = length
  if window > 0:
    reach = window
  scores = torch.to(torch.matmul(q, torch.transpose(k, 2, 3)), 6) * scale
  scores = scores + __torch__.attention.mask(length, reach, 6, scores)
  if torch.numel(sinks) > 0:
    column = torch.expand(torch.view(sinks, [1, -1, 1, 1]), [batch, -1, length, 1])
    share = torch.narrow(torch.softmax(torch.cat([scores, column], 3), -1), 3, 0, length)
  else:
    share = torch.softmax(scores, -1)
  return __torch__.attention.tokens_first(torch.matmul(torch.to(share, ops.prim.dtype(v)), v), 1)


def attention(x: Tensor, p: List[Tensor], at: int, shape: List[int], numbers: List[float], window: int, cos: Tensor, sin: Tensor) -> Tensor:
  n = torch.to(__torch__.block.unit(x, numbers[0]) * p[at], shape[2])
  if shape[4] == 1:
    query, key, value = __torch__.block.latent(n, p, at, shape, numbers[2], cos, sin)
  else:
    query, key, value = __torch__.block.grouped(n, p, at, shape, numbers[0], cos, sin)
  flat = torch.flatten(__torch__.block.attend(query, key, value, p[at + 7], shape[0], window, numbers[1]), 1)
  return x + torch.to(__torch__.block.linear(flat, p[at + 4], p[at + 6], shape[2]), 6) * numbers[7]


def gate(gu: Tensor, kind: int, limits: List[float]) -> Tensor:
  gate, up = torch.split(gu, torch.floordiv(torch.size(gu, 1), 2), 1)
  if kind == 0:
    return torch.silu(gate) * up
  gate = torch.clamp(gate, None, limits[1])
  return gate * torch.sigmoid(gate * limits[0]) * (torch.clamp(up, -limits[1], limits[1]) + 1.)


def expert(c: Tensor, gate_up: Tensor, down: Tensor, kind: int, limits: List[float]) -> Tensor:
  return torch.mm(__torch__.block.gate(torch.mm(c, torch.t(gate_up)), kind, limits), torch.t(down))


def biased_expert(c: Tensor, gate_up: Tensor, down: Tensor, up_bias: Tensor, down_bias: Tensor, kind: int, limits: List[float]) -> Tensor:
  gu = torch.mm(c, torch.t(gate_up)) + torch.to(up_bias, ops.prim.dtype(c))
  return torch.mm(__torch__.block.gate(gu, kind, limits), torch.t(down)) + torch.to(down_bias, ops.prim.dtype(c))


# Experts come apart with unbind: the gradient of select would fill all experts for each one.
def routed(n: Tensor, c: Tensor, p: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float]) -> Tensor:
  gate_ups = torch.unbind(torch.to(p[at + 14], shape[2]))
  downs = torch.unbind(torch.to(p[at + 15], shape[2]))
  experts = torch.len(downs)
  _0, index, weight, _1, _2 = __torch__.router.route(n, p, at, k, shape, numbers[3])
  counts, order, rows = __torch__.experts.dispatch(index, experts)
  sizes = annotate(List[int], torch.cpu(counts).tolist())
  parts = torch.split_with_sizes(torch.index_select(c, 0, torch.floor_divide(order, k)), sizes)
  outputs = annotate(List[Tensor], [])
  if torch.numel(p[at + 16]) > 0:
    up_biases = torch.unbind(p[at + 16])
    down_biases = torch.unbind(p[at + 17])
    for e in range(experts):
      outputs.append(__torch__.block.biased_expert(parts[e], gate_ups[e], downs[e], up_biases[e], down_biases[e], shape[17], numbers[4:6]))
  else:
    for e in range(experts):
      outputs.append(__torch__.block.expert(parts[e], gate_ups[e], downs[e], shape[17], numbers[4:6]))
  chosen = torch.index_select(torch.cat(outputs), 0, torch.flatten(rows))
  chosen = torch.view(chosen, [torch.size(n, 0), k, torch.size(n, 1)])
  return torch.sum(torch.to(chosen, 6) * torch.unsqueeze(weight, 2), [1])


def feed_forward(x: Tensor, p: List[Tensor], at: int, k: int, shape: List[int], numbers: List[float]) -> Tensor:
  n = __torch__.block.unit(x, numbers[0]) * p[at + 10]
  c = torch.to(n, shape[2])
  if k == 0:
    y = torch.to(__torch__.block.expert(c, torch.to(torch.squeeze(p[at + 14], 0), shape[2]), torch.to(torch.squeeze(p[at + 15], 0), shape[2]), shape[17], numbers[4:6]), 6)
    return x + y * numbers[7]
  y = __torch__.block.routed(n, c, p, at, k, shape, numbers)
  if torch.numel(p[at + 18]) > 0:
    more = torch.to(__torch__.block.expert(c, torch.to(torch.squeeze(p[at + 18], 0), shape[2]), torch.to(torch.squeeze(p[at + 19], 0), shape[2]), shape[17], numbers[4:6]), 6)
    if torch.numel(p[at + 20]) > 0:
      more = more * torch.sigmoid(torch.mm(n, torch.t(p[at + 20])))
    y = y + more
  return x + y * numbers[7]


def forward(ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float]) -> Tensor:
  x = torch.embedding(p[0], torch.flatten(ids)) * numbers[6]
  for layer in range(__torch__.model.layers(shape)):
    at = 3 + 21 * layer
    x = __torch__.block.attention(x, p, at, shape, numbers, shape[21 + 2 * layer], cos, sin)
    x = __torch__.block.feed_forward(x, p, at, shape[20 + 2 * layer], shape, numbers)
  n = __torch__.block.unit(x, numbers[0]) * p[1]
  logits = torch.mm(torch.to(n, shape[2]), torch.t(torch.to(p[2], shape[2])))
  return torch.view(torch.to(logits, 6) / numbers[8], [shape[0], shape[1], -1])
