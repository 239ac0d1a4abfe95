package org.bonepeft.examples.pretrain;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.ModelBlock;
import org.bonepeft.djl.train.BatchOrder;
import org.bonepeft.djl.train.FineTuner;
import org.bonepeft.djl.train.Objective;
import org.bonepeft.djl.train.TokenBatch;
import org.bonepeft.djl.train.TrainingData;
import org.bonepeft.djl.train.TrainingListener;

/** Training to tell the next token, on text that is seen once. */
final class CausalLmTraining<M extends ModelBlock & CausalLm> {
    private final CausalRecipe recipe;
    private final M model;

    CausalLmTraining(CausalRecipe recipe, M model) {
        this.recipe = recipe;
        this.model = model;
    }

    /**
     * Takes the recipe's steps.
     *
     * @throws BoneException if a loss is not finite
     */
    void run(PackedRows text, TrainingListener progress) throws IOException {
        tuner(text, recipe.steps()).addListener(progress).build().train();
    }

    private FineTuner.Builder<M, TokenBatch> tuner(PackedRows text, int batches) {
        return FineTuner.builder(model, Objective.<M>nextToken())
                .setData(data(text, batches))
                .optOrder(BatchOrder.sequential())
                .setConfig(recipe.training());
    }

    /** So many batches of the text; an example is a whole batch. */
    private TrainingData<TokenBatch> data(PackedRows text, int batches) {
        List<Integer> numbers = IntStream.range(0, batches).boxed().toList();
        return TrainingData.of(numbers, some -> {
            long[] rows = text.next(recipe.rows(), recipe.rowTokens());
            return TokenBatch.of(
                    IntStream.range(0, recipe.rows())
                            .mapToObj(row -> TokenBatch.Sequence.of(
                                    Arrays.copyOfRange(rows, row * recipe.rowTokens(), (row + 1) * recipe.rowTokens())))
                            .toList(),
                    0);
        });
    }

    /** The mean loss of the next rows of text that the model was not trained on. */
    double score(PackedRows text, int batches) {
        return tuner(text, batches).build().meanLoss(data(text, batches));
    }
}
