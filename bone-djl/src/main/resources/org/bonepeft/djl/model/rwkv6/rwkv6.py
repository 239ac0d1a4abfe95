# Methods of one TorchScript module; TorchRwkv6Kernels calls them. The dialect is that of torch/kernels.py.

# bfloat16 as float32, other types as they are.
def wide(self: __torch__.M, x: Tensor) -> Tensor:
  y = x
  if ops.prim.dtype(x) == 15:
    y = torch.to(x, 6)
  return y

# x_(t-1) - x_t; shift comes before the first token.
def shifted(self: __torch__.M, x: Tensor, shift: Tensor) -> Tensor:
  first = torch.to(torch.unsqueeze(shift, 1), ops.prim.dtype(x))
  before = torch.cat([first, torch.slice(x, 1, 0, -1)], 1)
  return torch.sub(before, x)

def mix(self: __torch__.M, x: Tensor, shift: Tensor, maa_x: Tensor, maa_w: Tensor, maa_k: Tensor, maa_v: Tensor, maa_r: Tensor, maa_g: Tensor, w1: Tensor, w2: Tensor, decay: Tensor, decay_w1: Tensor, decay_w2: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
  b, t, c = torch.size(x)
  d = self.shifted(x, shift)
  p = torch.tanh(torch.matmul(torch.addcmul(x, d, maa_x), w1))
  p = torch.transpose(torch.reshape(p, [b * t, 5, -1]), 0, 1)
  maa = torch.reshape(torch.stack([maa_w, maa_k, maa_v, maa_r, maa_g]), [5, 1, c])
  m = torch.reshape(torch.baddbmm(maa, p, w2), [5, b, t, c])
  xw, xk, xv, xr, xg = torch.unbind(torch.addcmul(x, d, m))
  z = torch.add(self.wide(torch.matmul(torch.tanh(torch.matmul(xw, decay_w1)), decay_w2)), self.wide(decay))
  return (xr, xk, xv, xg, z)

# l = log w = -exp(z). Beyond 10 w is 0 anyway, and the gradient would be infinity times 0.
def log_decay(self: __torch__.M, z: Tensor) -> Tensor:
  return torch.neg(torch.exp(torch.clamp(z, max=10.)))

# One token after the other: the definition.
def scan(self: __torch__.M, r: Tensor, k: Tensor, v: Tensor, z: Tensor, u: Tensor, state: Tensor) -> Tuple[Tensor, Tensor]:
  h, n = torch.size(u)
  shape = [torch.size(r, 0), torch.size(r, 1), h, n]
  rs = torch.unsqueeze(torch.reshape(r, shape), 3)
  ks = torch.unsqueeze(torch.reshape(k, shape), 4)
  vs = torch.unsqueeze(torch.reshape(v, shape), 3)
  ws = torch.unsqueeze(torch.reshape(torch.exp(self.log_decay(z)), shape), 4)
  bonus = torch.unsqueeze(u, 2)
  s = state
  ys = annotate(List[Tensor], [])
  for t in range(torch.size(r, 1)):
    kv = torch.mul(torch.select(ks, 1, t), torch.select(vs, 1, t))
    y = torch.matmul(torch.select(rs, 1, t), torch.addcmul(s, bonus, kv))
    _0 = torch.append(ys, y)
    s = torch.addcmul(kv, torch.select(ws, 1, t), s)
  return (torch.reshape(torch.stack(ys, 1), torch.size(r)), s)

# [batch, tokens, heads * n] -> [batch * heads * chunks, size, n], with zeros behind.
def chunks(self: __torch__.M, x: Tensor, heads: int, size: int) -> Tensor:
  b, t, c = torch.size(x)
  y = torch.reshape(x, [b, t, heads, -1])
  if t % size > 0:
    y = torch.constant_pad_nd(y, [0, 0, 0, 0, 0, size - t % size])
  return torch.reshape(torch.transpose(y, 1, 2), [-1, size, torch.floordiv(c, heads)])

# For each size of a half (2, 4, .., below that of the chunk): in a right half the sum over the steps before, in a left
# half over the steps behind. Then over all steps before and behind in the chunk. As 0/1 matrices: all terms have one
# sign, and each half starts afresh, so that nothing cancels.
def sums(self: __torch__.M, l: Tensor) -> Tensor:
  size = torch.size(l, 1)
  i = torch.arange(size, device=ops.prim.device(l))
  row = torch.unsqueeze(i, 1)
  col = torch.unsqueeze(i, 0)
  before = torch.lt(col, row)
  behind = torch.gt(col, row)
  sums = annotate(List[Tensor], [])
  half = 2
  while half < size:
    block = torch.floor_divide(row, half)
    inside = torch.eq(block, torch.floor_divide(col, half))
    right = torch.eq(torch.remainder(block, 2), 1)
    _0 = torch.append(sums, torch.logical_and(inside, torch.where(right, before, behind)))
    half = half * 2
  _1 = torch.append(sums, before)
  _2 = torch.append(sums, behind)
  return torch.to(torch.cat(sums), ops.prim.dtype(l))

# The left and the right half of each block of two halves. (The backward pass of unbind writes each element once, that of
# select the whole array for each part: here and below.)
def halves(self: __torch__.M, x: Tensor, half: int) -> Tuple[Tensor, Tensor]:
  left, right = torch.unbind(torch.reshape(x, [torch.size(x, 0), -1, 2, half, torch.size(x, 2)]), 2)
  return (left, right)

# a[t, s] = r_t (product of w between s and t) k_s for s < t, with u instead for s = t: every pair is parted by exactly one
# cut between two halves, and the decay from s to the cut and that from the cut to t are both at most 1.
def pairs(self: __torch__.M, r: Tensor, k: Tensor, decays: List[Tensor], diagonal: Tensor) -> Tensor:
  size = torch.size(r, 1)
  n = torch.size(r, 2)
  a = torch.reshape(diagonal, [-1, 1, 1])
  half = 1
  level = 0
  while half < size:
    _0, right = self.halves(r, half)
    left, _1 = self.halves(k, half)
    if half > 1:
      to_cut, from_cut = self.halves(decays[level], half)
      right = torch.mul(right, from_cut)
      left = torch.mul(left, to_cut)
      p = torch.bmm(torch.reshape(right, [-1, half, n]), torch.transpose(torch.reshape(left, [-1, half, n]), 1, 2))
      level = level + 1
    else:
      p = torch.reshape(torch.sum(torch.mul(right, left), [-1]), [-1, 1, 1])
    blocks = torch.reshape(a, [-1, 2, half, half])
    above = torch.cat([torch.select(blocks, 1, 0), torch.zeros_like(p)], 2)
    below = torch.cat([p, torch.select(blocks, 1, 1)], 2)
    a = torch.cat([above, below], 1)
    half = half * 2
  return a

def chunked(self: __torch__.M, r: Tensor, k: Tensor, v: Tensor, z: Tensor, u: Tensor, state: Tensor) -> Tuple[Tensor, Tensor]:
  b, t, c = torch.size(r)
  h, n = torch.size(u)
  size = 2
  while size < t and size < 32:
    size = size * 2
  rc = self.chunks(r, h, size)
  kc = self.chunks(k, h, size)
  vc = self.chunks(v, h, size)
  lc = self.chunks(self.log_decay(z), h, size)
  decays = torch.unbind(torch.reshape(torch.exp(torch.matmul(self.sums(lc), lc)), [torch.size(lc, 0), -1, size, n]), 1)
  bonus = torch.mul(torch.reshape(kc, [b, h, -1, n]), torch.reshape(u, [1, h, 1, n]))
  diagonal = torch.sum(torch.mul(torch.reshape(rc, [b, h, -1, n]), bonus), [-1])
  a = self.pairs(rc, kc, decays, diagonal)
  kv = torch.bmm(torch.transpose(torch.mul(kc, decays[-1]), 1, 2), vc)
  kvs = torch.unbind(torch.reshape(kv, [b, h, -1, n, n]), 2)
  wholes = torch.unbind(torch.reshape(torch.exp(torch.sum(lc, [1])), [b, h, -1, n, 1]), 2)
  s = state
  states = annotate(List[Tensor], [])
  for i in range(torch.len(kvs)):
    _0 = torch.append(states, s)
    s = torch.addcmul(kvs[i], wholes[i], s)
  before = torch.reshape(torch.stack(states, 2), [-1, n, n])
  y = torch.baddbmm(torch.bmm(torch.mul(rc, decays[-2]), before), a, vc)
  y = torch.slice(torch.reshape(y, [b, h, -1, n]), 2, 0, t)
  return (torch.reshape(torch.transpose(y, 1, 2), [b, t, c]), s)

def attend(self: __torch__.M, r: Tensor, k: Tensor, v: Tensor, g: Tensor, z: Tensor, u: Tensor, state: Tensor, weight: Tensor, bias: Tensor, eps: str) -> Tuple[Tensor, Tensor]:
  if torch.size(r, 1) == 1:
    y, s = self.scan(self.wide(r), self.wide(k), self.wide(v), z, self.wide(u), state)
  else:
    y, s = self.chunked(self.wide(r), self.wide(k), self.wide(v), z, self.wide(u), state)
  h, n = torch.size(u)
  y = torch.layer_norm(torch.reshape(y, [-1, h, n]), [n], None, None, float(eps))
  y = torch.addcmul(self.wide(bias), torch.reshape(y, torch.size(g)), self.wide(weight))
  y = torch.to(y, ops.prim.dtype(g))
  return (torch.mul(y, torch.silu(g)), s)

def mix_channels(self: __torch__.M, x: Tensor, shift: Tensor, maa_k: Tensor, maa_r: Tensor) -> Tuple[Tensor, Tensor]:
  d = self.shifted(x, shift)
  return (torch.addcmul(x, d, maa_k), torch.addcmul(x, d, maa_r))

def squared_relu(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.square(torch.relu(x))

def gated(self: __torch__.M, gate: Tensor, x: Tensor) -> Tensor:
  return torch.mul(torch.sigmoid(gate), x)
