using System.Text;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.Tests.Engine;

/// <summary>A component of a few texts, small enough to be seen through.</summary>
internal sealed class ThingsComponent(string name) : IComponent
{
    public string Name => $"things/{name}";
    public string Kind => "things";
    public string Content { get; set; } = $"content of {name}";

    /// <summary>Marks its record as incomplete.</summary>
    public bool LeavesOut { get; set; }

    /// <summary>Its restore step puts nothing back.</summary>
    public bool LeavesAlone { get; set; }

    /// <summary>What its capture step throws, after it has captured.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What its capture step leaves with the session.</summary>
    public IAsyncDisposable? Kept { get; set; }

    /// <summary>What its restore steps have brought back, by target.</summary>
    public List<string> Restored { get; } = [];

    /// <summary>Of each plan of a restore, whether it was to be looked at only.</summary>
    public List<bool> ForShow { get; } = [];

    /// <summary>Set, its capture has steps before, in and after the window, and this is told of each.</summary>
    public Action<string>? OnPhase { get; set; }

    /// <summary>What its step in the window does, once something is to be undone.</summary>
    public Func<CancellationToken, Task>? Marking { get; set; }

    /// <summary>Called when that is undone.</summary>
    public Action Undone { get; set; } = () => { };

    public IReadOnlyList<IUndoHandler> UndoHandlers => [new Handler(Mark.Kind, () => Undone())];

    private Undo Mark { get; } = new($"things/{name}.mark", "Undo the mark.", new Dictionary<string, string>(StringComparer.Ordinal));

    public Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Problem>>([]);

    /// <summary>It has a phase that needs the stores down.</summary>
    public bool NeedsStoresDown { get; set; }

    public Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation)
    {
        var capture = CaptureStep(session);
        return Task.FromResult(OnPhase is null ? new CapturePlan { Before = [capture] } : new CapturePlan
        {
            Before = [Phase("before")], Drain = [Phase("drain")], Down = NeedsStoresDown ? [Phase("down")] : [], After = [Phase("after")],
            Mark = [capture with { Name = $"mark {name}", Act = (context, stop) => MarkAsync(capture, context, stop) }],
        });
    }

    private async Task MarkAsync(Step capture, StepContext context, CancellationToken stop)
    {
        OnPhase!("mark");
        if (Marking is not null)
        {
            await context.OweAsync(Mark, stop);
            await Marking(stop);
        }
        await capture.Act(context, stop);
    }

    private Step Phase(string phase) => new() { Name = $"{phase} {name}", Does = $"Comes {phase}.", Act = (_, _) => { OnPhase!(phase); return Task.CompletedTask; } };

    private Step CaptureStep(CaptureSession session) =>
        new()
        {
            Name = $"Capture {name}", Does = $"Captures {name}.", Component = Name,
            Act = async (context, stop) =>
            {
                if (Kept is not null) session.Keep(Kept);
                await session.Writer.AddStreamAsync($"/things/{name}/content", new MemoryStream(Encoding.UTF8.GetBytes(Content)), cancellation: stop);
                var now = TimeProvider.System.GetUtcNow();
                session.Manifest.Components.Add(new ComponentRecord { Name = Name, Kind = Kind, Path = $"/things/{name}", Complete = !LeavesOut, From = now, To = now });
                if (LeavesOut) context.Warn(Catalogue.FilesMissing.With($"A part of {name} is not there."));
                if (Failure is not null) throw Failure;
            },
        };

    public Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation)
    {
        ForShow.Add(session.IsForShow);
        return Task.FromResult<IReadOnlyList<Step>>(
        [
            new Step
            {
                Name = $"Restore {name}", Does = $"Restores {name}.", Component = Name,
                Act = async (_, stop) =>
                {
                    if (LeavesAlone) session.CountLeftAlone();
                    var node = await session.Repository.FindNodeAsync(session.Point, $"/things/{name}/content", stop);
                    using var reader = new StreamReader(session.Repository.OpenFile(node!));
                    Restored.Add($"{session.Target}:{await reader.ReadToEndAsync(stop)}");
                },
            },
        ]);
    }

    private sealed class Handler(string kind, Action undone) : IUndoHandler
    {
        public string Kind => kind;

        public Task UndoAsync(Undo undo, CancellationToken cancellation)
        {
            undone();
            return Task.CompletedTask;
        }
    }
}
