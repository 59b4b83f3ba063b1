# Queries, keys and values of grouped-query attention, and the backward pass of their making.
# Shapes: T tokens, D model, H query heads, G key-value heads, N head width.
# Head norms: 0 none, 1 one for each head [N], 2 one over all heads together, queries [H*N] and keys [G*N].


def joint_norm(p: List[Tensor], at: int, heads: int, groups: int) -> Tensor:
  query = torch.expand(torch.unsqueeze(p[at + 2], 0), [heads, -1])
  key = torch.expand(torch.unsqueeze(p[at + 3], 0), [groups, -1])
  return torch.cat([query, key])


# n [T, D] to queries [T, H, N], keys [T, G, N] and values [T, G, N], written where told; returns what backward needs.
def project(n: Tensor, query: Tensor, key: Tensor, value: Tensor, p: List[Tensor], at: int, shape: List[int], epsilon: float, cos: Tensor, sin: Tensor) -> List[Tensor]:
  heads, groups, width, normed = shape[5:9]
  dtype = shape[2]
  tokens = torch.size(n, 0)
  qkv = __torch__.matrix.linear(n, p[at + 1], p[at + 5], dtype)
  joint = torch.view(qkv, [tokens, heads + 2 * groups, width])
  _0 = torch.copy_(value, torch.narrow(joint, 1, heads + groups, groups))
  qk = torch.to(torch.narrow(joint, 1, 0, heads + groups), 6)
  saved = annotate(List[Tensor], [])
  ready = qk
  if normed == 1:
    r = __torch__.norm.inverse_rms(qk, epsilon)
    ready = __torch__.norm.apply(qk, r, __torch__.grouped.joint_norm(p, at, heads, groups))
    saved = [qk, r]
  if normed == 2:
    q = torch.to(torch.narrow(qkv, 1, 0, heads * width), 6)
    k = torch.to(torch.narrow(qkv, 1, heads * width, groups * width), 6)
    rq = __torch__.norm.inverse_rms(q, epsilon)
    rk = __torch__.norm.inverse_rms(k, epsilon)
    both = torch.cat([__torch__.norm.apply(q, rq, p[at + 2]), __torch__.norm.apply(k, rk, p[at + 3])], 1)
    ready = torch.view(both, [tokens, heads + groups, width])
    saved = [q, rq, k, rk]
  _1 = __torch__.rotary.turn_into(torch.narrow(ready, 1, 0, heads), query, cos, sin, shape[11])
  _2 = __torch__.rotary.turn_into(torch.narrow(ready, 1, heads, groups), key, cos, sin, shape[11])
  return saved


# Takes the gradients of queries, keys and values; returns that of n. Adds vectors' gradients to g, puts off matrices'.
def project_backward(dq: Tensor, dk: Tensor, dv: Tensor, n: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], cos: Tensor, sin: Tensor, stale: bool, later: List[List[Tensor]]) -> Tensor:
  heads, groups, width, normed = shape[5:9]
  dtype = shape[2]
  tokens = torch.size(n, 0)
  dqkv = torch.empty([tokens, heads + 2 * groups, width], dtype=6, device=ops.prim.device(n))
  _0 = __torch__.rotary.turn(dq, torch.narrow(dqkv, 1, 0, heads), cos, sin, -1, shape[11])
  _1 = __torch__.rotary.turn(dk, torch.narrow(dqkv, 1, heads, groups), cos, sin, -1, shape[11])
  _2 = torch.copy_(torch.narrow(dqkv, 1, heads + groups, groups), dv)
  dqk = torch.narrow(dqkv, 1, 0, heads + groups)
  if normed == 1:
    w = __torch__.grouped.joint_norm(p, at, heads, groups)
    gw = torch.zeros_like(w)
    _3 = __torch__.norm.backward_into(dqk, saved[0], saved[1], w, gw, dqk)
    _4 = torch.add_(g[at + 2], torch.sum(torch.narrow(gw, 0, 0, heads), [0]))
    _5 = torch.add_(g[at + 3], torch.sum(torch.narrow(gw, 0, heads, groups), [0]))
  flat = torch.view(dqkv, [tokens, -1])
  if normed == 2:
    q = torch.narrow(flat, 1, 0, heads * width)
    k = torch.narrow(flat, 1, heads * width, groups * width)
    _6 = __torch__.norm.backward_into(q, saved[0], saved[1], p[at + 2], g[at + 2], q)
    _7 = __torch__.norm.backward_into(k, saved[2], saved[3], p[at + 3], g[at + 3], k)
  return __torch__.matrix.linear_backward(torch.to(flat, dtype), n, p[at + 1], g[at + 1], g[at + 5], dtype, stale, later)
