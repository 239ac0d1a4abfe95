"""Loads with Hugging Face PEFT what Java saved. Reads jobs from a JSON file, prints one JSON object a job.

A job: model (directory), adapter (directory that Java wrote), merged (directory of Java's offline merge),
io (safetensors with input_ids, attention_mask). In the adapter's directory it leaves logits.safetensors with the
logits with the adapter and those of the merged model, and in <adapter>/again the adapter as PEFT saves it.
"""
import json
import sys
import traceback
import warnings

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

warnings.simplefilter("error", UserWarning)  # PEFT warns of missing and unknown keys


def load(model):
    with open(model + "/config.json") as file:
        architecture = json.load(file)["architectures"][0]
    auto = AutoModelForSequenceClassification if "Classification" in architecture else AutoModelForCausalLM
    return auto.from_pretrained(model, dtype=torch.float32).eval()


def logits(model, io):
    with torch.no_grad():
        return model(input_ids=io["input_ids"], attention_mask=io["attention_mask"]).logits


def merged_weights(model):
    """Weights after merging, by their names in the base. (merge_and_unload of PEFT 0.21 fails on whole modules.)"""
    model.merge_adapter()
    return {
        key.replace(".base_layer.", ".").replace(".modules_to_save.default.", "."): tensor
        for key, tensor in model.get_base_model().state_dict().items()
        if ".original_module." not in key
    }


def check(job):
    io = load_file(job["io"])
    model = PeftModel.from_pretrained(load(job["model"]), job["adapter"]).eval()
    in_file = load_file(job["adapter"] + "/adapter_model.safetensors")
    in_model = get_peft_model_state_dict(model, save_embedding_layers=False)
    assert in_file.keys() == in_model.keys(), sorted(in_file.keys() ^ in_model.keys())
    for key, tensor in in_file.items():
        assert torch.equal(tensor, in_model[key]), key
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it saves an adapted head too
        model.save_pretrained(job["adapter"] + "/again")
    result = {"logits": logits(model, io)}
    ours = load(job["merged"])
    result["merged_logits"] = logits(ours, io)
    theirs = merged_weights(model)
    for key, tensor in ours.state_dict().items():
        largest = theirs[key].abs().max().item()
        worst = (tensor - theirs[key]).abs().max().item()
        assert worst <= 1e-6 * max(largest, 1e-30), f"{key}: merged weights differ by {worst} of {largest}"
    save_file({name: tensor.contiguous() for name, tensor in result.items()}, job["adapter"] + "/logits.safetensors")


def refused(adapter, model):
    """What PEFT says of an adapter whose type it does not know."""
    try:
        PeftModel.from_pretrained(load(model), adapter)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("PEFT took " + adapter)


with open(sys.argv[1]) as file:
    for job in json.load(file):
        if "refused" in job:
            print(json.dumps({"adapter": job["refused"], "error": refused(job["refused"], job["model"])}))
            continue
        try:
            check(job)
            print(json.dumps({"adapter": job["adapter"], "ok": True}))
        except Exception:
            print(json.dumps({"adapter": job["adapter"], "ok": False, "error": traceback.format_exc(limit=-3)}))
