# Causal attention over segments of tokens, with its backward pass, and the layer's half that it makes.
# Shapes: B batch, S sequence, T = B*S tokens, H query heads, G key-value heads, N head width, M value width.
# A segment is a run of tokens that see one another and no others; an empty list means one a sequence.
# A window w > 0 lets a token see itself and the w - 1 before it. Sinks [H] take a share of each head's
# probability and give nothing.


# Additive mask [L, L]: 0 where a query may see a key, minus infinity elsewhere.
def mask(length: int, window: int, dtype: int, like: Tensor) -> Tensor:
  device = ops.prim.device(like)
  position = torch.arange(0, length, 1, dtype=4, device=device)
  distance = torch.sub(torch.unsqueeze(position, 1), torch.unsqueeze(position, 0))
  hidden = torch.__or__(torch.lt(distance, 0), torch.ge(distance, window))
  zeros = torch.zeros([length, length], dtype=dtype, device=device)
  return torch.masked_fill_(zeros, hidden, -float("inf"))


# [L, heads, N] as one sequence, or [B*S, heads, N] as B of them, to [B, times*heads, S, N].
def heads_first(x: Tensor, batch: int, times: int) -> Tensor:
  y = torch.transpose(torch.unflatten(x, 0, [batch, -1]), 1, 2)
  if times == 1:
    return y
  return torch.repeat_interleave(y, times, 1)


# The other way; heads that were repeated are summed.
def tokens_first(x: Tensor, times: int) -> Tensor:
  y = x
  if times > 1:
    y = torch.sum(torch.unflatten(x, 1, [-1, times]), [2])
  return torch.flatten(torch.transpose(y, 1, 2), 0, 1)


def widened(value: Tensor, width: int) -> Tensor:
  missing = width - torch.size(value, -1)
  if missing == 0:
    return value
  return torch.constant_pad_nd(value, [0, missing])


# Attention of one batch of equal segments, [L*batch, heads, ...] to [L*batch, H, M], and what backward needs.
def attend(query: Tensor, key: Tensor, value: Tensor, sinks: Tensor, batch: int, window: int, scale: float) -> Tuple[Tensor, List[Tensor]]:
  times = torch.floordiv(torch.size(query, 1), torch.size(key, 1))
  q = __torch__.attention.heads_first(query, batch, 1)
  k = __torch__.attention.heads_first(key, batch, times)
  v = __torch__.attention.widened(__torch__.attention.heads_first(value, batch, times), torch.size(query, 2))
  length = torch.size(q, 2)
  if window > 0 and window < length:
    seen = __torch__.attention.mask(length, window, ops.prim.dtype(q), q)
    out, lse = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0., False, attn_mask=seen, scale=scale)
  else:
    out, lse = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0., True, scale=scale)
  if torch.numel(sinks) > 0:
    all = torch.logaddexp(lse, torch.view(sinks, [1, -1, 1]))
    share = torch.exp(torch.sub(lse, all))
    out = torch.mul(out, torch.to(torch.unsqueeze(share, 3), ops.prim.dtype(out)))
    lse = all
  flat = torch.narrow(__torch__.attention.tokens_first(out, 1), 2, 0, torch.size(value, 2))
  return (flat, [q, k, v, out, lse])


# dout [L*batch, H, M] to the gradients of query, key and value; adds that of the sinks.
# With sinks, out and lse are those of the whole softmax: the operator then finds the probabilities of all keys right.
def attend_backward(dout: Tensor, saved: List[Tensor], sinks: Tensor, gsinks: Tensor, groups: int, batch: int, window: int, scale: float) -> Tuple[Tensor, Tensor, Tensor]:
  q, k, v, out, lse = saved
  width = torch.size(dout, 2)
  d = __torch__.attention.widened(__torch__.attention.heads_first(dout, batch, 1), torch.size(q, 3))
  length = torch.size(q, 2)
  if window > 0 and window < length:
    seen = __torch__.attention.mask(length, window, ops.prim.dtype(q), q)
    dq, dk, dv = torch._scaled_dot_product_flash_attention_for_cpu_backward(d, q, k, v, out, lse, 0., False, attn_mask=seen, scale=scale)
  else:
    dq, dk, dv = torch._scaled_dot_product_flash_attention_for_cpu_backward(d, q, k, v, out, lse, 0., True, scale=scale)
  if torch.numel(sinks) > 0:
    share = torch.exp(torch.sub(torch.view(sinks, [1, -1, 1]), lse))
    delta = torch.sum(torch.to(d, 6) * torch.to(out, 6), [-1])
    _0 = torch.sub_(gsinks, torch.sum(share * delta, [0, 2]))
  times = torch.floordiv(torch.size(q, 1), groups)
  dv = torch.narrow(__torch__.attention.tokens_first(dv, times), 2, 0, width)
  return (__torch__.attention.tokens_first(dq, 1), __torch__.attention.tokens_first(dk, times), dv)


