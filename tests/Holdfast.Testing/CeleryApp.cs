using System.Diagnostics;
using System.Globalization;

namespace Holdfast.Testing;

/// <summary>
/// A Celery application of a test: it sends tasks to a broker, and starts workers for them. Its one task sleeps, waits while tasks are held, then writes its tag into the
/// file <see cref="Done"/>, so that a test can count what was done, and how often. $HOLDFAST_PYTHON names a Python that has Celery.
/// </summary>
public sealed class CeleryApp : IDisposable
{
    private const string Source = """
        import os, time
        from celery import Celery
        from kombu import Queue
        app = Celery('plat', broker=os.environ['BROKER'])
        app.conf.task_queues = [Queue(q) for q in os.environ['QUEUES'].split(',')]
        app.conf.task_default_queue = os.environ['QUEUES'].split(',')[0]
        app.conf.worker_prefetch_multiplier = 1
        app.conf.task_acks_late = os.environ.get('ACKS_LATE') == '1'
        options = {'queue_order_strategy': 'priority'}
        if os.environ.get('STEPS'): options['priority_steps'] = [int(s) for s in os.environ['STEPS'].split(',')]
        if os.environ.get('PREFIX'): options['global_keyprefix'] = os.environ['PREFIX']
        app.conf.broker_transport_options = options
        @app.task(name='plat.nap')
        def nap(seconds, tag):
            open(os.environ['DONE'] + '.begun', 'a').write(tag + '\n')
            time.sleep(seconds)
            while os.path.exists(os.environ['DONE'] + '.hold'): time.sleep(0.05)
            with open(os.environ['DONE'], 'a') as done: done.write(tag + '\n')
        """;

    private const string Send = """
        import sys
        from plat import nap
        seconds, queue, priority, countdown, prefix, first, last = sys.argv[1:]
        for i in range(int(first), int(last) + 1):
            extra = {'countdown': float(countdown)} if float(countdown) else {}
            nap.apply_async((float(seconds), prefix + str(i)), queue=queue, priority=int(priority), task_id=prefix + str(i), **extra)
        """;

    private readonly TempFolder _folder = new();
    private readonly List<Process> _workers = [];
    private readonly Dictionary<string, string?> _environs;
    private readonly string _python;

    /// <param name="broker">Its URL.</param>
    /// <param name="queues">The queues that workers take from.</param>
    /// <param name="options">Further variables: ACKS_LATE, STEPS, PREFIX.</param>
    public CeleryApp(string broker, string queues, params IEnumerable<(string Name, string Value)> options)
    {
        _python = Find();
        _folder.Write("plat.py", Source);
        _environs = new Dictionary<string, string?>(StringComparer.Ordinal) { ["BROKER"] = broker, ["QUEUES"] = queues, ["DONE"] = Done, ["PYTHONPATH"] = _folder.Path, ["C_FORCE_ROOT"] = "1" };
        foreach (var (name, value) in options) _environs[name] = value;
    }

    /// <summary>The tags of tasks that have ended, a line each.</summary>
    public string Done => _folder["done"];

    /// <summary>Sends tasks with ids PREFIX + number.</summary>
    public async Task SendAsync(string queue, string prefix, int first, int last, double seconds = 0, int priority = 0, double countdown = 0) =>
        (await Command.RunAsync(_python, ["-c", Send, Text(seconds), queue, $"{priority}", Text(countdown), prefix, $"{first}", $"{last}"], _environs)).Succeeded();

    /// <summary>Starts a worker and waits until it says that it is ready.</summary>
    public async Task<Process> StartWorkerAsync(int concurrency = 1)
    {
        var log = _folder[$"worker{_workers.Count}.log"];
        var name = $"w{_workers.Count}@test";
        var worker = Command.Start(
            _python, ["-m", "celery", "-A", "plat", "worker", "-c", $"{concurrency}", "-n", name, "-l", "INFO", "-f", log, "--without-gossip", "--without-mingle", "-Q", _environs["QUEUES"]!], _environs);
        _workers.Add(worker);
        worker.StandardInput.Close();
        _ = worker.StandardOutput.ReadToEndAsync();
        _ = worker.StandardError.ReadToEndAsync();
        await Eventually.HoldsAsync(
            $"the worker {name} is ready", () => File.Exists(log) && File.ReadAllText(log).Contains($"{name} ready", StringComparison.Ordinal), () => File.Exists(log) ? File.ReadAllText(log) : "It has no log.");
        return worker;
    }

    /// <summary>Tasks that have begun do not end before <see cref="Release"/>.</summary>
    public void Hold() => File.WriteAllText(Done + ".hold", "");

    /// <summary>Lets tasks end again.</summary>
    public void Release() => File.Delete(Done + ".hold");

    /// <summary>Waits until so many tasks have begun.</summary>
    public Task UntilBegunAsync(int count) => Eventually.HoldsAsync($"{count} tasks have begun", () => Lines(Done + ".begun").Count >= count);

    /// <summary>Waits until so many tasks have ended, and returns their tags.</summary>
    public async Task<IReadOnlyList<string>> UntilDoneAsync(int count)
    {
        await Eventually.HoldsAsync($"{count} tasks have ended", () => Lines(Done).Count >= count);
        return Lines(Done);
    }

    /// <summary>SIGSTOP, SIGCONT, SIGKILL and so on, to the worker and its children.</summary>
    public static async Task SignalAsync(Process worker, string signal) =>
        await Command.BashAsync("kids=$(pgrep -P \"$2\" || true); kill -s \"$1\" \"$2\" $kids", signal, $"{worker.Id}");

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var worker in _workers)
        {
            if (!worker.HasExited) worker.Kill(entireProcessTree: true);
            worker.Dispose();
        }
        _folder.Dispose();
    }

    private static string Find()
    {
        var named = Environment.GetEnvironmentVariable("HOLDFAST_PYTHON");
        foreach (var python in new[] { named, "/usr/bin/python3", Require.FindProgram("python3") }.OfType<string>().Where(File.Exists))
        {
            using var probe = Command.Start(python, ["-c", "import celery, redis"]);
            probe.WaitForExit();
            if (probe.ExitCode == 0) return python;
        }
        Require.That(false, "No Python here has Celery and its Redis client.");
        return "";
    }

    private static IReadOnlyList<string> Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
