# Rotary positions: pairs of a head's first R dimensions turn by an angle that grows with the position.
# cos and sin are tables [T, 1, R/2]. A pair is (i, i + R/2), or (2i, 2i + 1) where they are interleaved.


# The first of each pair.
def low(x: Tensor, width: int, interleaved: bool) -> Tensor:
  if interleaved:
    return torch.slice(x, -1, 0, width, 2)
  return torch.narrow(x, -1, 0, torch.floordiv(width, 2))


# The second of each pair.
def high(x: Tensor, width: int, interleaved: bool) -> Tensor:
  if interleaved:
    return torch.slice(x, -1, 1, width, 2)
  half = torch.floordiv(width, 2)
  return torch.narrow(x, -1, half, half)


# Writes x [T, H, N], turned, into y of the same shape; sign = -1 turns back. Dimensions from R on pass.
def turn(x_THN: Tensor, y_THN: Tensor, cos_T1R: Tensor, sin_T1R: Tensor, sign: int, interleaved: bool) -> Tensor:
  width = 2 * torch.size(cos_T1R, -1)
  rest = torch.size(x_THN, -1) - width
  low_THR = __torch__.rotary.low(x_THN, width, interleaved)
  high_THR = __torch__.rotary.high(x_THN, width, interleaved)
  low_y_THR = __torch__.rotary.low(y_THN, width, interleaved)
  high_y_THR = __torch__.rotary.high(y_THN, width, interleaved)
  _0 = torch.addcmul_(torch.mul(low_THR, cos_T1R, out=low_y_THR), high_THR, sin_T1R, value=-sign)
  _1 = torch.addcmul_(torch.mul(high_THR, cos_T1R, out=high_y_THR), low_THR, sin_T1R, value=sign)
  if rest > 0:
    _2 = torch.copy_(torch.narrow(y_THN, -1, width, rest), torch.narrow(x_THN, -1, width, rest))
  return y_THN


# The same into y of any type.
def turn_into(x_THN: Tensor, y_THN: Tensor, cos_T1R: Tensor, sin_T1R: Tensor, interleaved: bool) -> Tensor:
  if ops.prim.dtype(y_THN) == 6:
    return __torch__.rotary.turn(x_THN, y_THN, cos_T1R, sin_T1R, 1, interleaved)
  turned_THN = __torch__.rotary.turn(x_THN, torch.empty_like(x_THN), cos_T1R, sin_T1R, 1, interleaved)
  return torch.copy_(y_THN, turned_THN)
