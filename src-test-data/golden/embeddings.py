"""Makes, in models/, llama2-tiny/adapters/lora-head (an adapter on the head) and */adapters/miss-embed (embeddings trained
whole).

    python embeddings.py    # in this folder; PEFT 0.21, transformers 5.18

PEFT puts the head's own weight beside the adapter on it (save_embedding_layers="auto"), and torch keeps the gradient of
the embedding of pad_token_id at zero, also where that token is none of the padding: there are such in the input.
"""
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import LoraConfig, MissConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification


def make(auto, model_name, adapter_name, config):
    torch.manual_seed(7)
    folder = Path("models") / model_name
    base = auto.from_pretrained(folder, dtype=torch.float32).eval()
    base.name_or_path = None
    io = load_file(folder / "io.safetensors")
    batch = {name: io[name] for name in ("input_ids", "attention_mask", "labels")}
    batch["input_ids"][:, 3] = base.config.pad_token_id
    model = get_peft_model(base, config).eval()
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.05 * torch.randn_like(parameter)
    folder = folder / "adapters" / adapter_name
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    out = model(**batch)
    out.loss.backward()
    result = {**batch, "logits": out.logits, "loss": out.loss}
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            result["grad." + key.replace(".default", "")] = parameter.grad
    model.merge_adapter()
    result["merged_logits"] = model(**batch).logits
    save_file({key: tensor.detach().clone().contiguous() for key, tensor in result.items()}, folder / "io.safetensors")


LM, CLASSIFIER = AutoModelForCausalLM, AutoModelForSequenceClassification
make(LM, "llama2-tiny", "lora-head",
     LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "lm_head"], task_type="CAUSAL_LM"))
make(LM, "llama2-tiny", "miss-embed",
     MissConfig(r=8, target_modules=["q_proj"], modules_to_save=["embed_tokens"], task_type="CAUSAL_LM"))
make(CLASSIFIER, "roberta-cls-tiny", "miss-embed",
     MissConfig(r=8, target_modules=["query"], modules_to_save=["roberta.embeddings", "classifier"], task_type="SEQ_CLS"))
