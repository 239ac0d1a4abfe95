package org.bonepeft.djl.model.roberta;

import java.util.Set;
import org.bonepeft.djl.model.HfWeights;

/** Names of tensors that RoBERTa checkpoints of all ages have or lack. */
final class RobertaFiles {
    static final String ENCODER = "roberta";
    static final String CLASSIFIER = "classifier";

    private static final String BASE = ENCODER + ".";
    private static final String POOLER = BASE + "pooler.";

    /** Constants that old versions of transformers saved, and the last linear, which is the word embedding. */
    private static final Set<String> REDUNDANT = Set.of(
            BASE + "embeddings.position_ids",
            BASE + "embeddings.token_type_ids",
            "lm_head.decoder.weight",
            "lm_head.decoder.bias");

    static final HfWeights.Rules MASKED_LM =
            new HfWeights.Rules(BASE, name -> REDUNDANT.contains(name) || name.startsWith(POOLER), name -> false);

    static final HfWeights.Rules CLASSIFICATION = new HfWeights.Rules(
            BASE,
            name -> REDUNDANT.contains(name) || name.startsWith(POOLER) || name.startsWith("lm_head."),
            name -> name.startsWith(CLASSIFIER + "."));

    private RobertaFiles() {}
}
