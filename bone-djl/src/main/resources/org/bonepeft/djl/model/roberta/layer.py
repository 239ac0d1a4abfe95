# Methods of one LayerScript; RobertaLayer calls them. p begins with weight and bias of the two norms. output, intermediate
# and down are the layer's linears, projected stands in all_tokens.py or first_token.py. The dialect is that of torch/kernels.py.

# [batch * tokens, heads * size] -> [batch, heads, tokens, size]
def heads(self: __torch__.M, x: Tensor, batch: int, heads: int) -> Tensor:
  return torch.transpose(torch.reshape(x, [batch, -1, heads, torch.size(x, 1) // heads]), 1, 2)

# Of short sequences with small heads: there the fused kernel costs twice as much.
def short(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], dropout: float) -> Tensor:
  b, h, t, d = torch.size(q)
  if mask is not None:
    added = torch.repeat_interleave(torch.reshape(mask, [b, 1, -1]), h, 0)
  else:
    added = torch.new_zeros(q, [1])
  k3 = torch.transpose(torch.reshape(k, [b * h, -1, d]), 1, 2)
  scores = torch.baddbmm(added, torch.reshape(q, [b * h, t, d]), k3, alpha=ops.aten.pow(float(d), -0.5))
  weights = torch.dropout(torch.softmax(scores, -1), dropout, dropout > 0.)
  return torch.reshape(torch.bmm(weights, torch.reshape(v, [b * h, -1, d])), [b, h, t, d])

def weighted(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], dropout: float) -> Tensor:
  if torch.size(k, 2) <= 128 and torch.size(q, 3) <= 32 and ops.prim.dtype(q) == 6:
    y = self.short(q, k, v, mask, dropout)
  else:
    y = torch.scaled_dot_product_attention(q, k, v, mask, dropout, False)
  return y

def add_norm(self: __torch__.M, x: Tensor, change: Tensor, dropout: float, weight: Tensor, bias: Tensor) -> Tensor:
  dropped = torch.dropout(torch.reshape(change, torch.size(x)), dropout, dropout > 0.)
  return torch.layer_norm(torch.add(dropped, x), [torch.size(x, -1)], weight, bias, {eps})

def attention_part(self: __torch__.M, x: Tensor, mask: Optional[Tensor], dropout: float, hidden_dropout: float, p: List[Tensor]) -> Tensor:
  b, t, h = torch.size(x)
  kept, q, k, v = self.projected(x, p)
  y = self.weighted(self.heads(q, b, {heads}), self.heads(k, b, {heads}), self.heads(v, b, {heads}), mask, dropout)
  change = self.output(torch.reshape(torch.transpose(y, 1, 2), [-1, h]), p)
  return self.add_norm(kept, change, hidden_dropout, p[0], p[1])

def feed_forward(self: __torch__.M, x: Tensor, hidden_dropout: float, p: List[Tensor]) -> Tensor:
  outer = self.intermediate(torch.reshape(x, [-1, torch.size(x, -1)]), p)
  return self.add_norm(x, self.down({activation}, p), hidden_dropout, p[2], p[3])

def attend(self: __torch__.M, x: Tensor, p: List[Tensor], dropout: str, hidden_dropout: str) -> Tensor:
  return self.attention_part(x, None, float(dropout), float(hidden_dropout), p)

def attend_masked(self: __torch__.M, x: Tensor, mask: Tensor, p: List[Tensor], dropout: str, hidden_dropout: str) -> Tensor:
  return self.attention_part(x, torch.to(mask, ops.prim.dtype(x)), float(dropout), float(hidden_dropout), p)

def feed(self: __torch__.M, x: Tensor, p: List[Tensor], hidden_dropout: str) -> Tensor:
  return self.feed_forward(x, float(hidden_dropout), p)
