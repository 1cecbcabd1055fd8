using Holdfast.Components.Postgres;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Running;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>A scratch cluster with the component that captures it into a folder and restores it from there.</summary>
internal sealed class Cluster(PostgresServer server, FolderDump? dump, PostgresSettings? settings = null)
{
    public PostgresServer Server => server;

    public PostgresSettings Settings { get; init; } = (settings ?? new PostgresSettings()) with { Host = server.Folder, Port = server.Port };

    public IHost Host { get; init; } = new LocalHost(Environment.GetEnvironmentVariable);

    public RecordedContext Context { get; init; } = new("20261122-210400-abcd");

    public ISecretReader Secrets { get; init; } = new FixedSecret("");

    public PostgresComponent Component() => new(Settings, Secrets, Host, TimeProvider.System) { DumpTarget = dump, DumpSource = dump };

    /// <summary>Runs the mark alone, as when another component fails next.</summary>
    public async Task<CaptureSession> MarkAsync()
    {
        var session = new CaptureSession { Manifest = NewManifest() };
        foreach (var step in (await Component().PlanCaptureAsync(session, TestContext.Current.CancellationToken)).Mark)
            await step.Act(Context, TestContext.Current.CancellationToken);
        return session;
    }

    public async Task<Manifest> CaptureAsync(Action<CaptureSession>? prepare = null)
    {
        await using var session = new CaptureSession { Manifest = NewManifest() };
        prepare?.Invoke(session);
        var plan = await Component().PlanCaptureAsync(session, TestContext.Current.CancellationToken);
        foreach (var step in plan.Mark.Concat(plan.After))
            await step.Act(Context, TestContext.Current.CancellationToken);
        return session.Manifest;
    }

    /// <param name="manifest">Of the capture.</param>
    /// <param name="overwrite">As --overwrite.</param>
    /// <param name="databases">Those to restore; all when empty.</param>
    public async Task RestoreAsync(Manifest manifest, bool overwrite = false, params string[] databases)
    {
        await RestoreAsync(new RestoreSession
        {
            Repository = null!,
            Point = new Snapshot { Time = default, Tree = default },
            Manifest = manifest,
            AsideSuffix = ".before",
            Overwrite = overwrite,
            Include = databases,
        });
    }

    public async Task RestoreAsync(RestoreSession session)
    {
        foreach (var step in await Component().PlanRestoreAsync(session, TestContext.Current.CancellationToken))
            await step.Act(Context, TestContext.Current.CancellationToken);
    }

    /// <summary>Pays back all that is owed, newest first, as a recovery does.</summary>
    public async Task UndoAsync()
    {
        var handlers = Component().UndoHandlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);
        foreach (var undo in Enumerable.Reverse(Context.Owed).ToList())
            await handlers[undo.Kind].UndoAsync(undo, TestContext.Current.CancellationToken);
    }

    /// <summary>pg_dump's own view of a database, with its properties, without what differs from run to run.</summary>
    public async Task<string> FaceAsync(string database)
    {
        var dumped = (await server.RunAsync("pg_dump", ["--create", "--restrict-key=test"], database)).Succeeded().Output;
        return string.Join('\n', dumped.Split('\n').Where(line => !line.StartsWith("\\connect", StringComparison.Ordinal)));
    }

    public Task<string> DatabasesAsync() => server.QueryAsync("postgres", "SELECT string_agg(datname, ',' ORDER BY datname COLLATE \"C\") FROM pg_database WHERE NOT datistemplate");

    private static Manifest NewManifest() =>
        new() { Platform = "test", RunId = "run", Mode = BackupMode.Online, HoldfastVersion = "0", Host = "test" };
}

/// <summary>A secret that a test knows.</summary>
internal sealed class FixedSecret(string value) : ISecretReader
{
    public Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation) => Task.FromResult(value);
}
