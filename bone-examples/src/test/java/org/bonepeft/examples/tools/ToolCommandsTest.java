package org.bonepeft.examples.tools;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Dora;
import org.bonepeft.adapter.Grouping;
import org.bonepeft.adapter.LayerSpec;
import org.bonepeft.adapter.Lora;
import org.bonepeft.examples.Main;
import org.bonepeft.peft.AdapterLayer;
import org.bonepeft.peft.AdapterTensor;
import org.bonepeft.peft.PeftAdapter;
import org.bonepeft.peft.PeftConfig;
import org.bonepeft.peft.PeftType;
import org.bonepeft.peft.RwkvPeft;
import org.bonepeft.peft.Targets;
import org.bonepeft.safetensors.SafetensorsFile;
import org.bonepeft.safetensors.SafetensorsWriter;
import org.bonepeft.safetensors.TensorData;
import org.bonepeft.tensor.DType;
import org.bonepeft.tensor.Shape;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands as a user gives them; what they compute is tested where it is computed. */
class ToolCommandsTest {
    private static final LayerSpec SQUARE = new LayerSpec("model.layers.0.q_proj", 16, 16, false);
    private static final LayerSpec TALL = new LayerSpec("model.layers.0.up_proj", 16, 24, false);

    @TempDir
    private Path folder;

    private final SplittableRandom random = new SplittableRandom(3);
    private String out = "";
    private String err = "";
    private Path base;

    @BeforeEach
    void model() throws IOException {
        base = Files.createDirectory(folder.resolve("base"));
        List<TensorData> tensors = List.of(
                TensorData.floats(SQUARE.path() + ".weight", DType.F32, Shape.of(16, 16), values(256)),
                TensorData.floats(TALL.path() + ".weight", DType.F32, Shape.of(24, 16), values(384)),
                TensorData.floats("model.norm.weight", DType.F32, Shape.of(16), values(16)));
        SafetensorsWriter.write(base.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        Files.writeString(base.resolve("config.json"), "{\"model_type\": \"llama\"}");
    }

    private float[] values(long count) {
        float[] values = new float[(int) count];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return values;
    }

    private PeftAdapter adapter(AdapterMethod method) {
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        for (LayerSpec layer : List.of(SQUARE, TALL)) {
            Map<String, AdapterTensor> parameters = new LinkedHashMap<>();
            method.parameters(layer)
                    .forEach(parameter -> parameters.put(
                            parameter.name(),
                            new AdapterTensor(
                                    parameter.shape(), values(parameter.shape().size()))));
            layers.put(layer.path(), new AdapterLayer(method, parameters));
        }
        return new PeftAdapter(PeftConfig.of(method, Targets.of("q_proj", "up_proj")), layers, Map.of());
    }

    private Path write(AdapterMethod method, String name) throws IOException {
        adapter(method).write(folder.resolve(name));
        return folder.resolve(name);
    }

    /** Runs the program; a Path is a path in the test's folder. */
    private int run(Object... args) {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        String[] texts = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            texts[i] = args[i].toString();
        }
        int code = Main.run(texts, new PrintStream(printed, true, UTF_8), new PrintStream(told, true, UTF_8));
        out = printed.toString(UTF_8);
        err = told.toString(UTF_8);
        return code;
    }

    private void succeeds(Object... args) {
        assertThat(run(args)).as(err).isZero();
    }

