package org.bonepeft.djl.torch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class TorchEngineTest {
    @Test
    void unavailable_testedVersions_isEmpty() {
        assertThat(TorchEngine.unavailable()).isEmpty();
        try (NDManager manager = NDManager.newBaseManager()) {
            assertThat(TorchEngine.serves(manager)).isTrue();
        }
    }

    @Test
    void untested_otherVersions_namesThemAndTheTestedOnes() {
        assertThat(TorchEngine.untested("0.99.0", "2.7.1"))
                .hasValueSatisfying(reason -> assertThat(reason).contains("0.99.0", "2.7.1", "0.35.1/2.7.1"));
        assertThat(TorchEngine.untested("0.35.1", "2.5.1")).isPresent();
    }

    @Test
    void djlInternals_areUsedByThisClassOnly() {
        noClasses()
                .that()
                .haveNameNotMatching("org\\.bonepeft\\.djl\\.torch\\.TorchEngine(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl.pytorch..")
                .check(new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("org.bonepeft"));
    }
}
