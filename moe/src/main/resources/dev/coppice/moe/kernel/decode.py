# One step of generation: new tokens of one sequence run against the keys and values of those before them.
# Shapes: T new tokens, P past ones, C capacity of the caches, H query heads, G key-value heads, N and M as in attention.py.
# caches: keys [C, G, N] and values [C, G, M] of each layer, in the compute dtype; this call fills rows P to P+T.


# Probability-weighted values: query [T, H, N] against keys [L, G, N] and values [L, G, M], the last T of which are the
# queries' own; [T, H, M].
def attend(query: Tensor, keys: Tensor, values: Tensor, sinks: Tensor, window: int, scale: float) -> Tensor:
  tokens = torch.size(query, 0)
  length = torch.size(keys, 0)
  groups = torch.size(keys, 1)
  q = torch.flatten(torch.permute(torch.unflatten(query, 1, [groups, -1]), [1, 2, 0, 3]), 1, 2)
  scores = torch.to(torch.bmm(q, torch.permute(keys, [1, 2, 0])), 6) * scale
  scores = torch.unflatten(scores, 1, [-1, tokens])
  if tokens > 1:
    device = ops.prim.device(query)
    own = torch.unsqueeze(torch.arange(length - tokens, length, 1, dtype=4, device=device), 1)
    distance = torch.sub(own, torch.unsqueeze(torch.arange(0, length, 1, dtype=4, device=device), 0))
    hidden = torch.lt(distance, 0)
    if window > 0:
      hidden = torch.__or__(hidden, torch.ge(distance, window))
    scores = torch.masked_fill(scores, hidden, -float("inf"))
  if torch.numel(sinks) > 0:
    column = torch.expand(torch.view(sinks, [groups, -1, 1, 1]), [-1, -1, tokens, 1])
    share = torch.narrow(torch.softmax(torch.cat([scores, column], 3), -1), 3, 0, length)
  else:
    share = torch.softmax(scores, -1)
  out = torch.bmm(torch.to(torch.flatten(share, 1, 2), ops.prim.dtype(values)), torch.transpose(values, 0, 1))
  out = torch.permute(torch.unflatten(out, 1, [-1, tokens]), [2, 0, 1, 3])
  return torch.flatten(out, 1, 2)


# Logits [V] of the token after the last new one, float32. numbers and shape as in model.py; shape[0] = 1.
def step(ids: Tensor, p: List[Tensor], caches: List[Tensor], past: int, cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float]) -> Tensor:
  tokens = torch.size(ids, 0)
  dtype = shape[2]
  x = __torch__.model.embed(ids, p, numbers)
  for layer in range(__torch__.model.layers(shape)):
    at = 3 + 21 * layer
    window = shape[21 + 2 * layer]
    query, key, value, _0 = __torch__.attention.project(x, p, at, shape, numbers, cos, sin)
    keys = caches[2 * layer]
    values = caches[2 * layer + 1]
    _1 = torch.copy_(torch.narrow(keys, 0, past, tokens), key)
    _2 = torch.copy_(torch.narrow(values, 0, past, tokens), value)
    first = 0
    if window > 0:
      first = max(0, past - window + 1)
    size = past + tokens - first
    out = __torch__.decode.attend(query, torch.narrow(keys, 0, first, size), torch.narrow(values, 0, first, size), p[at + 7], window, numbers[1])
    x = torch.add_(__torch__.attention.output(torch.flatten(out, 1), p, at, dtype, numbers[7]), x)
    x, _3 = __torch__.experts.forward(x, p, at, shape[20 + 2 * layer], shape, numbers)
  last = torch.narrow(x, 0, tokens - 1, 1)
  return torch.squeeze(__torch__.head.logits(last, p, dtype, numbers[0], numbers[8]), 0)


# Empty caches for a model; one call makes those of all layers.
def caches(capacity: int, shape: List[int], like: Tensor) -> List[Tensor]:
  made = annotate(List[Tensor], [])
  device = ops.prim.device(like)
  heads = __torch__.attention.key_value_heads(shape)
  key = shape[7]
  value = shape[7]
  if shape[4] == 1:
    key = shape[8] + shape[9]
    value = shape[10]
  for layer in range(__torch__.model.layers(shape)):
    made.append(torch.zeros([capacity, heads, key], dtype=shape[2], device=device))
    made.append(torch.zeros([capacity, heads, value], dtype=shape[2], device=device))
  return made
