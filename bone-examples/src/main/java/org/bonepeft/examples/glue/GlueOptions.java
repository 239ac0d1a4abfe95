package org.bonepeft.examples.glue;

import java.nio.file.Path;
import java.util.List;
import org.bonepeft.examples.options.RunOptions;

/**
 * A run of {@code bone glue}, with all defaults filled in.
 *
 * @param methods what to train, in this order
 * @param rank the block size of Bone; LoRA's rank where there is no Bone to compare with
 * @param maxLength the most tokens of a row; the model may allow fewer
 * @param out the folder to write
 */
record GlueOptions(
        GlueLocation location,
        Path model,
        List<Method> methods,
        int rank,
        List<String> targets,
        TrainSettings training,
        int maxLength,
        Path out,
        RunOptions hardware) {}