# Attention of every segment: [T, heads, ...] to [T, H, M], and five saved tensors for each call made.
def core(query: Tensor, key: Tensor, value: Tensor, sinks: Tensor, shape: List[int], segments: List[int], window: int, scale: float) -> Tuple[Tensor, List[Tensor]]:
  if torch.len(segments) == 0:
    return __torch__.attention.attend(query, key, value, sinks, shape[0], window, scale)
  outs = annotate(List[Tensor], [])
  saved = annotate(List[Tensor], [])
  start = 0
  for i in range(torch.len(segments)):
    size = segments[i]
    out, kept = __torch__.attention.attend(torch.narrow(query, 0, start, size), torch.narrow(key, 0, start, size), torch.narrow(value, 0, start, size), sinks, 1, window, scale)
    outs.append(out)
    saved.extend(kept)
    start = start + size
  return (torch.cat(outs), saved)


def core_backward(dout: Tensor, saved: List[Tensor], sinks: Tensor, gsinks: Tensor, groups: int, shape: List[int], segments: List[int], window: int, scale: float) -> Tuple[Tensor, Tensor, Tensor]:
  if torch.len(segments) == 0:
    return __torch__.attention.attend_backward(dout, saved, sinks, gsinks, groups, shape[0], window, scale)
  dqs = annotate(List[Tensor], [])
  dks = annotate(List[Tensor], [])
  dvs = annotate(List[Tensor], [])
  start = 0
  for i in range(torch.len(segments)):
    size = segments[i]
    dq, dk, dv = __torch__.attention.attend_backward(torch.narrow(dout, 0, start, size), saved[5 * i:5 * i + 5], sinks, gsinks, groups, 1, window, scale)
    dqs.append(dq)
    dks.append(dk)
    dvs.append(dv)
    start = start + size
  return (torch.cat(dqs), torch.cat(dks), torch.cat(dvs))


def key_value_heads(shape: List[int]) -> int:
  if shape[4] == 1:
    return shape[5]
  return shape[6]


def width(shape: List[int], value: bool) -> int:
  if shape[4] == 0:
    return shape[7]
  if value:
    return shape[10]
  return shape[8] + shape[9]


# x [T, D] normed, then made queries [T, H, N], keys [T, G, N] and values [T, G, M]; and what backward needs of
# each block of rows: r and n, then the projections' own. Heads lie apart in memory: rotary positions and attention then
# run along whole sequences.
def project(x: Tensor, p: List[Tensor], at: int, shape: List[int], numbers: List[float], cos: Tensor, sin: Tensor) -> Tuple[Tensor, Tensor, Tensor, List[Tensor]]:
  dtype = shape[2]
  tokens = torch.size(x, 0)
  device = ops.prim.device(x)
  groups = __torch__.attention.key_value_heads(shape)
  heads = shape[5] + groups
  both = torch.transpose(torch.empty([heads, tokens, __torch__.attention.width(shape, False)], dtype=dtype, device=device), 0, 1)
  query = torch.narrow(both, 1, 0, shape[5])
  key = torch.narrow(both, 1, shape[5], groups)
  value = torch.transpose(torch.empty([groups, tokens, __torch__.attention.width(shape, True)], dtype=dtype, device=device), 0, 1)
  saved = annotate(List[Tensor], [])
  step = __torch__.matrix.product_rows(tokens, shape[2])
  for i in range(torch.floordiv(tokens + step - 1, step)):
    start = i * step
    size = min(step, tokens - start)
    rows = torch.narrow(x, 0, start, size)
    r = __torch__.norm.inverse_rms(rows, numbers[0])
    n = torch.to(__torch__.norm.apply(rows, r, p[at]), dtype)
    q = torch.narrow(query, 0, start, size)
    k = torch.narrow(key, 0, start, size)
    v = torch.narrow(value, 0, start, size)
    c = torch.narrow(cos, 0, start, size)
    s = torch.narrow(sin, 0, start, size)
    if shape[4] == 1:
      kept = __torch__.latent.project(n, q, k, v, p, at, shape, numbers[2], c, s)
    else:
      kept = __torch__.grouped.project(n, q, k, v, p, at, shape, numbers[0], c, s)
    saved.append(r)
    saved.append(n)
    saved.extend(kept)
  return (query, key, value, saved)


