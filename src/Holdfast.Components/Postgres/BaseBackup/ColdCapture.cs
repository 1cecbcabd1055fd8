using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// The step of the method "cold": copies all files of a stopped server, after verifying before and after the copy that
/// it is stopped.
/// </summary>
internal sealed class ColdCapture(PostgresConnector connector, ClusterFacts facts, CaptureSession session, TimeProvider clock)
{
    private readonly string _cluster = connector.Settings.Name;
    private readonly ClusterFiles _files = new(connector.Settings.Name, facts, session, clock);

    /// <summary>
    /// Plans the capture, and queries the server while it still runs: a stopped server cannot report where its files
    /// are.
    /// </summary>
    public static async Task<CapturePlan> PlanAsync(PostgresConnector connector, CaptureSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if (session.Mode != BackupMode.Cold)
            throw Catalogue.PostgresRunning.Throwable($"The method cold of {connector.Settings.Name} copies files of a server that is down, but a backup in mode {session.Mode.Name()} leaves it running.", "Back up with --mode cold, or use the method base.");
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var facts = await ClusterFacts.AskAsync(connector, connection, cancellation);
        facts.RefuseInnerTablespaces(connector.Settings.Name);
        return new ColdCapture(connector, facts, session, clock).Plan();
    }

    private CapturePlan Plan() => new()
    {
        Down =
        [
            new Step
            {
                Name = $"Copy the files of {_cluster} ({ByteSize.Describe(facts.Size)})",
                Does = $"Proves that the server is down, and copies {facts.DataDirectory} with {facts.Tablespaces.Count} tablespaces.",
                Component = $"postgres/{_cluster}",
                Act = CopyAsync,
            },
        ],
    };

    /// <summary>Verifies that the server is stopped, copies its files, and verifies it again.</summary>
    public async Task CopyAsync(StepContext context, CancellationToken cancellation)
    {
        _files.Check();
        var before = ProveStopped();
        var parent = await BaseParent.FindAsync(session, _cluster, facts.SystemIdentifier, context, cancellation);
        var started = clock.GetUtcNow();
        await _files.CopyAsync(parent, start: null, context, cancellation);
        if (ProveStopped() != before) throw Catalogue.PostgresRunning.Throwable($"The server of {_cluster} was started while its files were copied.");
        var record = ClusterRecord.Of("cold", facts, _files.Damaged) with { Timeline = before.Timeline, Started = started, Stopped = clock.GetUtcNow() };
        await ClusterRecord.AddAsync(session, _cluster, facts, record, _files.Counts, segments: 0, cancellation);
    }

    private ControlFile ProveStopped()
    {
        if (Postmaster.Find(facts.DataDirectory) is { } pid)
            throw Catalogue.PostgresRunning.Throwable($"The server of {_cluster} runs in {facts.DataDirectory} as process {pid}.", "Name its unit under 'services' in the profile as a store, so that a backup in mode cold stops it; or use the method base.");
        var control = ControlFileReader.Read(facts.DataDirectory);
        return control.State is ClusterState.ShutDown or ClusterState.ShutDownInRecovery
            ? control
            : throw Catalogue.PostgresUnclean.Throwable($"The server of {_cluster} is down, but was not shut down: its control file says {control.State}.");
    }
}
