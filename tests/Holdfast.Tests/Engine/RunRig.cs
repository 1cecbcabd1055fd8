using Holdfast.Engine.Execution;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Testing;

namespace Holdfast.Tests.Engine;

/// <summary>An executor with a real journal, whose steps and undos change a small world.</summary>
internal sealed class RunRig : IRunObserver, IUndoHandler, IDisposable
{
    private readonly TempFolder _folder = new();

    public RunRig(string? state = null) => State = new StateDirectory(state ?? _folder["state"]);

    public StateDirectory State { get; }

    /// <summary>What stands in the world: steps make things, undos take them away.</summary>
    public SortedSet<string> World { get; } = new(StringComparer.Ordinal);

    public List<RunEvent> Events { get; } = [];

    /// <summary>What the undo handler was asked to do, in order.</summary>
    public List<string> Undone { get; } = [];

    /// <summary>Things whose undo fails.</summary>
    public HashSet<string> Stuck { get; } = new(StringComparer.Ordinal);

    /// <summary>Things whose undo can never be done.</summary>
    public HashSet<string> Lost { get; } = new(StringComparer.Ordinal);

    /// <summary>Called after each event is in the journal.</summary>
    public Action<RunEvent>? OnEach { get; set; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
    public string Kind => "world.remove";
    public string Journal => Path.Combine(State.Path, "runs", "run-1.jsonl");

    public static Undo Remove(string thing) => new("world.remove", $"Remove {thing}.", new Dictionary<string, string>(StringComparer.Ordinal) { ["thing"] = thing });

    /// <summary>A step that makes a thing, and owes its removal until the step has succeeded.</summary>
    public Step Make(string thing) => new() { Name = $"Make {thing}", Does = $"Puts {thing} into the world.", Undo = Remove(thing), Act = (_, _) => { World.Add(thing); return Task.CompletedTask; } };

    /// <summary>A step that makes a thing which is taken away again unless the whole run succeeds.</summary>
    public Step MakeOwing(string thing) => new()
    {
        Name = $"Make {thing}", Does = $"Puts {thing} into the world.",
        Act = async (context, cancellation) => { await context.OweAsync(Remove(thing), cancellation); World.Add(thing); },
    };

    /// <summary>A step that makes a thing and settles what it owed for it.</summary>
    public Step MakeSettled(string thing) => new()
    {
        Name = $"Make {thing}", Does = $"Puts {thing} into the world.",
        Act = async (context, cancellation) =>
        {
            await context.OweAsync(Remove(thing), cancellation);
            World.Add(thing);
            await context.SettleAsync(Remove(thing), cancellation);
        },
    };

    public static Step Does(string name, Func<StepContext, CancellationToken, Task> act, TimeSpan? deadline = null) => new() { Name = name, Does = $"{name}.", Act = act, Deadline = deadline };

    public static Step Fails(string name) => Does(name, (_, _) => throw Catalogue.PostgresUnreachable.Throwable("It is down."));

    public async Task<RunOutcome> RunAsync(CancellationToken cancellation, params Step[] steps)
    {
        using var journal = Holdfast.Engine.Journals.Journal.Create(State, "run-1");
        return await RunAsync(journal, cancellation, steps);
    }

    public async Task<RunOutcome> RunAsync(Journal journal, CancellationToken cancellation, params Step[] steps)
    {
        using var interruption = new Interruption(cancellation);
        var log = new RunLog(journal, this, Clock);
        var plan = new Plan("backup", "p", steps);
        var started = new RunStarted("run-1", "backup", "p", "host", 1, DateTimeOffset.UnixEpoch, "1.0", [.. steps.Select(PlannedStep.Of)]);
        return await new Executor("run-1", log, new PendingUndos(log, [this], Clock), interruption, Clock).RunAsync(started, plan, []);
    }

    /// <summary>What a later process does after this one has died.</summary>
    public async Task<IReadOnlyList<RecoveredRun>> RecoverAsync()
    {
        using var held = RunLock.Take(State, "p", "a test");
        return await new Recovery(State, [this], this, Clock).RecoverAsync(held);
    }

    public void OnEvent(RunEvent happened)
    {
        Events.Add(happened);
        OnEach?.Invoke(happened);
    }

    public Task UndoAsync(Undo undo, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var thing = undo.Arguments["thing"];
        Undone.Add(thing);
        if (Stuck.Contains(thing)) throw Catalogue.TargetUnusable.Throwable("It does not come off.", "Pull harder.");
        if (Lost.Contains(thing)) throw Catalogue.UndoLost.Throwable("It was exchanged.");
        World.Remove(thing);
        return Task.CompletedTask;
    }

    public void Dispose() => _folder.Dispose();
}
