package org.bonepeft.examples.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossChartTest {
    @TempDir
    private Path folder;

    @Test
    void write_makesAPictureThatShowsTheCurves() throws IOException {
        Path one = folder.resolve("one.png");
        Path two = folder.resolve("two.png");
        LossChart.write(one, "CoLA", Map.of("bone", List.of(3.0, 2.0, 1.0)));
        LossChart.write(two, "CoLA", Map.of("bone", List.of(1.0, 2.0, 3.0)));
        BufferedImage picture = ImageIO.read(one.toFile());
        assertThat(picture.getWidth()).isEqualTo(900);
        assertThat(one).isNotEmptyFile();
        assertThat(two).isNotEmptyFile();
        assertThat(Files.mismatch(one, two)).isNotEqualTo(-1);
    }

    @Test
    void write_manySteps_works() throws IOException {
        Path file = folder.resolve("many.png");
        Random random = new Random(1);
        LossChart.write(
                file, "CoLA", Map.of("bone", random.doubles(1000).boxed().toList(), "lora", List.of(0.5)));
        assertThat(ImageIO.read(file.toFile()).getHeight()).isEqualTo(540);
    }

    @Test
    void top_leavesOutTheFirstTenthAlone() {
        double[] falling = {9, 4, 3, 2, 2, 2, 1, 1, 1, 1};
        double[] late = {1, 1, 1, 1, 1, 1, 1, 1, 1, 5};
        assertThat(LossChart.top(List.of(falling))).hasValue(4);
        assertThat(LossChart.top(List.of(falling, late))).hasValue(5);
        assertThat(LossChart.top(List.of(late))).isEmpty();
        assertThat(LossChart.top(List.of(new double[] {9, 1, 1, 1, 1, 1, 1, 1, 1, 1})))
                .isEmpty();
        assertThat(LossChart.top(List.of(falling, new double[] {Double.NaN}))).isEmpty();
        assertThat(LossChart.top(List.of())).isEmpty();
    }

    @Test
    void smooth_constant_staysConstantFromTheFirstValue() {
        assertThat(LossChart.smooth(List.of(2.0, 2.0, 2.0), 0.95))
                .containsExactly(new double[] {2, 2, 2}, within(1e-12));
    }

    @Test
    void smooth_isTheNormalisedMovingAverage() {
        // (0.5 * 0.5 * 4 + 0.5 * 1) / 0.75
        assertThat(LossChart.smooth(List.of(4.0, 1.0), 0.5)).containsExactly(new double[] {4, 2}, within(1e-12));
    }
}
