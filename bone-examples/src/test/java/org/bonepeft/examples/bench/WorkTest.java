package org.bonepeft.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bonepeft.BoneException;
import org.bonepeft.examples.Devices;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Small cases, whose check values peft_bench.py computed with Hugging Face PEFT and transformers. */
class WorkTest {
    static String tiny() {
        try {
            return Path.of(Objects.requireNonNull(WorkTest.class.getResource("tiny.json"))
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Worker worker(String file, String name, String method) throws IOException {
        return new Worker(new Job(file, name, method, "float32", "cpu", 1, 0));
    }

    @ParameterizedTest
    @CsvSource({
        "linear-tiny, none, 0, -6.4226332",
        "linear-tiny, lora, 40, -14.74243",
        "linear-tiny, bone, 32, -7.5841161",
        "linear-tiny, bat-col, 32, -7.2186077",
        "linear-tiny, bat-row, 48, -4.3328247",
        "linear-tiny, dora, 48, -14.742429",
        "llama-tiny, none, 0, 4.6593575",
        "llama-tiny, lora, 288, 4.6422148",
        "llama-tiny, bone, 256, 4.6336207",
        "roberta-tiny, lora, 562, 0.89471483",
        "roberta-tiny, bone, 562, 0.87404394",
        "generate, none, 0, 184",
        "generate, bone, 256, 60",
        "generate, bone-merged, 0, 60"
    })
    void threeSteps_giveTheCheckValueOfPeft(String name, String method, long trainable, double check)
            throws IOException {
        try (Work work = worker(tiny(), name, method).prepare()) {
            for (int i = 0; i < 3; i++) {
                work.step();
            }
            assertThat(work.trainable()).isEqualTo(trainable);
            assertThat(work.check()).isCloseTo(check, within(1e-5 * Math.abs(check)));
        }
    }

    @ParameterizedTest
    @CsvSource({"lora, lora", "bat-row, bat-row", "bat-col, bat-col", "bat-literal, bat-col"})
    void layerOpByOp_givesTheCheckValueOfTheAttachedOne(String method, String attached) throws IOException {
        try (Work layer = worker(tiny(), "layer-tiny", method).prepare();
                Work linear = worker(tiny(), "linear-tiny", attached).prepare()) {
            layer.step();
            assertThat(layer.check()).isCloseTo(linear.check(), within(1e-5 * Math.abs(linear.check())));
            assertThat(layer.trainable()).isEqualTo(linear.trainable());
        }
    }

    @Test
    void bothFormsOfTheRecurrence_giveOneCheckValue() throws IOException {
        try (Work scan = worker(tiny(), "wkv-tiny", "scan").prepare();
                Work chunked = worker(tiny(), "wkv-tiny", "chunked").prepare()) {
            scan.step();
            chunked.step();
            assertThat(chunked.check()).isCloseTo(scan.check(), within(1e-5 * Math.abs(scan.check())));
            assertThat(scan.tokens()).isEqualTo(40);
        }
        assertThatThrownBy(() -> worker(tiny(), "wkv-tiny", "tree").prepare())
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("no form 'tree'");
    }

    @ParameterizedTest
    @CsvSource({"lora, 2560", "bone, 2560", "bat-row, 2560"})
    void rwkv6_trains(String method, long trainable) throws IOException {
        try (Work work = worker(tiny(), "rwkv6-tiny", method).prepare()) {
            work.step();
            double first = work.check();
            work.step();
            assertThat(work.trainable()).isEqualTo(trainable);
            assertThat(work.check()).isLessThan(first);
        }
    }

    @Test
    void bundledFiles_haveTheirCases() throws IOException {
        Workloads models = Workloads.read(Workloads.MODELS);
        Workloads layers = Workloads.read(Workloads.LAYERS);
        assertThat(models.cases(List.of("linear"))).containsExactly("linear-768", "linear-2048", "linear-11008");
        assertThat(models.find("generate").object("config").integer("hidden_size"))
                .isEqualTo(512);
        assertThat(layers.cases(List.of())).containsExactly("layer-2048", "layer-11008");
        assertThat(Workloads.read(Workloads.RWKV).cases(List.of()))
                .containsExactly("rwkv6", "wkv-512", "wkv-1024", "wkv-2048", "wkv-wide");
    }

    @Test
    void whatIsUnknown_isNamed() {
        assertThatThrownBy(() -> worker(tiny(), "linear-tiny", "batt").prepare())
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("no method is named 'batt'");
        assertThatThrownBy(() -> Workloads.read(tiny()).cases(List.of("conv")))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("no case begins with [conv]; there are [linear-tiny,");
        assertThatThrownBy(() -> Workloads.read(tiny()).find("linear-tiny").number("methods"))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("cases.linear-tiny.methods is [none,");
        assertThatThrownBy(() -> Bench.type("float16")).hasMessageContaining("there are float32 and bfloat16");
        assertThatThrownBy(() -> Devices.of("tpu")).hasMessageContaining("--device must be cpu or gpu0");
    }
}
