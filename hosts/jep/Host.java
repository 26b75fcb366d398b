import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import jep.JepConfig;
import jep.JepException;
import jep.SubInterpreter;
import jep.SubInterpreterOptions;

/**
 * A Java program with Python applications in interpreters of their own. It prints events as
 * hosts/apps/events.py does.
 *
 * Host MODE APPS PACKAGES REQUESTS INTERPRETERS PARALLEL
 */
public class Host {
    private final JepConfig config;
    private final int parallel;

    private Host(String mode, String applications, String packages, int parallel) {
        config = new JepConfig().addIncludePaths(applications, packages);
        if (mode.equals("isolated")) {
            config.setSubInterpreterOptions(SubInterpreterOptions.isolated());
        }
        this.parallel = parallel;
    }

    /** A piece of work that uses one interpreter. */
    private interface Work<T> {
        T with(SubInterpreter interpreter) throws Exception;
    }

    /** Creates an interpreter with an application, uses it and ends it, all on this thread. */
    private <T> T inApplication(String name, boolean panic, Work<T> work) throws Exception {
        try (SubInterpreter interpreter = new SubInterpreter(config)) {
            interpreter.exec("import json, exercise");
            interpreter.set("name", name);
            interpreter.set("panic", panic);
            interpreter.exec("state = json.dumps(exercise.describe(name, panic))");
            return work.with(interpreter);
        }
    }

    /** Calls each piece of work on a thread of its own. */
    private static <T> List<T> atOnce(List<Callable<T>> pieces) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(pieces.size());
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> result : threads.invokeAll(pieces)) {
                results.add(result.get());
            }
            return results;
        } finally {
            threads.shutdown();
        }
    }

    /** Calls work on all threads. */
    private void onAll(Callable<Void> work) throws Exception {
        List<Callable<Void>> pieces = new ArrayList<>();
        for (int i = 0; i < parallel; i++) {
            pieces.add(work);
        }
        atOnce(pieces);
    }

    /** Two applications that exist at the same time. */
    private void compare(boolean panic) throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        List<Callable<String>> pieces = new ArrayList<>();
        for (String name : List.of("one", "two")) {
            pieces.add(() -> inApplication(name, panic, interpreter -> {
                both.await(); // both exist
                if (name.equals("two")) {
                    // Asked again: now the calls of the other one are counted.
                    interpreter.exec("state = json.dumps(exercise.state(name))");
                }
                String state = (String) interpreter.getValue("state");
                both.await(); // neither has ended
                return state;
            }));
        }
        List<String> states = atOnce(pieces);
        print("pair", "\"one\": " + states.get(0) + ", \"two\": " + states.get(1));
    }

    /** Requests in interpreters that stay meanwhile. */
    private void load(int requests) throws Exception {
        Queue<String> failures = new ConcurrentLinkedQueue<>();
        int each = requests / parallel;
        onAll(() -> inApplication("one", false, interpreter -> {
            for (int i = 0; i < each; i++) {
                try {
                    interpreter.exec("exercise.exercise(name)");
                } catch (JepException error) {
                    failures.add(String.valueOf(error.getMessage()));
                }
            }
            return null;
        }));
        int done = each * parallel;
        print("load", "\"requests\": " + done + ", \"failures\": " + array(failures));
    }

    /** Interpreters that are created and ended, on all threads at once. */
    private void interpreters(int count) throws Exception {
        Queue<String> failures = new ConcurrentLinkedQueue<>();
        int each = count / parallel;
        onAll(() -> {
            for (int i = 0; i < each; i++) {
                try {
                    // An object of the module that Java keeps until the interpreter ends.
                    inApplication("one", false,
                            interpreter -> interpreter.getValue("exercise.probe.recall('last')"));
                } catch (JepException error) {
                    failures.add(String.valueOf(error.getMessage()));
                }
            }
            return null;
        });
        int done = each * parallel;
        print("restarts", "\"count\": " + done + ", \"requests\": " + done
                + ", \"failures\": " + array(failures));
    }

    private void memory() throws Exception {
        System.gc();
        try (SubInterpreter interpreter = new SubInterpreter(config)) {
            interpreter.exec("import exercise");
            print("memory", "\"kb\": " + interpreter.getValue("exercise.resident_kb()"));
        }
    }

    private static void print(String event, String fields) {
        System.out.println("{\"event\": \"" + event + "\", " + fields + "}");
        System.out.flush();
    }

    /** Returns texts as JSON. */
    private static String array(Queue<String> texts) {
        StringBuilder json = new StringBuilder("[");
        for (String text : texts) {
            json.append(json.length() == 1 ? "\"" : ", \"");
            for (char c : text.toCharArray()) {
                boolean isPlain = c != '"' && c != '\\' && c >= ' ';
                json.append(isPlain ? String.valueOf(c) : String.format("\\u%04x", (int) c));
            }
            json.append('"');
        }
        return json.append(']').toString();
    }

    public static void main(String[] arguments) throws Exception {
        int[] amounts = new int[3];
        for (int i = 0; i < amounts.length; i++) {
            amounts[i] = Integer.parseInt(arguments[3 + i]);
        }
        Host host = new Host(arguments[0], arguments[1], arguments[2], amounts[2]);
        host.compare(true);
        host.load(amounts[0]);
        host.interpreters(amounts[1] / 2);
        host.memory();
        host.interpreters(amounts[1] - amounts[1] / 2);
        host.memory();
        host.compare(false);
    }
}
