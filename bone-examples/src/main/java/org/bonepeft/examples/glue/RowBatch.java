package org.bonepeft.examples.glue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.stream.IntStream;
import org.bonepeft.djl.backend.Scalars;
import org.bonepeft.djl.model.CrossEntropyLoss;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;
import org.bonepeft.djl.train.MicroBatch;
import org.bonepeft.djl.train.Pass;
import org.bonepeft.djl.train.TrainingData;

/** Some rows, padded to the longest of them. */
final class RowBatch implements MicroBatch {
    private final long[][] ids;
    private final long[][] mask;
    private final int[] labels;
    private final long tokens;

    RowBatch(EncodedRows rows, int[] batch, long pad) {
        ids = rows.padded(batch, pad);
        mask = rows.mask(batch);
        labels = rows.labels(batch);
        tokens = rows.tokens(batch);
    }

    /** Returns rows to train on. */
    static TrainingData<RowBatch> data(EncodedRows rows, long pad) {
        return TrainingData.of(
                IntStream.range(0, rows.size()).boxed().toList(),
                some -> new RowBatch(
                        rows, some.stream().mapToInt(Integer::intValue).toArray(), pad));
    }

    /** Returns logits [batch, classes]. */
    NDArray logits(RobertaForSequenceClassification model, Pass pass) {
        NDList inputs = new NDList(pass.manager().create(ids), pass.manager().create(mask));
        return model.forward(pass.store(), inputs, pass.training()).singletonOrThrow();
    }

    /** Returns the sum of the rows' cross entropies. */
    NDArray lossSum(RobertaForSequenceClassification model, Pass pass) {
        NDArray logits = logits(model, pass);
        NDArray classes = pass.manager().create(labels).toType(DataType.INT64, false);
        return Scalars.times(CrossEntropyLoss.of(logits, classes), weight());
    }

    @Override
    public double weight() {
        return labels.length;
    }

    @Override
    public long tokens() {
        return tokens;
    }
}
