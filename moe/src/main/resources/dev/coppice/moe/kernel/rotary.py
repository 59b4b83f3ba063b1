# Rotary positions: pairs of a head's first R dimensions turn by an angle that grows with the position.
# cos and sin are tables [T, 1, R/2]. A pair is (i, i + R/2), or (2i, 2i + 1) where interleaved is 1.


def low(x: Tensor, width: int, interleaved: int) -> Tensor:
  if interleaved == 1:
    return torch.slice(x, -1, 0, width, 2)
  return torch.narrow(x, -1, 0, torch.floordiv(width, 2))


def high(x: Tensor, width: int, interleaved: int) -> Tensor:
  if interleaved == 1:
    return torch.slice(x, -1, 1, width, 2)
  half = torch.floordiv(width, 2)
  return torch.narrow(x, -1, half, half)


# Writes x [T, heads, N], turned, into y of the same shape; sign = -1 turns back. Dimensions from R on pass.
def turn(x: Tensor, y: Tensor, cos: Tensor, sin: Tensor, sign: int, interleaved: int) -> Tensor:
  width = 2 * torch.size(cos, -1)
  rest = torch.size(x, -1) - width
  a = __torch__.rotary.low(x, width, interleaved)
  b = __torch__.rotary.high(x, width, interleaved)
  a_y = __torch__.rotary.low(y, width, interleaved)
  b_y = __torch__.rotary.high(y, width, interleaved)
  _0 = torch.addcmul_(torch.mul(a, cos, out=a_y), b, sin, value=-sign)
  _1 = torch.addcmul_(torch.mul(b, cos, out=b_y), a, sin, value=sign)
  if rest > 0:
    _2 = torch.copy_(torch.narrow(y, -1, width, rest), torch.narrow(x, -1, width, rest))
  return y


# The same into y of any type.
def turn_into(x: Tensor, y: Tensor, cos: Tensor, sin: Tensor, interleaved: int) -> Tensor:
  if ops.prim.dtype(y) == 6:
    return __torch__.rotary.turn(x, y, cos, sin, 1, interleaved)
  return torch.copy_(y, __torch__.rotary.turn(x, torch.empty_like(x), cos, sin, 1, interleaved))
