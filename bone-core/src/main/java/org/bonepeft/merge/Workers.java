package org.bonepeft.merge;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import org.bonepeft.safetensors.TensorData;

/** Threads that compute parts of a tensor, which are written in order; a few parts are in memory at a time. */
final class Workers implements Closeable {
    /** Elements of a part: large enough to keep a thread busy, small enough for a processor's cache. */
    static final int PART = 1 << 17;

    private final ExecutorService threads;
    private final int inFlight;
    private final LongConsumer progress;
    private final Deque<Part> free = new ArrayDeque<>();

    /**
     * Starts threads.
     *
     * @param progress is told of bytes that were written, by the thread that writes
     */
    Workers(int count, LongConsumer progress) {
        threads = Executors.newFixedThreadPool(count, task -> {
            Thread thread = new Thread(task, "bone merge");
            thread.setDaemon(true);
            return thread;
        });
        inFlight = 2 * count;
        this.progress = progress;
    }

    /** Memory for a part. */
    static final class Part {
        private double[] values = new double[0];
        private ByteBuffer bytes = ByteBuffer.allocate(0);

        /** Returns an array of at least so many elements. */
        double[] values(int count) {
            if (values.length < count) {
                values = new double[count];
            }
            return values;
        }

        /** Returns an empty little-endian buffer of so many bytes. */
        ByteBuffer bytes(int count) {
            if (bytes.capacity() < count) {
                bytes = ByteBuffer.allocateDirect(count).order(ByteOrder.LITTLE_ENDIAN);
            }
            return bytes.clear().limit(count);
        }
    }

    /** Computes rows {@code from} (inclusive) to {@code to} (exclusive) into the memory given. */
    interface Computation {
        ByteBuffer rows(int from, int to, Part memory);
    }

    private record Pending(Part memory, Future<ByteBuffer> bytes) {}

    /**
     * Computes {@code rows} rows, some at a time, and writes them.
     *
     * @param length elements in a row
     */
    void write(int rows, int length, Computation computation, WritableByteChannel out) throws IOException {
        int step = Math.max(1, PART / Math.max(1, length));
        Deque<Pending> pending = new ArrayDeque<>();
        try {
            for (int row = 0; row < rows; row += step) {
                if (pending.size() == inFlight) {
                    writeNext(pending, out);
                }
                Part memory = free.isEmpty() ? new Part() : free.pop();
                int from = row;
                int to = Math.min(rows, row + step);
                pending.add(new Pending(memory, threads.submit(() -> computation.rows(from, to, memory))));
            }
            while (!pending.isEmpty()) {
                writeNext(pending, out);
            }
        } finally {
            pending.forEach(part -> part.bytes().cancel(false));
        }
    }

    private void writeNext(Deque<Pending> pending, WritableByteChannel out) throws IOException {
        Pending next = pending.remove();
        ByteBuffer bytes = result(next.bytes());
        long count = bytes.remaining();
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
        free.push(next.memory());
        progress.accept(count);
    }

    /** Returns a tensor that reports itself when it is written. */
    TensorData watched(TensorData tensor) {
        return new TensorData(tensor.name(), tensor.dtype(), tensor.shape(), out -> {
            tensor.content().writeTo(out);
            progress.accept(tensor.byteSize());
        });
    }

    private static <T> T result(Future<T> future) throws IOException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while merging");
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
