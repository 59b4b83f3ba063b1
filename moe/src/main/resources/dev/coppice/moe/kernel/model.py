# The whole decoder, forward. Its training is in team.py; no autograd: gradients are added to g in place.
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


# The residual stream after all layers [T, D].
def residual(ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
  x = __torch__.model.embed(ids, p, numbers)
  for layer in range(__torch__.model.layers(shape)):
    at = 3 + 21 * layer
    x, _0 = __torch__.attention.forward(x, p, at, shape, numbers, shape[21 + 2 * layer], segments, cos, sin)
    x, _1 = __torch__.experts.forward(x, p, at, shape[20 + 2 * layer], shape, numbers)
  return x


def logits(ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
  x = __torch__.model.residual(ids, p, cos, sin, shape, numbers, segments)
  return torch.view(__torch__.head.logits(x, p, shape[2], numbers[0], numbers[8]), [shape[0], shape[1], -1])


def score(ids: Tensor, labels: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
  x = __torch__.model.residual(ids, p, cos, sin, shape, numbers, segments)
  return __torch__.head.score(x, p, labels, shape[3], shape[2], numbers[0], numbers[8])
