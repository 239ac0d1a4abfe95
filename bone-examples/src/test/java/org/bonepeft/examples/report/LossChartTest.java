package org.bonepeft.examples.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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
        LossChart.write(one, "CoLA", Map.of("bone", new double[] {3, 2, 1}));
        LossChart.write(two, "CoLA", Map.of("bone", new double[] {1, 2, 3}));
        BufferedImage picture = ImageIO.read(one.toFile());
        assertThat(picture.getWidth()).isEqualTo(900);
        assertThat(one).isNotEmptyFile();
        assertThat(two).isNotEmptyFile();
        assertThat(Files.mismatch(one, two)).isNotEqualTo(-1);
    }

    @Test
    void smooth_constant_staysConstantFromTheFirstValue() {
        assertThat(LossChart.smooth(new double[] {2, 2, 2}, 0.95))
                .containsExactly(new double[] {2, 2, 2}, within(1e-12));
    }

    @Test
    void smooth_isTheNormalisedMovingAverage() {
        // (0.5 * 0.5 * 4 + 0.5 * 1) / 0.75
        assertThat(LossChart.smooth(new double[] {4, 1}, 0.5)).containsExactly(new double[] {4, 2}, within(1e-12));
    }
}
