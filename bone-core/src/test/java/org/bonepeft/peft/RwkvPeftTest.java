package org.bonepeft.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.Lora;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RwkvPeftTest {
    @TempDir
    Path directory;

    static Stream<AdapterMethod> methods() {
        return Stream.of(new Bone(8), new Bat(8, Grouping.ROW), new Lora(4, 8));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void file_writtenAndRead_isTheSame(AdapterMethod method) throws IOException {
        PeftAdapter adapter = Samples.adapter(method, 1);
        AdapterTensor decay = Samples.random(Shape.of(1, 1, 16), new SplittableRandom(3));
        Path file = directory.resolve("rwkv.safetensors");
        RwkvPeft.write(
                new PeftAdapter(adapter.config(), adapter.layers(), Map.of("blocks.0.att.time_decay", decay)), file);
        PeftAdapter read = RwkvPeft.read(file, method);
        Samples.assertSameLayers(read, adapter);
        assertThat(read.saved().get("blocks.0.att.time_decay").values()).isEqualTo(decay.values());
        assertThat(read.problemsWith(List.of(Samples.SQUARE, Samples.TALL))).isEmpty();
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThat(tensors.tensors())
                    .containsKey(Samples.SQUARE.path() + (method instanceof Lora ? ".lora_A" : ".disha"));
        }
    }

    @Test
    void methodThatDoesNotFit_isAnError() throws IOException {
        Path file = directory.resolve("rwkv.safetensors");
        RwkvPeft.write(Samples.adapter(new Bat(8, Grouping.ROW), 1), file);
        refused(file, new Bone(8), "up_proj: bone is [2, 8, 8]; Bone[rank=8");
        refused(file, new Bat(4, Grouping.ROW), "up_proj: bone is [2, 8, 8]; Bat[rank=4");
        refused(file, new Lora(8, 8), "lora_A is missing; there is [bone]");
        SafetensorsWriter.write(file, List.of(), Map.of());
        refused(file, new Bone(8), "there is no tensor named <layer>.disha or <layer>.lora_A");
    }

    private static void refused(Path file, AdapterMethod method, String part) {
        assertThatThrownBy(() -> RwkvPeft.read(file, method))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining(part);
    }

    @Test
    void batByColumns_isNotWritten_forItWouldBeTakenForRows() {
        PeftAdapter adapter = Samples.adapter(new Bat(8), 1);
        assertThatThrownBy(() -> RwkvPeft.write(adapter, directory.resolve("rwkv.safetensors")))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("RWKV-PEFT knows Bone by columns, Bat by rows and LoRA");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void baseWeight_isNotWritten_forItWouldBeTakenAsTrained() {
        PeftAdapter bone = Samples.adapter(new Bone(8), 1);
        Map<String, AdapterTensor> base =
                Map.of("lm_head.weight", Samples.random(Shape.of(3, 16), new SplittableRandom(1)));
        PeftAdapter adapter = new PeftAdapter(bone.config(), bone.layers(), Map.of(), base);
        assertThatThrownBy(() -> RwkvPeft.write(adapter, directory.resolve("rwkv.safetensors")))
                .isInstanceOf(PeftException.class)
                .hasMessageContaining("[lm_head.weight] were not; save the adapter without them");
        assertThat(directory).isEmptyDirectory();
    }
}
