package org.bonepeft.examples.glue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.bonepeft.BoneException;

/** Which task, and where its files are: from the options {@code --task} and {@code --data}, of which each may be absent. */
record GlueLocation(GlueTask task, Path folder) {
    /**
     * Decides. Without data it is the bundled set of the task, CoLA by default. Without a task, the folder's name says
     * it. With both, the folder is the task's own or holds one of its name.
     *
     * @param bundled the folder of the bundled sets
     * @throws BoneException if there is no such task, or the folder's name says none
     */
    static GlueLocation of(Optional<String> task, Optional<Path> data, Path bundled) {
        Optional<GlueTask> named = task.map(GlueLocation::task);
        if (data.isEmpty()) {
            GlueTask chosen = named.orElse(GlueTask.COLA);
            return new GlueLocation(chosen, bundled.resolve(chosen.title()));
        }
        Path folder = data.get();
        if (named.isEmpty()) {
            String name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
            GlueTask chosen = GlueTask.find(name)
                    .orElseThrow(() -> new BoneException("which task is " + folder + "? Its name is none of "
                            + GlueTask.names() + "; say it with --task"));
            return new GlueLocation(chosen, folder);
        }
        Path below = folder.resolve(named.get().title());
        boolean own = Files.exists(folder.resolve("train.tsv")) || !Files.isDirectory(below);
        return new GlueLocation(named.get(), own ? folder : below);
    }

    private static GlueTask task(String name) {
        if (name.replaceAll("[^A-Za-z]", "").equalsIgnoreCase("stsb")) {
            throw new BoneException(
                    "STS-B is a regression, which this program does not train; tasks: " + GlueTask.names());
        }
        return GlueTask.find(name)
                .orElseThrow(() -> new BoneException("no task " + name + "; tasks: " + GlueTask.names()));
    }
}
