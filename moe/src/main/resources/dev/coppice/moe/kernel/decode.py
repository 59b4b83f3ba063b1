# One step of generation: new tokens of one sequence run against the keys and values of those before them.
# In this file T are the new tokens, P the past ones, and C the capacity of the caches.


# Keys [C, G, N] and values [C, G, M] of a layer, in the compute dtype; a step fills rows P to P+T.
class Cache(NamedTuple):
  keys_CGN : Tensor
  values_CGM : Tensor


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


# Logits [V] of the token after the last new one, float32.
def step(ids_T: Tensor, model: __torch__.parameters.Model, caches: List[__torch__.decode.Cache], past: int,
    cos_T1R: Tensor, sin_T1R: Tensor, call: __torch__.calls.Call) -> Tensor:
  tokens = torch.size(ids_T, 0)
  x_TD = __torch__.model.embed(ids_T, model, call)
  for i in range(torch.len(model.layers)):
    layer = model.layers[i]
    cache = caches[i]
    window = call.windows[i]
    query_THN, key_TGN, value_TGM, _0 = __torch__.attention.project(x_TD, layer, call, cos_T1R, sin_T1R)
    _1 = torch.copy_(torch.narrow(cache.keys_CGN, 0, past, tokens), key_TGN)
    _2 = torch.copy_(torch.narrow(cache.values_CGM, 0, past, tokens), value_TGM)
    first = 0
    if window > 0:
      first = max(0, past - window + 1)
    size = past + tokens - first
    keys = torch.narrow(cache.keys_CGN, 0, first, size)
    values = torch.narrow(cache.values_CGM, 0, first, size)
    out_THM = __torch__.decode.attend(query_THN, keys, values, layer.sinks_H, window, call.attention_scale)
    x_TD = torch.add_(__torch__.attention.output(torch.flatten(out_THM, 1), layer, call), x_TD)
    x_TD, _3 = __torch__.experts.forward(x_TD, layer, call.top_k[i], call)
  last = torch.narrow(x_TD, 0, tokens - 1, 1)
  return torch.squeeze(__torch__.head.logits(last, model, call), 0)


# Empty caches for a model; one call makes those of all layers.
def caches(capacity: int, call: __torch__.calls.Call, like: Tensor) -> List[__torch__.decode.Cache]:
  made = annotate(List[__torch__.decode.Cache], [])
  device = ops.prim.device(like)
  heads = __torch__.attention.key_value_heads(call)
  key = __torch__.attention.key_width(call)
  value = __torch__.attention.value_width(call)
  for _0 in range(torch.len(call.top_k)):
    keys_CGN = torch.zeros([capacity, heads, key], dtype=call.dtype, device=device)
    values_CGM = torch.zeros([capacity, heads, value], dtype=call.dtype, device=device)
    made.append(__torch__.decode.Cache(keys_CGN, values_CGM))
  return made
