package org.bonepeft.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bonepeft.tensor.Shape;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardedSafetensorsTest {
    @TempDir
    Path directory;

    @BeforeEach
    void writeShards() throws IOException {
        write("s-1.safetensors", "a", 1, "b", 2);
        write("s-2.safetensors", "c", 3);
    }

    private void write(String file, Object... namesAndValues) throws IOException {
        List<TensorData> tensors = new java.util.ArrayList<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            double[] value = {(int) namesAndValues[i + 1]};
            tensors.add(TensorData.doubles((String) namesAndValues[i], Shape.of(1), value));
        }
        SafetensorsWriter.write(directory.resolve(file), tensors, Map.of("format", "pt"));
    }

    private TensorSource open(String weightMap) throws IOException {
        Files.writeString(
                directory.resolve("model.safetensors.index.json"),
                "{\"metadata\":{\"total_size\":24},\"weight_map\":" + weightMap.replace('\'', '"') + "}");
        return ShardedSafetensors.open(directory);
    }

    private void refused(String weightMap, String message) {
        assertThatThrownBy(() -> open(weightMap))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("model.safetensors.index.json: ")
                .hasMessageContaining(message);
    }

    @Test
    void shards_areReadAsOne() throws IOException {
        TensorSource source = open("{'c':'s-2.safetensors','b':'s-1.safetensors','a':'s-1.safetensors'}");
        assertThat(source.tensors().keySet()).containsExactly("a", "b", "c");
        assertThat(source.metadata()).containsExactly(Map.entry("format", "pt"));
        assertThat(source.doubles("b")).containsExactly(2);
        assertThat(source.floats("c")).containsExactly(3);
        assertThatThrownBy(() -> source.bytes("d", 0, 1))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("index.json: no tensor 'd'; of 3 names the nearest are");
        source.close();
        assertThatThrownBy(() -> source.bytes("a")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void singleFile_comesFirst() throws IOException {
        write("model.safetensors", "whole", 7);
        try (TensorSource source = open("{}")) {
            assertThat(source.tensors()).containsOnlyKeys("whole");
        }
    }

    @Test
    void indexAndShardsThatDiffer_areRefused() {
        refused("{'a':'s-1.safetensors'}", "s-1.safetensors holds tensor 'b', but the index has it nowhere");
        refused(
                "{'a':'s-1.safetensors','b':'s-2.safetensors','c':'s-2.safetensors'}",
                "s-1.safetensors holds tensor 'b', but the index has it elsewhere");
        refused("{'c':'s-2.safetensors','d':'s-2.safetensors'}", "tensor 'd' is not in s-2.safetensors");
        refused("{'c':'s-3.safetensors'}", "the shard s-3.safetensors is missing");
        refused("['c']", "expected an object 'weight_map'");
        refused("{'c':1}", "tensor 'c' is said to be in '1'; expected a .safetensors file in the same directory");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../s-1.safetensors",
                "/s-1.safetensors",
                "x/s-1.safetensors",
                "..\\\\s.safetensors",
                "s-1.bin",
                "..",
                "\\u0000.safetensors",
                "s-1.safetensors/"
            })
    void shardElsewhere_isRefused(String shard) {
        refused("{'a':'" + shard + "'}", "tensor 'a' is said to be in '");
    }

    @Test
    void directoryWithoutSafetensors_saysWhatThereIs() throws IOException {
        Path other = Files.createDirectory(directory.resolve("other"));
        Files.writeString(other.resolve("pytorch_model.bin"), "");
        assertThatThrownBy(() -> ShardedSafetensors.open(other))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("neither model.safetensors nor model.safetensors.index.json")
                .hasMessageContaining("it has [pytorch_model.bin]");
    }
}
