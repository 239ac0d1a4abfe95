package org.bonepeft.djl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import java.io.IOException;
import java.util.List;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.torch.TorchTypes;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.Test;

class ReplicasTest {
    private static final TrainingConfig CONFIG =
            TinyTraining.config().optMicroBatch(2).build();

    @Test
    void twoReplicas_areASingleRun() throws IOException {
        try (TinyTraining single = new TinyTraining(new Lora(4, 8), 0.2);
                TinyTraining first = new TinyTraining(new Lora(4, 8), 0.2);
                TinyTraining second = new TinyTraining(new Lora(4, 8), 0.2)) {
            Trainable.of(second.model).values().forEach(array -> TorchTypes.copy(array.zerosLike(), array));
            List<Double> expected = single.tuner(CONFIG).build().train().losses();
            List<Double> losses = first.tuner(CONFIG)
                    .optDevices(List.of(Device.cpu(), Device.cpu()), device -> second.model)
                    .build()
                    .train()
                    .losses();
            for (int i = 0; i < losses.size(); i++) {
                Tolerance.FLOAT32.check("loss", new double[] {losses.get(i)}, new double[] {expected.get(i)});
            }
            single.values()
                    .forEach((name, values) ->
                            Tolerance.TRAINING.check(name, first.values().get(name), values));
            first.values().forEach((name, values) -> assertThat(second.values().get(name))
                    .isEqualTo(values));
        }
    }

    @Test
    void aMissingDevice_isNamed() {
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0)) {
            assertThatThrownBy(() -> tiny.tuner(CONFIG)
                            .optDevices(List.of(Device.cpu(), Device.gpu(63)), device -> tiny.model)
                            .build())
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("gpu(63)");
        }
    }

    @Test
    void anotherAdapter_isRefused() {
        try (TinyTraining tiny = new TinyTraining(new Bone(4), 0);
                TinyTraining other = new TinyTraining(new Bone(8), 0)) {
            assertThatThrownBy(() -> tiny.tuner(CONFIG)
                            .optDevices(List.of(Device.cpu(), Device.cpu()), device -> other.model)
                            .build()
                            .train())
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("attach the same adapters");
        }
    }
}
