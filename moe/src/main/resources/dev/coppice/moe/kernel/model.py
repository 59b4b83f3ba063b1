# The whole decoder: forward, and forward with backward in two calls. No autograd: gradients are added to g in place.
# ids [T] and labels [T] are int64; cos and sin are tables [T, 1, R/2] (rotary.py); segments as in attention.py.
# p and g: embedding [V, D], final norm [D], head [V, D], then 21 slots a layer, empty where a model has none:
#  0 norm [D]; 1 query-key-value [(H+2G)N, D] or query up [H(dn+dr), rq]; 2 query norm; 3 key norm or key-value latent's
#  norm; 4 output [D, HM]; 5 bias of 1 or of 8; 6 bias of 4; 7 sinks [H]; 8 latents down [rq+rkv+dr, D]; 9 key-value up
#  [H(dn+dv), rkv]; 10 norm [D]; 11 router [E, D]; 12 its bias [E]; 13 selection bias [E], which has no gradient;
#  14 gate-up [E, 2F, D]; 15 down [E, D, F]; 16 bias of 14 [E, 2F]; 17 bias of 15 [E, D]; 18 shared gate-up [1, 2F, D];
#  19 shared down [1, D, F]; 20 shared experts' gate [1, D]
# shape: 0 B, 1 S, 2 compute dtype, 3 tokens of a head's chunk, 4 attention 0 grouped | 1 latent,
#  5.. grouped: H, G, N, head norms; latent: H, rq, rkv, dn, dr, dv; 11 interleaved rotary; 12..16 router (router.py);
#  17 gate (gate.py); 18 recompute 0|1; 19 stale 0|1: matrices in g hold nothing yet and are overwritten;
#  then for each layer K (0: dense) and window (0: none)
# numbers: 0 epsilon, 1 attention scale, 2 epsilon of latents' norms, 3 routed scaling, 4 alpha, 5 limit (gate.py),
#  6 embedding multiplier, 7 residual multiplier, 8 logits divisor, 9 factor of the loss, 10 factor of the squared
#  log-sum-exps


def layers(shape: List[int]) -> int:
  return torch.floordiv(torch.len(shape) - 20, 2)


def embed(ids: Tensor, p: List[Tensor], numbers: List[float]) -> Tensor:
  x = torch.embedding(p[0], ids)
  if numbers[6] == 1.:
    return x
  return torch.mul_(x, numbers[6])


# The residual stream after all layers; what backward needs, two lists a layer: none, or the layer's input alone where
# it recomputes the rest; rows chosen for each expert [L, E] int64, sums of probabilities [E] and of squared
# log-sum-exps [1].
def trunk(ids: Tensor, p: List[Tensor], shape: List[int], numbers: List[float], segments: List[int], cos: Tensor, sin: Tensor, keep: bool) -> Tuple[Tensor, List[List[Tensor]], List[Tensor], Tensor, Tensor]:
  saved = annotate(List[List[Tensor]], [])
  counts = annotate(List[Tensor], [])
  device = ops.prim.device(p[0])
  chance = torch.zeros([1], dtype=6, device=device)
  z = torch.zeros([1], dtype=6, device=device)
  x = __torch__.model.embed(ids, p, numbers)
  for layer in range(__torch__.model.layers(shape)):
    at = 3 + 21 * layer
    k = shape[20 + 2 * layer]
    before = x
    x, attended = __torch__.attention.forward(x, p, at, shape, numbers, shape[21 + 2 * layer], segments, cos, sin)
    x, fed = __torch__.experts.forward(x, p, at, k, shape, numbers)
    if k > 0:
      counts.append(fed[8])
      if keep:
        chance = chance + torch.sum(__torch__.router.probabilities(fed[3], shape[12]), [0])
        z = z + torch.sum(torch.square(fed[6]))
    if keep:
      if shape[18] == 1:
        saved.append([before])
      else:
        saved.append(attended)
        saved.append(fed)
  return (x, saved, counts, chance, z)


def logits(ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
  x, _0, _1, _2, _3 = __torch__.model.trunk(ids, p, shape, numbers, segments, cos, sin, False)
  return torch.view(__torch__.head.logits(x, p, shape[2], numbers[0], numbers[8]), [shape[0], shape[1], -1])


def score(ids: Tensor, labels: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
  x, _0, _1, _2, _3 = __torch__.model.trunk(ids, p, shape, numbers, segments, cos, sin, False)
  return __torch__.head.score(x, p, labels, shape[3], shape[2], numbers[0], numbers[8])


# The residual stream after all layers [T, D], for a teacher's head.
def residual(ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
  x, _0, _1, _2, _3 = __torch__.model.trunk(ids, p, shape, numbers, segments, cos, sin, False)
  return x


# Forward, and the head's backward: numbers[9] * the gradient of the sum of losses; taught, lesson and top as in head.py.
# Returns the gradient of the residual stream after all layers, followed by the sum of losses [1] float64, rows chosen
# for each expert [L, E], sums of probabilities [E] and of squared log-sum-exps [1], the sum of divergences from the
# teacher [1] float64; and what backward needs.
def begin(ids: Tensor, labels: Tensor, p: List[Tensor], g: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int], taught: List[Tensor], lesson: List[float], top: int) -> Tuple[List[Tensor], List[List[Tensor]]]:
  x, saved, counts, chance, z = __torch__.model.trunk(ids, p, shape, numbers, segments, cos, sin, True)
  total, apart, dx = __torch__.head.train(x, p, g, labels, numbers[9], shape[3], shape[2], numbers[0], numbers[8], shape[19] == 1, taught, lesson, top)
  if torch.len(counts) > 0:
    load = torch.stack(counts)
  else:
    load = torch.zeros([0, 1], dtype=4)
  return ([dx, total, load, chance, z, apart], saved)


# Backward through all layers. balance [E] is the gradient of every router probability.
def finish(ids: Tensor, dx: Tensor, saved: List[List[Tensor]], balance: Tensor, p: List[Tensor], g: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
  layers = __torch__.model.layers(shape)
  stale = shape[19] == 1
  for i in range(layers):
    layer = layers - 1 - i
    at = 3 + 21 * layer
    k = shape[20 + 2 * layer]
    window = shape[21 + 2 * layer]
    if shape[18] == 1:
      x, attended = __torch__.attention.forward(saved.pop()[0], p, at, shape, numbers, window, segments, cos, sin)
      _0, fed = __torch__.experts.forward(x, p, at, k, shape, numbers)
    else:
      fed = saved.pop()
      attended = saved.pop()
    dx = __torch__.experts.backward(dx, fed, p, g, at, k, shape, numbers, balance, numbers[10], stale)
    dx = __torch__.attention.backward(dx, attended, p, g, at, shape, numbers, window, segments, cos, sin, stale)
  if numbers[6] != 1.:
    dx = torch.mul_(dx, numbers[6])
  demb = torch.embedding_dense_backward(dx, ids, torch.size(p[0], 0), -1, False)
  fresh = stale
  if torch.is_set_to(p[0], p[2]):
    fresh = False
  if fresh:
    _1 = torch.copy_(g[0], demb)
  else:
    _1 = torch.add_(g[0], demb)
  return dx