    private void fails(int code, String message, Object... args) {
        assertThat(run(args)).isEqualTo(code);
        assertThat(err).contains(message).doesNotContain("Exception");
        assertThat(err.lines().filter(line -> !line.contains("%"))).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void merge_thenUnmerge_isTheBaseUpToRounding() throws IOException {
        Path adapter = write(new Bat(4), "bat");
        Path merged = folder.resolve("merged");
        Path back = folder.resolve("back");
        succeeds("merge", "--base", base, "--adapter", adapter, "--out", merged, "--threads", "2", "--sync");
        assertThat(out).contains("MB/s; 2 layers changed");
        assertThat(err).contains("merge 100%");
        assertThat(merged.resolve("config.json")).hasSameTextualContentAs(base.resolve("config.json"));
        succeeds("unmerge", "--model", merged, "--adapter", adapter, "--out", back);
        assertSameWeights(back, base);
        assertThat(run("diff", base, back)).isEqualTo(1);
        assertThat(out).contains("1 tensors are the same, 2 are not", SQUARE.path() + ".weight");
    }

    private static void assertSameWeights(Path actual, Path expected) throws IOException {
        try (SafetensorsFile a = SafetensorsFile.open(actual.resolve("model.safetensors"));
                SafetensorsFile e = SafetensorsFile.open(expected.resolve("model.safetensors"))) {
            e.tensors().keySet().forEach(name -> Tolerance.FLOAT32.check(name, a.doubles(name), e.doubles(name)));
        }
    }

    @Test
    void merge_wrongFiles_areToldInOneLine() throws IOException {
        Path adapter = write(new Bone(4), "bone");
        Path merged = folder.resolve("merged");
        fails(2, "Missing required option: '--out=DIR'", "merge", "--base", base, "--adapter", adapter);
        fails(1, "does not exist; expected a directory with", merge(folder.resolve("none"), merged));
        fails(1, "exists already; remove it or choose another --out", merge(adapter, base));
        fails(
                1,
                "has neither model.safetensors nor",
                "merge",
                "--base",
                adapter,
                "--adapter",
                adapter,
                "--out",
                merged);
        fails(1, "needs at least one thread, not 0", merge(adapter, merged, "--threads", "0"));
        assertThat(merged).doesNotExist();
        Path dora = write(new Dora(2, 2), "dora");
        succeeds(merge(dora, merged));
        fails(
                1,
                "keep a copy of the base",
                "unmerge",
                "--model",
                merged,
                "--adapter",
                dora,
                "--out",
                folder.resolve("back"));
    }

    private Object[] merge(Path adapter, Path to, Object... more) {
        List<Object> args = new ArrayList<>(List.of("merge", "--base", base, "--adapter", adapter));
        args.addAll(List.of("--out", to));
        args.addAll(List.of(more));
        return args.toArray();
    }

    @Test
    void inspect_showsConfigurationTensorsAndWhatIsOdd() throws IOException {
        Path adapter = write(new Bone(4), "bone");
        succeeds("inspect", adapter);
        assertThat(out)
                .startsWith(adapter + ", adapter: 2 tensors, 160 elements, F32 0.001 MB")
                .contains("2 layers with Bone[rank=4", "  peft_type: \"MISS\"", "  target_modules: [ \"q_proj\", ")
                .contains(SQUARE.path() + ".miss_block", "[4, 16]")
                .doesNotContain("Odd", "revision");
        succeeds("inspect", base);
        assertThat(out).contains("model: 3 tensors", "model_type: \"llama\"");
        Path file = folder.resolve("odd.safetensors");
        float[] odd = {3, 4, Float.NaN};
        SafetensorsWriter.write(file, List.of(TensorData.floats("x", DType.BF16, Shape.of(3), odd)), Map.of());
        succeeds("inspect", file);
        assertThat(out).contains("5.0000", "Odd:", "x: 1 elements are not finite");
        fails(1, "no such file", "inspect", folder.resolve("none.safetensors"));
        Path pickle = Files.write(folder.resolve("adapter_model.bin"), new byte[9]);
        fails(1, "safetensors.torch.save_file", "inspect", pickle);
    }

    @Test
    void convert_pickle_isRefusedWithAdvice() throws IOException {
        Path pickle = Files.write(folder.resolve("rwkv-0.pth"), new byte[9]);
        Path converted = folder.resolve("converted");
        fails(
                1,
                "safetensors.torch.save_file",
                "convert",
                pickle,
                "--to",
                "miss",
                "--method",
                "bone",
                "--out",
                converted);
        assertThat(converted).doesNotExist();
    }

    @Test
    void convert_boneToLoraAndBack_isExact() throws IOException {
        Path bone = write(new Bone(5), "bone");
        Path lora = folder.resolve("lora");
        Path back = folder.resolve("back");
        succeeds("convert", bone, "--to", "lora", "--base", base, "--out", lora);
        assertThat(out).contains("exact: nothing is lost", "2 layers as lora");
        assertThat(PeftAdapter.read(lora).config().type()).isEqualTo(PeftType.LORA);
        succeeds("convert", lora, "--to", "miss", "--out", back);
        succeeds("diff", bone, back);
        assertThat(out).contains("2 tensors are the same, 0 are not");
        succeeds("convert", bone, "--to", "BONE", "--out", folder.resolve("old"));
        assertThat(PeftAdapter.read(folder.resolve("old")).config().type()).isEqualTo(PeftType.BONE);
    }

    @Test
    void convert_batToLora_printsWhatIsLost() throws IOException {
        Path bat = write(new Bat(4), "bat");
        Path lora = folder.resolve("lora");
        succeeds("convert", bat, "--to", "lora", "--rank", "6", "--base", base, "--out", lora);
        assertThat(out.lines().filter(line -> line.matches("model.*_proj +6  [1-9]\\.\\d\\de-0[12]")))
                .hasSize(2);
        assertThat(out).contains("lost is ||DeltaW - B A|| / ||DeltaW||");
        assertThat(PeftAdapter.read(lora).config().method()).isEqualTo(new Lora(6, 6));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bone", "bat-row", "lora"})
    void convert_toRwkvPeftAndBack_isTheSame(String name) throws IOException {
        AdapterMethod method =
                switch (name) {
                    case "bone" -> new Bone(4);
                    case "bat-row" -> new Bat(4, Grouping.ROW);
                    default -> new Lora(4, 8);
                };
        Path adapter = write(method, "adapter");
        Path file = folder.resolve("rwkv.safetensors");
        Path lora = folder.resolve("lora");
        succeeds("convert", adapter, "--to", "rwkv-peft", "--out", file);
        assertThat(out.contains("cannot say the LoRA's alpha, which is 8.0")).isEqualTo(name.equals("lora"));
        String alpha = name.equals("lora") ? "8" : "4";
        succeeds("convert", file, "--method", name, "--alpha", alpha, "--to", "lora", "--base", base, "--out", lora);
        Path direct = folder.resolve("direct");
        succeeds("convert", adapter, "--to", "lora", "--base", base, "--out", direct);
        succeeds("diff", lora.resolve("adapter_model.safetensors"), direct.resolve("adapter_model.safetensors"));
        assertThat(RwkvPeft.rank(file)).isEqualTo(4);
    }

    @Test
    void convert_whatCannotBe_isToldInOneOrTwoLines() throws IOException {
        Path bat = write(new Bat(4, Grouping.ROW), "bat");
        Path to = folder.resolve("to");
        fails(1, "has no name in MiSS", "convert", bat, "--to", "miss", "--out", to);
        fails(2, "--to lora needs --base", "convert", bat, "--to", "lora", "--out", to);
        fails(2, "--rank is for --to lora", "convert", bat, "--to", "miss", "--rank", "3", "--out", to);
        fails(2, "rwkv-peft] (case-insensitive) but was 'vera'", "convert", bat, "--to", "vera", "--out", to);
        fails(2, "--out must be a .safetensors file", "convert", bat, "--to", "rwkv-peft", "--out", to);
        fails(2, "a directory says what it holds", "convert", bat, "--to", "miss", "--method", "bone", "--out", to);
        fails(1, "exists already", "convert", bat, "--to", "miss", "--out", base);
        Path columns = write(new Bat(4), "columns");
        Path file = folder.resolve("rwkv.safetensors");
        fails(
                1,
                "RWKV-PEFT knows Bone by columns, Bat by rows",
                "convert",
                columns,
                "--to",
                "rwkv-peft",
                "--out",
                file);
        succeeds("convert", bat, "--to", "rwkv-peft", "--out", file);
        fails(2, "say what it holds with --method", "convert", file, "--to", "miss", "--out", to);
        fails(1, "no method is named 'bart'", "convert", file, "--method", "bart", "--to", "miss", "--out", to);
        assertThat(to).doesNotExist();
    }

    @Test
    void diff_ofAdapters_showsSettingsAndTensors() throws IOException {
        Path a = write(new Lora(4, 4), "a");
        Path b = write(new Lora(4, 8), "b");
        assertThat(run("diff", a, b)).isEqualTo(1);
        assertThat(out).startsWith("0 tensors are the same, 4 are not\nlora_alpha: 4 | 8\n");
        assertThat(run("diff", a, base)).isEqualTo(1);
        assertThat(out).contains("only in " + a, "only in " + base);
        succeeds("diff", a, a);
    }

    @ParameterizedTest
    @ValueSource(strings = {"merge", "unmerge", "inspect", "convert", "diff"})
    void help_fitsAndSaysWhatItDoes(String command) {
        succeeds(command, "--help");
        assertThat(out).startsWith("Usage: bone " + command);
        assertThat(out.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }
}
