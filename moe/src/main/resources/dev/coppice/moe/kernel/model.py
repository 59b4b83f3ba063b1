# The whole decoder: forward, and forward with backward in one call. No autograd: gradients are added to g in place.
# ids [T] and labels [T] are int64; p and g start with embedding [V, D], final norm, head, then nine slots a layer:
# attention's five (attention.py), then the feed-forward's four (experts.py). Unused slots hold empty tensors.
# shape = [B, S, H, G, N, head norms, compute dtype, renormalise, chunk, K of layer 0, K of layer 1, ...]
# numbers = [epsilon, theta, ...]


def trunk(ids: Tensor, p: List[Tensor], shape: List[int], numbers: List[float], keep: bool) -> Tuple[Tensor, List[List[Tensor]]]:
  cos, sin = __torch__.attention.rotary(shape[1], shape[4], numbers[1], p[0])
  saved = annotate(List[List[Tensor]], [])
  x = torch.embedding(p[0], ids)
  for layer in range(torch.len(shape) - 9):
    at = 3 + 9 * layer
    x, attended = __torch__.attention.forward(x, p, at, shape[0:7], numbers[0], cos, sin)
    x, fed = __torch__.experts.forward(x, p, at + 5, [shape[9 + layer], shape[7], shape[6]], numbers[0])
    if keep:
      saved.append(attended)
      saved.append(fed)
  return (x, saved)


def logits(ids: Tensor, p: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
  x, _0 = __torch__.model.trunk(ids, p, shape, numbers, False)
  return torch.view(__torch__.head.logits(x, p, shape[6], numbers[0]), [shape[0], shape[1], -1])


def score(ids: Tensor, labels: Tensor, p: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
  x, _0 = __torch__.model.trunk(ids, p, shape, numbers, False)
  return __torch__.head.score(x, p, labels, shape[8], shape[6], numbers[0])


# Load-balancing loss over all layers together, mean squared log-sum-exp, and the gradient of the former with
# respect to every router probability [E].
def auxiliary(saved: List[List[Tensor]], shape: List[int], p: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor, int]:
  device = ops.prim.device(p[0])
  count = torch.zeros([1], dtype=6, device=device)
  chance = torch.zeros([1], dtype=6, device=device)
  z = torch.zeros([1], dtype=6, device=device)
  rows = 0
  experts = 0
  for layer in range(torch.len(shape) - 9):
    if shape[9 + layer] > 0:
      fed = saved[2 * layer + 1]
      count = count + torch.to(fed[8], device)
      chance = chance + torch.sum(fed[4], [0])
      z = z + torch.sum(torch.square(fed[7]))
      rows = rows + torch.size(fed[4], 0)
      experts = torch.size(fed[4], 1)
  n = max(rows, 1)
  gradient = count * (experts / n) / n
  return (torch.sum(gradient * chance, [0], True), z / n, gradient, n)


# numbers = [epsilon, theta, scale, load-balance weight, z weight].
# Adds scale * the gradient of the whole loss to g; returns [cross-entropy, load balance, z, counted tokens], float64.
def accumulate(ids: Tensor, labels: Tensor, p: List[Tensor], g: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
  cos, sin = __torch__.attention.rotary(shape[1], shape[4], numbers[1], p[0])
  x, saved = __torch__.model.trunk(ids, p, shape, numbers, True)
  tokens = int(torch.sum(labels >= 0))
  divisor = max(tokens, 1)
  total, dx = __torch__.head.train(x, p, g, labels, numbers[2] / divisor, shape[8], shape[6], numbers[0])
  balance, z, balance_gradient, n = __torch__.model.auxiliary(saved, shape, p)
  balance_gradient = balance_gradient * (numbers[2] * numbers[3])
  z_gradient = numbers[2] * numbers[4] / n
  layers = torch.len(shape) - 9
  for i in range(layers):
    layer = layers - 1 - i
    at = 3 + 9 * layer
    dx = __torch__.experts.backward(dx, saved.pop(), p, g, at + 5, [shape[9 + layer], shape[7], shape[6]], balance_gradient, z_gradient)
    dx = __torch__.attention.backward(dx, saved.pop(), p, g, at, shape[0:7], cos, sin)
  _0 = torch.add_(g[0], torch.embedding_dense_backward(dx, ids, torch.size(p[0], 0), -1, False))
  counted = torch.full([1], tokens, dtype=7, device=ops.prim.device(p[0]))
  return torch.cat([total / divisor, torch.to(balance, 7), torch.to(z, 7), counted])
