package org.bonepeft.djl.train.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.djl.train.TrainingListener;
import org.bonepeft.djl.train.TrainingResult;
import org.bonepeft.djl.train.TrainingRun;

/**
 * A file that grows as a run goes on, readable at any time. A run that goes on from a checkpoint cuts off what was
 * written after it; a new run refuses a file that is there already.
 */
abstract class FileLog implements TrainingListener {
    private final Path file;
    private Optional<FileChannel> channel = Optional.empty();
    private long length;
    private boolean restored;

    FileLog(Path file) {
        this.file = file;
    }

    /** Writes what stands at the beginning of a new file. */
    abstract void writeHeader(TrainingRun run);

    final void write(byte[] bytes) {
        FileChannel open = channel.orElseThrow(() -> new IllegalStateException("the run has not started"));
        try {
            for (ByteBuffer rest = ByteBuffer.wrap(bytes); rest.hasRemaining(); ) {
                length += open.write(rest);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }

    @Override
    public void onStart(TrainingRun run) {
        try {
            if (restored) {
                FileChannel open = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                channel = Optional.of(open);
                length = Math.min(length, open.size());
                open.truncate(length).position(length);
            } else {
                channel = Optional.of(FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
            }
        } catch (FileAlreadyExistsException e) {
            throw new BoneException("log " + file + " is there already; remove it or choose another name", e);
        } catch (IOException e) {
            throw new UncheckedIOException("log " + file + " cannot be opened", e);
        }
        if (length == 0) {
            writeHeader(run);
        }
    }

    /** The length of the file. */
    @Override
    public String state() {
        return "" + length;
    }

    @Override
    public void restore(String state) {
        length = Long.parseLong(state);
        restored = true;
    }

    @Override
    public void onEnd(TrainingResult result) {
        try {
            if (channel.isPresent()) {
                channel.get().close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be closed", e);
        }
        channel = Optional.empty();
    }

    /** Returns whether lines can be written. */
    final boolean isOpen() {
        return channel.isPresent();
    }
}
