# RMS norm over the last axis, in float32: n = w * x * r, r = 1 / sqrt(mean(x^2) + epsilon).


def inverse_rms(x: Tensor, epsilon: float) -> Tensor:
  norm = torch.linalg_vector_norm(x, 2, [-1], True)
  return torch.rsqrt(norm * norm / torch.size(x, -1) + epsilon)


def apply(x: Tensor, r: Tensor, w: Tensor) -> Tensor:
  return torch.mul_(x * r, w)


def apply_into(x: Tensor, r: Tensor, w: Tensor, y: Tensor) -> Tensor:
  return torch.mul_(torch.mul(x, r, out=y), w)


# Adds the gradient of w to gw (which has the shape of the last axes of x); returns that of x.
def backward(dn: Tensor, x: Tensor, r: Tensor, w: Tensor, gw: Tensor) -> Tensor:
  unit = x * r
  product = dn * unit
  if torch.dim(w) == 1:
    _0 = torch.add_(gw, torch.sum(product, [0]))
    mean = torch.unsqueeze(torch.mv(product, w / torch.size(x, -1)), 1)
  else:
    _0 = torch.add_(gw, torch.sum(product, [0]))
    mean = torch.sum(torch.mul_(product, w), [-1], True) / torch.size(x, -1)
  dx = torch.addcmul_(torch.mul(dn, w), unit, mean, value=-1)
  return torch.mul_(dx, r)


# The same for a norm whose output is added to the residual stream: dn [T, D], and dy the gradient of the sum; that of x.
def backward_residual(dn: Tensor, x: Tensor, r: Tensor, w: Tensor, gw: Tensor, dy: Tensor) -> Tensor:
  total = torch.size(x, 0)
  step = __torch__.matrix.cached_rows(total, 2 * torch.size(x, 1))
  dx = torch.empty_like(x)
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    part = __torch__.norm.backward(torch.narrow(dn, 0, start, size), torch.narrow(x, 0, start, size), torch.narrow(r, 0, start, size), w, gw)
    _0 = torch.add(part, torch.narrow(dy, 0, start, size), out=torch.narrow(dx, 0, start, size))
  return dx
