# Methods of one TorchScript module; RotaryAttention calls them. The dialect is that of torch/kernels.py.

# [batch, tokens, heads * size] or [batch * tokens, heads * size] -> [batch, heads, tokens, size]
def heads(self: __torch__.M, x: Tensor, batch: int, size: int) -> Tensor:
  h = torch.size(x, -1) // size
  return torch.transpose(torch.reshape(x, [batch, -1, h, size]), 1, 2)

# The same, turned by position: cos and sin are [positions, 1, size]. The first half of sin is negative, to go with x whose
# halves are exchanged.
def turned(self: __torch__.M, x: Tensor, batch: int, cos: Tensor, sin: Tensor) -> Tensor:
  d = torch.size(cos, -1)
  h = torch.reshape(x, [batch, torch.size(cos, -3), -1, d])
  return torch.transpose(torch.addcmul(torch.mul(h, cos), torch.roll(h, [d // 2], [-1]), sin), 1, 2)

# The heads of queries, keys and values at their positions.
def placed(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, batch: int, cos: Tensor, sin: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
  shape = [-1, torch.size(cos, -2), 1, torch.size(cos, -1)]
  c = torch.reshape(cos, shape)
  s = torch.reshape(sin, shape)
  return (self.turned(q, batch, c, s), self.turned(k, batch, c, s), self.heads(v, batch, torch.size(cos, -1)))

# Of a single query, which sees all keys.
def single(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
  b, h, t, d = torch.size(q)
  g = torch.size(k, 1)
  k3 = torch.transpose(torch.reshape(k, [b * g, -1, d]), 1, 2)
  scale = ops.aten.pow(float(d), -0.5)
  scores = torch.baddbmm(torch.new_empty(q, [1]), torch.reshape(q, [b * g, -1, d]), k3, beta=0, alpha=scale)
  return torch.reshape(torch.bmm(torch.softmax(scores, -1), torch.reshape(v, [b * g, -1, d])), [b, h, 1, d])

# Causal attention of short sequences with small heads, where the fused kernel costs twice as much. Returns [batch, tokens,
# heads * size].
def short(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
  b, h, t, d = torch.size(q)
  g = torch.size(k, 1)
  q3 = torch.reshape(q, [b * g, -1, d])
  k3 = torch.reshape(k, [b * g, t, d])
  v3 = torch.reshape(v, [b * g, t, d])
  scale = ops.aten.pow(float(d), -0.5)
  later = torch.triu(torch.new_full(q, [t, t], -inf), 1)
  if d <= 16:
    # A product whose rows are as short as these heads costs up to four times as much as its transpose.
    scores = torch.baddbmm(torch.repeat(torch.t(later), [1, h // g]), k3, torch.transpose(q3, 1, 2), alpha=scale)
    y = torch.bmm(torch.transpose(v3, 1, 2), torch.softmax(scores, 1))
    y = torch.permute(torch.reshape(y, [b, g, d, -1, t]), [0, 4, 1, 3, 2])
  else:
    scores = torch.baddbmm(torch.repeat(later, [h // g, 1]), q3, torch.transpose(k3, 1, 2), alpha=scale)
    y = torch.bmm(torch.softmax(scores, -1), v3)
    y = torch.transpose(torch.reshape(y, [b, h, t, d]), 1, 2)
  return torch.reshape(y, [b, t, -1])

# Key heads that serve several query heads become rows of the batch, as in torch/kernels.py. Returns [batch, tokens, heads *
# size].
def weighted(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], dropout: float) -> Tensor:
  b, h, t, d = torch.size(q)
  g = torch.size(k, 1)
  causal = torch.__is__(mask, None) and t == torch.size(k, 2) and t > 1
  plain = torch.__is__(mask, None) and dropout == 0. and ops.prim.dtype(q) == 6
  if plain and causal and t <= 128 and d <= 32:
    y = self.short(q, k, v)
  else:
    if plain and t == 1:
      y = self.single(q, k, v)
    elif g == h:
      y = torch.scaled_dot_product_attention(q, k, v, mask, dropout, causal)
    else:
      r = h // g
      m = mask
      if mask is not None:
        if torch.size(mask, 0) > 1:
          m = torch.repeat_interleave(mask, g, 0)
      s = [b * g, 1, torch.size(k, 2), -1]
      kr = torch.expand(torch.reshape(k, s), [-1, r, -1, -1])
      vr = torch.expand(torch.reshape(v, s), [-1, r, -1, -1])
      y = torch.scaled_dot_product_attention(torch.reshape(q, [b * g, r, t, d]), kr, vr, m, dropout, causal)
      y = torch.reshape(y, [b, h, t, d])
    y = torch.reshape(torch.transpose(y, 1, 2), [b, t, -1])
  return y

def attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, dropout: str) -> Tensor:
  q, k, v = self.placed(q, k, v, torch.size(q, 0), cos, sin)
  return self.weighted(q, k, v, None, float(dropout))

def attend_masked(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, dropout: str) -> Tensor:
  q, k, v = self.placed(q, k, v, torch.size(q, 0), cos, sin)
  return self.weighted(q, k, v, mask, float(dropout))

# Room for the keys or values of so many tokens, with as many sequences as x.
def room(self: __torch__.M, x: Tensor, cos: Tensor, heads: str, capacity: str) -> Tensor:
  return torch.new_zeros(x, [torch.size(x, 0), int(heads), int(capacity), torch.size(cos, -1)])

# Writes x behind the first `at` tokens of the cache and returns them all.
def appended(self: __torch__.M, cache: Tensor, x: Tensor, at: int) -> Tensor:
  end = at + torch.size(x, 2)
  torch.copy_(torch.slice(cache, 2, at, end), x)
  return torch.slice(cache, 2, 0, end)

def attend_cached(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, at: str) -> Tensor:
  q, k, v = self.placed(q, k, v, torch.size(q, 0), cos, sin)
  return self.weighted(q, self.appended(keys, k, int(at)), self.appended(values, v, int(at)), None, 0.)

def attend_cached_masked(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, keys: Tensor, values: Tensor, at: str) -> Tensor:
  q, k, v = self.placed(q, k, v, torch.size(q, 0), cos, sin)
  return self.weighted(q, self.appended(keys, k, int(at)), self.appended(values, v, int(at)), mask, 0.)
