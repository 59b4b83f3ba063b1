# Queries, keys and values of multi-head latent attention, and the backward pass of their making.
# Shapes: T tokens, D model, H heads, rq and rkv ranks of the latents, dn plain, dr rotary and dv value dimensions.
# A key is its head's plain part and one rotary part that all heads share. rq = 0: queries come straight from D.


# n [T, D] to queries [T, H, dn+dr], keys [T, H, dn+dr] and values [T, H, dv], written where told; returns what backward
# needs.
def project(n: Tensor, query: Tensor, key: Tensor, value: Tensor, p: List[Tensor], at: int, shape: List[int], epsilon: float, cos: Tensor, sin: Tensor) -> List[Tensor]:
  heads, rq, rkv, dn, dr, dv = shape[5:11]
  dtype = shape[2]
  tokens = torch.size(n, 0)
  down = torch.to(__torch__.matrix.linear(n, p[at + 8], p[at + 5], dtype), 6)
  low_kv = torch.narrow(down, 1, rq, rkv)
  r_kv = __torch__.norm.inverse_rms(low_kv, epsilon)
  n_kv = torch.to(__torch__.norm.apply(low_kv, r_kv, p[at + 3]), dtype)
  saved = [down, r_kv, n_kv]
  if rq > 0:
    low_q = torch.narrow(down, 1, 0, rq)
    r_q = __torch__.norm.inverse_rms(low_q, epsilon)
    n_q = torch.to(__torch__.norm.apply(low_q, r_q, p[at + 2]), dtype)
    q = __torch__.product.times(n_q, torch.t(torch.to(p[at + 1], dtype)))
    saved.append(r_q)
    saved.append(n_q)
  else:
    q = __torch__.product.times(n, torch.t(torch.to(p[at + 1], dtype)))
  q = torch.to(torch.view(q, [tokens, heads, dn + dr]), 6)
  kv = torch.view(__torch__.product.times(n_kv, torch.t(torch.to(p[at + 9], dtype))), [tokens, heads, dn + dv])
  _0 = torch.copy_(torch.narrow(query, 2, 0, dn), torch.narrow(q, 2, 0, dn))
  _1 = __torch__.rotary.turn_into(torch.narrow(q, 2, dn, dr), torch.narrow(query, 2, dn, dr), cos, sin, shape[11])
  shared = torch.unsqueeze(torch.narrow(down, 1, rq + rkv, dr), 1)
  turned = __torch__.rotary.turn(shared, torch.empty_like(shared), cos, sin, 1, shape[11])
  _2 = torch.copy_(torch.narrow(key, 2, 0, dn), torch.narrow(kv, 2, 0, dn))
  _3 = torch.copy_(torch.narrow(key, 2, dn, dr), turned)
  _4 = torch.copy_(value, torch.narrow(kv, 2, dn, dv))
  return saved


# Takes the gradients of queries, keys and values; returns that of n. Adds vectors' gradients to g, puts off matrices'.
def project_backward(dq: Tensor, dk: Tensor, dv_out: Tensor, n: Tensor, saved: List[Tensor], p: List[Tensor], g: List[Tensor], at: int, shape: List[int], cos: Tensor, sin: Tensor, stale: bool, later: List[List[Tensor]]) -> Tensor:
  heads, rq, rkv, dn, dr, dv = shape[5:11]
  dtype = shape[2]
  tokens = torch.size(n, 0)
  down = saved[0]
  ddown = torch.empty_like(down)
  dkv = torch.to(torch.cat([torch.narrow(dk, 2, 0, dn), dv_out], 2), dtype)
  dkv = torch.view(dkv, [tokens, heads * (dn + dv)])
  _0 = __torch__.matrix.put_off(later, g[at + 9], torch.t(dkv), saved[2], stale)
  dn_kv = torch.to(__torch__.product.times(dkv, torch.to(p[at + 9], dtype)), 6)
  low_kv = torch.narrow(down, 1, rq, rkv)
  _1 = __torch__.norm.backward_into(dn_kv, low_kv, saved[1], p[at + 3], g[at + 3], torch.narrow(ddown, 1, rq, rkv))
  dshared = torch.sum(torch.to(torch.narrow(dk, 2, dn, dr), 6), [1], True)
  _2 = __torch__.rotary.turn(dshared, torch.unsqueeze(torch.narrow(ddown, 1, rq + rkv, dr), 1), cos, sin, -1, shape[11])
  dqf = torch.empty([tokens, heads, dn + dr], dtype=6, device=ops.prim.device(n))
  _3 = torch.copy_(torch.narrow(dqf, 2, 0, dn), torch.narrow(dq, 2, 0, dn))
  _4 = __torch__.rotary.turn(torch.narrow(dq, 2, dn, dr), torch.narrow(dqf, 2, dn, dr), cos, sin, -1, shape[11])
  dq_flat = torch.to(torch.view(dqf, [tokens, heads * (dn + dr)]), dtype)
  direct = annotate(Optional[Tensor], None)
  if rq > 0:
    _5 = __torch__.matrix.put_off(later, g[at + 1], torch.t(dq_flat), saved[4], stale)
    dn_q = torch.to(__torch__.product.times(dq_flat, torch.to(p[at + 1], dtype)), 6)
    low_q = torch.narrow(down, 1, 0, rq)
    _6 = __torch__.norm.backward_into(dn_q, low_q, saved[3], p[at + 2], g[at + 2], torch.narrow(ddown, 1, 0, rq))
  else:
    _7 = __torch__.matrix.put_off(later, g[at + 1], torch.t(dq_flat), n, stale)
    direct = __torch__.product.times(dq_flat, torch.to(p[at + 1], dtype))
  dn_in = __torch__.matrix.linear_backward(torch.to(ddown, dtype), n, p[at + 8], g[at + 8], g[at + 5], dtype, stale, later)
  if direct is not None:
    dn_in = torch.add_(dn_in, direct)
  return dn_in
