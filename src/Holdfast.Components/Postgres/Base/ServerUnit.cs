using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;

namespace Holdfast.Components.Postgres.Base;

/// <summary>The unit of systemd that runs a server, when the profile names one. A server that was stopped for a restore comes up again, whatever becomes of the restore.</summary>
internal sealed class ServerUnit(string cluster, IHost host) : IUndoHandler
{
    private const string Unit = "unit";

    public string Kind => $"postgres/{cluster}.start-service";

    /// <summary>Stops it. Where it ran, its start is owed.</summary>
    /// <returns>What is owed; null when it did not run.</returns>
    public async Task<Undo?> StopAsync(string unit, StepContext context, CancellationToken cancellation)
    {
        var (active, _) = await host.RunAsync(new ProgramCall("systemctl", ["is-active", "--quiet", "--", unit]), cancellation);
        if (active.ExitCode != 0) return null;
        var undo = new Undo(Kind, $"Starts {unit}.", new Dictionary<string, string>(StringComparer.Ordinal) { [Unit] = unit });
        await context.OweAsync(undo, cancellation);
        await AskAsync(["stop", "--", unit], cancellation);
        return undo;
    }

    /// <summary>Asks for its start; whether it comes up is seen from the server.</summary>
    public Task StartAsync(string unit, CancellationToken cancellation) => AskAsync(["start", "--no-block", "--", unit], cancellation);

    /// <summary>Stops and starts it, in one order to systemd: whatever becomes of us, it comes up again.</summary>
    public Task RestartAsync(string unit, CancellationToken cancellation) => AskAsync(["restart", "--", unit], cancellation);

    /// <summary>Starting what runs changes nothing.</summary>
    public Task UndoAsync(Undo undo, CancellationToken cancellation) => AskAsync(["start", "--", undo.Arguments[Unit]], cancellation);

    private Task<string> AskAsync(IReadOnlyList<string> words, CancellationToken cancellation) => host.CallAsync("systemctl", words, Catalogue.PostgresService, cancellation);
}