# Takes the gradients of queries, keys and values, and that of the residual stream after attention; returns that before it.
def project_backward(dq: Tensor, dk: Tensor, dv: Tensor, dy: Tensor, x: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], cos: Tensor, sin: Tensor, stale: bool, later: List[List[Tensor]]) -> Tensor:
  tokens = torch.size(x, 0)
  step = __torch__.matrix.product_rows(tokens, shape[2])
  blocks = torch.floordiv(tokens + step - 1, step)
  each = torch.floordiv(torch.len(saved), blocks)
  dx = torch.empty_like(x)
  for i in range(blocks):
    start = i * step
    size = min(step, tokens - start)
    first = stale
    if i > 0:
      first = False
    r = saved[i * each]
    n = saved[i * each + 1]
    kept = saved[i * each + 2:i * each + each]
    q = torch.narrow(dq, 0, start, size)
    k = torch.narrow(dk, 0, start, size)
    v = torch.narrow(dv, 0, start, size)
    c = torch.narrow(cos, 0, start, size)
    s = torch.narrow(sin, 0, start, size)
    if shape[4] == 1:
      dn = __torch__.latent.project_backward(q, k, v, n, kept, p, g, at, shape, c, s, first, later)
    else:
      dn = __torch__.grouped.project_backward(q, k, v, n, kept, p, g, at, shape, c, s, first, later)
    _0 = __torch__.norm.backward_residual_into(torch.to(dn, 6), torch.narrow(x, 0, start, size), r, p[at], g[at], torch.narrow(dy, 0, start, size), torch.narrow(dx, 0, start, size))
  return dx


# What attention adds to the residual stream: flat [T, H*M] to [T, D].
def output(flat: Tensor, p: List[Tensor], at: int, dtype: int, residual: float) -> Tensor:
  out = torch.to(__torch__.matrix.linear(flat, p[at + 4], p[at + 6], dtype), 6)
  if residual == 1.:
    return out
  return torch.mul_(out, residual)


# Returns the residual stream after attention, and what the backward pass needs.
def forward(x: Tensor, p: List[Tensor], at: int, shape: List[int], numbers: List[float], window: int, segments: List[int], cos: Tensor, sin: Tensor) -> Tuple[Tensor, List[Tensor]]:
  dtype = shape[2]
  query, key, value, projected = __torch__.attention.project(x, p, at, shape, numbers, cos, sin)
  out, attended = __torch__.attention.core(query, key, value, p[at + 7], shape, segments, window, numbers[1])
  flat = torch.flatten(out, 1)
  y = torch.add_(__torch__.attention.output(flat, p, at, dtype, numbers[7]), x)
  saved = [x, flat]
  saved.extend(projected)
  saved.extend(attended)
  return (y, saved)


# Takes the gradient of the residual stream after attention, returns that before it; adds vectors' gradients to g, puts off matrices'.
def backward(dy: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], numbers: List[float], window: int, segments: List[int], cos: Tensor, sin: Tensor, stale: bool, later: List[List[Tensor]]) -> Tensor:
  dtype = shape[2]
  x, flat = saved[0:2]
  calls = max(torch.len(segments), 1)
  split = torch.len(saved) - 5 * calls
  scaled = dy
  if numbers[7] != 1.:
    scaled = dy * numbers[7]
  dflat = __torch__.matrix.linear_backward(torch.to(scaled, dtype), flat, p[at + 4], g[at + 4], g[at + 6], dtype, stale, later)
  dout = torch.view(dflat, [torch.size(dflat, 0), shape[5], -1])
  dq, dk, dv = __torch__.attention.core_backward(dout, saved[split:], p[at + 7], g[at + 7], __torch__.attention.key_value_heads(shape), shape, segments, window, numbers[1])
  return __torch__.attention.project_backward(dq, dk, dv, dy, x, saved[2:split], p, g, at, shape, cos, sin, stale, later)
